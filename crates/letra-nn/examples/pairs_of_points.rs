// A model with two inputs, two outputs and a shared layer; `docs/models.md` explains it.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    // 400 pairs of points: the quadrant of the first, and the distance between the two.
    let points = |factor: f64| -> Vec<f32> {
        let fractions = (0..800).map(|i| (f64::from(i * i) * factor).fract());
        fractions.map(|x| 2.0 * x as f32 - 1.0).collect()
    };
    let (left, right) = (points(0.618_034), points(0.414_214));
    let quadrant = |point: &[f32]| u32::from(point[0] > 0.0) + 2 * u32::from(point[1] > 0.0);
    let quadrants = left.chunks(2).map(quadrant).collect();
    let distance = |(a, b): (&[f32], &[f32])| (a[0] - b[0]).hypot(a[1] - b[1]);
    let distances = left.chunks(2).zip(right.chunks(2)).map(distance).collect();
    let data = Dataset::classes(Tensor::new([400, 2], left)?, quadrants, 4)?
        .and_input(Tensor::new([400, 2], right)?)?
        .and_targets(Targets::Values(Tensor::new([400, 1], distances)?))?;

    let mut model = Model::new();
    let (left, right) = (model.input([2]), model.input([2]));
    let first = model.layer(Dense::new(16).relu(), [left]);
    let second = model.again(first, [right]);
    let both = model.layer(Concatenate, [first, second]);
    let quadrant = model.layer(Dense::new(4), [first]);
    let hidden = model.layer(Dense::new(32).relu(), [both]);
    let distance = model.layer(Dense::new(1), [hidden]);
    let mut network = model.outputs([quadrant, distance]).compile(
        Compile::new(Adam::new(0.01))
            .loss(CrossEntropy::from_logits())
            .metric(Accuracy)
            .next_output()
            .loss(MeanSquaredError)
            .loss_weight(2.0),
    )?;
    println!("{}", network.summary());

    network.fit(&data, Fit::epochs(40))?;
    for (name, value) in network.evaluate(&data)?.metrics {
        println!("{name} {value:.1}");
    }

    // Fine-tuning: the encoder stays, the rest is trained further.
    network.freeze("dense")?;
    network.fit(&data, Fit::epochs(1))?;
    let predicted = network.predict_all(&data.select(&[0, 1]))?;
    println!("{:?} and {:?}", predicted[0].shape(), predicted[1].shape());
    Ok(())
}
