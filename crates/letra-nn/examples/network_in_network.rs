// An encoder that has learnt without labels stands in a classifier as a layer does.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let mut state = 6u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    // Twelve measures that three numbers are behind, with some noise; the first two decide the class.
    let (mut measures, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let [a, b, c]: [f32; 3] = std::array::from_fn(|_| fraction() - 0.5);
        for place in 0..12 {
            let mixed = [a + b, b - c, c + a, a - b][place % 4];
            measures.push(mixed + 0.2 * (fraction() - 0.5));
        }
        labels.push(u32::from(a > b));
    }
    let measures = Tensor::new([2000, 12], measures)?;

    let mut autoencoder = Sequential::new([12])
        .add(Dense::new(3).named("code"))
        .add(Dense::new(12))
        .compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(1))?;
    let same = Dataset::values(measures.clone(), measures.clone())?;
    autoencoder.fit(&same, Fit::epochs(20))?;
    let encoder = autoencoder.subnetwork(&["input"], &["code"])?;

    let compile = Compile::new(Adam::new(0.01)).loss(BinaryCrossEntropy::from_logits());
    let mut classifier = Sequential::new([12])
        .add(encoder.named("encoder"))
        .add(Dense::new(1))
        .compile(compile.metric(Accuracy).seed(1))?;
    classifier.freeze("encoder")?;
    let data = Dataset::classes(measures, labels, 2)?;
    // A few labels are enough.
    let rows = Vec::from_iter(0..2000);
    classifier.fit(&data.select(&rows[..100]), Fit::epochs(500))?;
    for (name, value) in classifier.evaluate(&data.select(&rows[1000..]))?.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
