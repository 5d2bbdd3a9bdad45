// How strong is concrete? Measures of very different sizes are brought to one by a layer that is
// adapted to them; R² says how much of the strengths' variance is explained.

use letra_nn::metrics::R2Score;
use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let mut state = 10u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    // Kilograms of cement and of water in a cubic metre, and days: strength grows with the
    // logarithm of the age and falls with the share of water (Abrams 1918).
    let (mut measures, mut strengths) = (Vec::new(), Vec::new());
    for _ in 0..1200 {
        let (cement, water) = (200.0 + 300.0 * fraction(), 140.0 + 80.0 * fraction());
        let age = 1.0 + (99.0 * fraction()).floor();
        let noise = 4.0 * (fraction() + fraction() - 1.0);
        measures.extend([cement, water, age]);
        strengths.push(25.0 * (cement / water) * (0.3 + 0.15 * age.ln()) - 5.0 + noise);
    }
    let measures = Tensor::new([1200, 3], measures)?;
    let normalization = Normalization::adapt(&measures)?;
    let data = Dataset::values(measures, Tensor::new([1200, 1], strengths)?)?;
    let (train, test) = data.split(0.25)?;

    let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredError);
    let mut network = Sequential::new([3])
        .add(normalization)
        .add(Dense::new(32).relu())
        .add(Dense::new(16).relu())
        .add(Dense::new(1))
        .compile(compile.metric(R2Score).metric(MeanAbsoluteError).seed(1))?;
    network.fit(&train, Fit::epochs(200))?;
    for (name, value) in network.evaluate(&test)?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
