//! Layers over the steps of sequences.

use letra_nn::BuildError;
use letra_nn::layers::{Emit, Layer, MaskUse, Value};
use letra_nn::prelude::*;

use super::sequences::{assert_alike, copy_parameters, number};

/// A layer of one's own that gives twice its input.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Twice;

impl Layer for Twice {
    fn kind(&self) -> &'static str {
        "twice"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, _) = emit.single_input(inputs)?;
        Ok(vec![emit.op(letra_nn::ops::Add, &[input, input], &[])?])
    }
}

/// A layer over steps is the layer over samples, for all steps of all samples; training, too, with
/// sums over the batch.
#[test]
fn a_layer_over_steps_is_one_over_samples() {
    let (samples, steps) = (5, 4);
    let values: Vec<f32> = (0..samples * steps * 12).map(number).collect();
    let compile = || {
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .seed(1)
            .threads(2)
    };
    let over_steps = Sequential::new([steps, 3, 4, 1])
        .add(TimeDistributed::new(Conv2d::new(3, 2).relu()).named("conv"))
        .add(TimeDistributed::new(BatchNormalization::new()).named("norm"))
        .add(TimeDistributed::new(MaxPool2d::new(2)))
        .add(TimeDistributed::new(TimeDistributed::new(Flatten)))
        .add(TimeDistributed::new(Flatten))
        .add(TimeDistributed::new(Dropout::new(0.5)).named("drop"))
        .add(
            TimeDistributed::new(Dense::new(2).activity_regularizer(Regularizer::l2(0.25)))
                .named("dense"),
        )
        .compile(compile())
        .unwrap();
    let of_samples = Sequential::new([3, 4, 1])
        .add(Conv2d::new(3, 2).relu().named("conv"))
        .add(BatchNormalization::new().named("norm"))
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Flatten)
        .add(Flatten)
        .add(
            Dense::new(2)
                .activity_regularizer(Regularizer::l2(0.25 / steps as f32))
                .named("dense"),
        )
        .compile(compile())
        .unwrap();
    copy_parameters(&over_steps, &of_samples);
    let inputs = Tensor::new([samples, steps, 3, 4, 1], values).unwrap();
    let flat = inputs.clone().reshape([samples * steps, 3, 4, 1]).unwrap();
    let one = over_steps.predict(&inputs).unwrap();
    let other = of_samples.predict(&flat).unwrap();
    assert_eq!(one.data(), other.data());
    assert_eq!(one.shape(), [samples, steps, 2]);

    // In training, with dropout left out of both.
    let layers = |drop: bool| {
        let network = Sequential::new([steps, 3])
            .add(TimeDistributed::new(BatchNormalization::new()).named("norm"));
        match drop {
            true => network.add(TimeDistributed::new(Dropout::new(0.5)).named("drop")),
            false => network,
        }
        .add(
            TimeDistributed::new(Dense::new(2).activity_regularizer(Regularizer::l2(0.25)))
                .named("dense"),
        )
    };
    let mut over_steps = layers(false).compile(compile()).unwrap();
    let mut of_samples = Sequential::new([3])
        .add(BatchNormalization::new().named("norm"))
        .add(
            Dense::new(2)
                .activity_regularizer(Regularizer::l2(0.25 * steps as f32))
                .named("dense"),
        )
        .compile(compile())
        .unwrap();
    copy_parameters(&over_steps, &of_samples);
    let inputs = Tensor::new(
        [samples, steps, 3],
        (0..samples * steps * 3).map(number).collect(),
    );
    let inputs = inputs.unwrap();
    let flat = inputs.clone().reshape([samples * steps, 3]).unwrap();
    let targets = |shape: &[usize]| Tensor::new(shape, (0..40).map(number).collect()).unwrap();
    let by_step = Dataset::values(inputs, targets(&[samples, steps, 2])).unwrap();
    let by_sample = Dataset::values(flat, targets(&[samples * steps, 2])).unwrap();
    for _ in 0..3 {
        let one = over_steps.train_on_batch(&by_step).unwrap().loss;
        let other = of_samples.train_on_batch(&by_sample).unwrap().loss;
        assert!((one - other).abs() < 1e-5, "{one} {other}");
    }
    for known in of_samples.parameters() {
        let found = over_steps.parameter(&known.name).unwrap();
        assert_alike(&known.name, found.data(), &known.values);
    }
    // Every step drops values of its own.
    let mut dropping = layers(true).compile(compile()).unwrap();
    dropping
        .fit(&by_step, Fit::epochs(2).batch_size(2))
        .unwrap();
}

/// Layers that stand in others, one's own among them, are in the file.
#[test]
fn layers_over_steps_are_saved() {
    let network = Sequential::new([4, 2, 3])
        .add(TimeDistributed::new(TimeDistributed::new(
            Dense::new(5).tanh(),
        )))
        .add(TimeDistributed::new(Twice))
        .add(TimeDistributed::new(Flatten))
        .build(4)
        .unwrap();
    let inputs = Tensor::new([2, 4, 2, 3], (0..48).map(number).collect()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("steps.letra");
    network.save(&file).unwrap();
    let registry = Registry::new().layer::<Twice>("twice").unwrap();
    let loaded = Network::load_with(&file, &registry, Workers::new(1).unwrap()).unwrap();
    assert!(loaded.has_architecture_of(&network));
    assert_eq!(
        loaded.predict(&inputs).unwrap(),
        network.predict(&inputs).unwrap()
    );
    let error = Network::load(&file).err().unwrap().to_string();
    assert!(error.contains("twice"), "{error}");
    let lambda = TimeDistributed::new(Lambda::of_values(|x| x, |_| 1.0));
    let network = Sequential::new([4, 2]).add(lambda).build(0).unwrap();
    assert!(network.to_bytes().is_err());
}
