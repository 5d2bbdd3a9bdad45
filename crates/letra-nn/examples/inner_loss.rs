// A loss on what a layer in the middle gives: the code of an autoencoder is to tell classes apart,
// too. The network itself goes on to give one output.

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    // Three kinds of waves of 16 values.
    let wave = |sample: usize, place: usize| {
        let frequency = [1.0, 2.0, 3.0][sample % 3];
        (0.4 * frequency * place as f32 + sample as f32).sin()
    };
    let waves = (0..300 * 16).map(|i| wave(i / 16, i % 16)).collect();
    let waves = Tensor::new([300, 16], waves)?;
    let kinds = (0..300).map(|sample| sample % 3).collect();

    let network = |weight: f32| {
        Sequential::new([16])
            .add(Dense::new(48).tanh())
            .add(Dense::new(3))
            .add(Dense::new(16).tanh())
            .add(Dense::new(16))
            .compile(
                Compile::new(Adam::new(0.01))
                    .loss(MeanSquaredError)
                    .layer("dense_1")
                    .loss(CrossEntropy::from_logits())
                    .loss_weight(weight)
                    .metric(Accuracy)
                    .seed(2),
            )
    };
    // Targets of the output first, then those of the layer.
    let data = Dataset::values(waves.clone(), waves)?.and_targets(Targets::Classes {
        labels: kinds,
        count: 3,
    })?;
    for weight in [0.0, 0.5] {
        let mut network = network(weight)?;
        network.fit(&data, Fit::epochs(150))?;
        let scores = network.evaluate(&data)?;
        let named = |name: &str| scores.metric(name).unwrap_or(f64::NAN);
        println!(
            "weight {weight}: waves {:.3}, kinds {:.0} %",
            named("dense_3_loss"),
            100.0 * named("dense_1_accuracy")
        );
        assert_eq!(named("dense_1_accuracy") > 0.9, weight > 0.0);
        assert_eq!(network.predict(data.inputs())?.shape(), [300, 16]);
    }
    Ok(())
}
