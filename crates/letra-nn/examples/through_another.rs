// A step of training by hand: network `first` learns through network `second`, which stays as it
// is. `second` was trained to tell quadrants from points; `first` learns to turn labels into
// points that it takes for them, as a generator does.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    // What a quadrant is, learnt from points.
    let coordinates: Vec<f32> = (0..800)
        .map(|i| ((i * 37) % 200) as f32 / 100.0 - 0.995)
        .collect();
    let quadrant = |p: &[f32]| u32::from(p[0] > 0.0) + 2 * u32::from(p[1] > 0.0);
    let labels: Vec<u32> = coordinates.chunks(2).map(quadrant).collect();
    let points = Dataset::classes(Tensor::new([400, 2], coordinates)?, labels, 4)?;
    let mut second = Sequential::new([2])
        .add(Dense::new(16).tanh())
        .add(Dense::new(4))
        .compile(Compile::new(Adam::new(0.02)).metric(Accuracy).seed(1))?;
    second.fit(&points, Fit::epochs(60))?;

    // From a label, one-hot, to a point. Its own loss is never asked.
    let mut first = Sequential::new([4])
        .add(Dense::new(8).tanh())
        .add(Dense::new(2))
        .compile(Compile::new(Adam::new(0.05)).loss(MeanSquaredError).seed(2))?;
    let wanted: Vec<u32> = (0..64).map(|i| i % 4).collect();
    let input = one_hot(&wanted, 4)?;
    for step in 0..60 {
        let drawn = first.predict(&input)?;
        let judged = Dataset::classes(drawn, wanted.clone(), 4)?;
        // How the loss of `second` depends on its own inputs; its parameters stay.
        let (seen, by_point) = second.gradients_to_inputs(&judged)?;
        let (gradients, _) = first.backward(&input, &by_point)?;
        first.apply(&gradients)?;
        if step % 20 == 0 || step == 59 {
            println!("step {step:2}: loss {:.3}", seen.loss());
        }
    }
    let drawn = Dataset::classes(first.predict(&input)?, wanted, 4)?;
    let accuracy = second.evaluate(&drawn)?.metric("accuracy");
    println!(
        "points in the quadrant asked for: {:.0} %",
        100.0 * accuracy.unwrap_or(0.0)
    );
    assert_eq!(accuracy, Some(1.0));
    Ok(())
}
