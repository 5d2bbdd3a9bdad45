// Two networks on one set of weights, and parts of a network: nothing is copied.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let values: Vec<f32> = (0..400 * 8)
        .map(|i| (0.7 * (i / 8) as f32 + 0.5 * (i % 8) as f32).sin())
        .collect();
    let waves = Dataset::values(
        Tensor::new([400, 8], values.clone())?,
        Tensor::new([400, 8], values)?,
    )?;
    let mut autoencoder = Sequential::new([8])
        .add(Dense::new(2))
        .add(Dense::new(8))
        .compile(Compile::new(Adam::new(0.02)).loss(MeanSquaredError).seed(1))?;

    // The parts are networks by themselves, and answer with what the whole has learnt.
    let encoder = autoencoder.subnetwork(&["input"], &["dense"])?;
    let decoder = autoencoder.subnetwork(&["dense"], &["dense_1"])?;
    // So does another network with layers of the same names: here with a noisy input.
    let noisy = Sequential::new([8])
        .add(GaussianNoise::new(0.1))
        .add(Dense::new(2))
        .add(Dense::new(8))
        .build_on(&autoencoder)?;
    let mut denoiser = noisy.compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError))?;

    let before = encoder.weights().revision();
    autoencoder.fit(&waves, Fit::epochs(30))?;
    println!(
        "after the first:  {:.4}",
        autoencoder.evaluate(&waves)?.loss
    );
    denoiser.fit(&waves, Fit::epochs(10))?;
    println!(
        "after the second: {:.4}",
        autoencoder.evaluate(&waves)?.loss
    );

    let codes = encoder.predict(waves.inputs())?;
    assert_eq!(codes.shape(), [400, 2]);
    assert_eq!(
        decoder.predict(&codes)?,
        autoencoder.predict(waves.inputs())?
    );
    assert!(encoder.weights().is_same(&denoiser.weights()));
    assert!(encoder.weights().revision() > before);
    assert!(autoencoder.evaluate(&waves)?.loss < 0.05);
    Ok(())
}
