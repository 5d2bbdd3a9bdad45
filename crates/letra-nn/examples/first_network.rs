// A first network, from a data set to a saved model; `docs/first-network.md` explains it.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    // 500 points of a square, and whether each lies inside a circle.
    let points: Vec<f32> = (0..1000)
        .map(|i| (f64::from(i * i) * 0.618_034).fract() as f32 * 2.0 - 1.0)
        .collect();
    let inside = |point: &[f32]| u32::from(point[0].powi(2) + point[1].powi(2) < 0.5);
    let labels = points.chunks(2).map(inside).collect();
    let data = Dataset::classes(Tensor::new([500, 2], points)?, labels, 2)?;
    let rows: Vec<usize> = (0..500).collect();
    let (train, test) = (data.select(&rows[..400]), data.select(&rows[400..]));

    let mut network = Sequential::new([2])
        .add(Dense::new(16).relu())
        .add(Dense::new(2))
        .compile(Compile::new(Adam::new(0.02)).metric(Accuracy))?;
    println!("{}", network.summary());

    let history = network.fit(&train, Fit::epochs(60).validation_data(&test))?;
    for number in [20, 40, 60] {
        let epoch = &history.epochs()[number - 1];
        println!("epoch {number}: loss {:.2}", epoch.loss());
    }
    let accuracy = network.evaluate(&test)?.metric("accuracy").unwrap_or(0.0);
    println!("right about {:.0} % of the test points", 100.0 * accuracy);

    network.save("circle.letra")?;
    let loaded = Network::load("circle.letra")?;
    let asked = Tensor::new([2, 2], vec![0.1, -0.2, 0.9, 0.8])?;
    println!("inside? {:?}", loaded.predict_classes(&asked)?);
    Ok(())
}
