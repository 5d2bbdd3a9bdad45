// Several labels a sample, each with an answer of its own: what holds of a point of twelve numbers?

use letra_nn::prelude::*;

/// Points, and which of four things hold of each.
fn points(samples: usize) -> Result<Dataset, Error> {
    let mut state = 2u64;
    let mut fraction = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (mut inputs, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let point: Vec<f32> = (0..12).map(|_| fraction()).collect();
        for own in point.chunks(3) {
            // Nobody can know this quite: there is chance in it.
            let sum = own[0] + own[1] - own[2] + 0.4 * fraction();
            labels.push(f32::from(sum > 1.0));
        }
        inputs.extend(point);
    }
    Dataset::values(
        Tensor::new([samples, 12], inputs)?,
        Tensor::new([samples, 4], labels)?,
    )
}

fn main() -> Result<(), Error> {
    let data = points(1500)?;
    let rows: Vec<usize> = (0..1500).collect();
    let (train, test) = (data.select(&rows[..1000]), data.select(&rows[1000..]));

    // guide: begin
    let mut network = Sequential::new([12]).add(Dense::new(4)).compile(
        Compile::new(Adam::new(0.03))
            .loss(BinaryCrossEntropy::from_logits())
            .metric(Accuracy)
            .metric(F1Score::new().average(Averaging::Macro))
            .metric(F1Score::new().average(Averaging::Class(2)))
            .seed(1),
    )?;
    network.fit(&train, Fit::epochs(80))?;
    let scores = network.evaluate(&test)?;
    // guide: end
    for (name, value) in scores.metrics {
        println!("{name} {value:.3}");
    }
    Ok(())
}
