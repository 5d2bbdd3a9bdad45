//! Models with several inputs and outputs, shared and frozen layers.

use letra_nn::prelude::*;

use super::data::{bytes, quadrants, settings};

/// Two pictures, one shared convolution with batch normalisation, which is thus used twice
/// in a step; the class of the first, and whether both are of one class.
pub(crate) fn model() -> Model {
    let mut model = Model::new();
    let (left, right) = (model.input([8, 8, 1]), model.input([8, 8, 1]));
    let first = model.layer(Conv2d::new(3, 3).same(), [left]);
    let second = model.again(first, [right]);
    let normal = model.layer(BatchNormalization::new().momentum(0.9), [first]);
    let other = model.again(normal, [second]);
    let [left, right] = [normal, other].map(|value| {
        let rectified = model.layer(Activation::relu(), [value]);
        let pooled = model.layer(MaxPool2d::new(2), [rectified]);
        model.layer(Flatten, [pooled])
    });
    let both = model.layer(Concatenate, [left, right]);
    let dropped = model.layer(Dropout::new(0.2), [both]);
    let class = model.layer(Dense::new(4), [left]);
    let hidden = model.layer(Dense::new(9).tanh(), [dropped]);
    let same = model.layer(Dense::new(1).sigmoid(), [hidden]);
    model.outputs([class, same])
}

pub(crate) fn compile(threads: usize) -> Compile {
    Compile::new(Adam::new(0.01))
        .loss(CrossEntropy::from_logits())
        .metric(Accuracy)
        .next_output()
        .loss(MeanSquaredError)
        .loss_weight(0.5)
        .seed(5)
        .threads(threads)
}

pub(crate) fn data(samples: usize) -> Dataset {
    let pictures = quadrants(samples);
    let order: Vec<usize> = (0..samples).map(|i| i * 3 % samples).collect();
    let Targets::Classes { labels, .. } = pictures.targets() else {
        panic!("quadrants are classes");
    };
    let same = order
        .iter()
        .zip(labels)
        .map(|(&other, label)| f32::from(labels[other] == *label));
    let same = Tensor::new([samples, 1], same.collect()).unwrap();
    let other = pictures.inputs().select(&order);
    pictures
        .and_input(other)
        .and_then(|data| data.and_targets(Targets::Values(same)))
        .unwrap()
}

fn bits(tensors: &[Tensor]) -> Vec<u32> {
    let values = tensors.iter().flat_map(|tensor| tensor.data());
    values.map(|value| value.to_bits()).collect()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let train = data(61);
    for batch in [1, 17, 61] {
        let trained = |threads| {
            let mut network = model().compile(compile(threads)).unwrap();
            let history = network
                .fit(&train, Fit::epochs(2).batch_size(batch))
                .unwrap();
            let predicted = bits(&network.predict_all(&train).unwrap());
            (
                bytes(&network),
                history,
                network.evaluate(&train).unwrap(),
                predicted,
            )
        };
        let one = trained(1);
        for threads in [2, 3] {
            assert!(one == trained(threads), "batch {batch}, {threads} threads");
        }
    }
}

#[test]
fn it_learns_and_reports_each_output() {
    let train = data(80);
    let mut network = model().compile(compile(2)).unwrap();
    network.fit(&train, Fit::epochs(40).batch_size(16)).unwrap();
    let scores = network.evaluate(&train).unwrap();
    let names: Vec<&str> = scores
        .metrics
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["dense_loss", "dense_accuracy", "dense_2_loss"]);
    assert!(scores.metric("dense_accuracy") > Some(0.95), "{scores:?}");
    let sum = scores.metric("dense_loss").unwrap() + 0.5 * scores.metric("dense_2_loss").unwrap();
    assert!((scores.loss - sum).abs() < 1e-9);
}

#[test]
fn a_saved_model_comes_back() {
    let train = data(40);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    let mut network = model().compile(compile(2)).unwrap();
    network.freeze("dense_1").unwrap();
    network.fit(&train, Fit::epochs(1)).unwrap();
    network.save(&path).unwrap();
    let mut loaded = Trainer::load_with(&path, &Registry::new(), Workers::new(1).unwrap()).unwrap();
    assert!(bytes(&loaded) == bytes(&network));
    assert_eq!(loaded.summary(), network.summary());
    assert!(loaded.is_frozen("dense_1"));
    assert_eq!(
        bits(&loaded.predict_all(&train).unwrap()),
        bits(&network.predict_all(&train).unwrap())
    );
    let scores = |network: &mut Trainer| network.train_on_batch(&train).unwrap();
    assert_eq!(scores(&mut loaded), scores(&mut network));
}

#[test]
fn a_stopped_training_resumes_to_the_same_bits() {
    let train = data(50);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let network = || model().compile(compile(2)).unwrap();
    let mut whole = network();
    let history = whole.fit(&train, Fit::epochs(4).batch_size(20)).unwrap();
    let mut keeper = Checkpoint::new(&checkpoint);
    network()
        .fit(&train, Fit::epochs(2).batch_size(20).callback(&mut keeper))
        .unwrap();
    let mut resumed = network();
    let again = resumed
        .fit(&train, Fit::epochs(4).batch_size(20).resume(&checkpoint))
        .unwrap();
    assert_eq!(history, again);
    assert!(bytes(&whole) == bytes(&resumed));
}

#[test]
fn predictions_do_not_depend_on_how_many_are_asked_for() {
    let (network, train) = (model().compile(compile(2)).unwrap(), data(300));
    let all = network.predict_all(&train).unwrap();
    assert_eq!([all[0].shape(), all[1].shape()], [[300, 4], [300, 1]]);
    for sample in [0, 17, 299] {
        let alone = network.predict_all(&train.select(&[sample])).unwrap();
        for (alone, all) in alone.iter().zip(&all) {
            assert_eq!(alone.data(), all.sample(sample));
        }
    }
    let outputs = network.layer_outputs(&train).unwrap();
    let last = outputs
        .iter()
        .find(|output| output.layer == "dense_2")
        .unwrap();
    assert!(
        last.output
            .data()
            .iter()
            .zip(all[1].data())
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
}

/// `Sequential` is the simplest shape of the same graph.
#[test]
fn a_chain_has_the_bits_of_sequential() {
    let train = quadrants(50);
    let mut chain = Model::new();
    let mut value = chain.input([8, 8, 1]);
    value = chain.layer(Conv2d::new(3, 3).same().relu(), [value]);
    value = chain.layer(MaxPool2d::new(2), [value]);
    value = chain.layer(Dropout::new(0.25), [value]);
    value = chain.layer(Flatten, [value]);
    value = chain.layer(Dense::new(16).sigmoid(), [value]);
    value = chain.layer(Dense::new(4), [value]);
    let mut chain = chain.outputs([value]).compile(settings(2)).unwrap();
    let mut sequential = super::data::network(2);
    for network in [&mut chain, &mut sequential] {
        network.fit(&train, Fit::epochs(2)).unwrap();
    }
    assert!(bytes(&chain) == bytes(&sequential));
}

#[test]
fn the_summary_says_what_each_layer_reads() {
    let mut network = model().compile(compile(1)).unwrap();
    network.freeze("conv2d").unwrap();
    let summary = network.summary();
    let layer = |name: &str| {
        summary
            .layers
            .iter()
            .find(|layer| layer.name == name)
            .unwrap()
    };
    assert_eq!(layer("conv2d").reads, ["input_1"]);
    assert_eq!(layer("conv2d (2)").reads, ["input_2"]);
    assert_eq!(layer("conv2d (2)").parameters, 0);
    assert_eq!(layer("concatenate").reads, ["flatten", "flatten_1"]);
    assert_eq!(summary.non_trainable(), 3 * 9 + 3 + 6);
    let text = summary.to_string();
    for part in [
        "conv2d (2) (conv2d, frozen)",
        "flatten, flatten_1",
        "36 not",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

fn values(network: &Trainer, name: &str) -> Vec<f32> {
    network.parameter(name).unwrap().into_data()
}

#[test]
fn a_frozen_layer_stays_and_the_others_go_on() {
    let train = data(40);
    let mut network = model().compile(compile(2)).unwrap();
    let fit = || Fit::epochs(2).batch_size(10);
    network.freeze("conv2d").unwrap();
    network.freeze("batch_normalization").unwrap();
    let frozen = [
        "conv2d/kernel",
        "conv2d/bias",
        "batch_normalization/gamma",
        "batch_normalization/moving_mean",
    ];
    let before: Vec<_> = frozen.iter().map(|name| values(&network, name)).collect();
    let dense = values(&network, "dense/kernel");
    network.fit(&train, fit()).unwrap();
    let after: Vec<_> = frozen.iter().map(|name| values(&network, name)).collect();
    assert_eq!(before, after);
    assert_ne!(dense, values(&network, "dense/kernel"));
    let seen = network.back_propagate(&train).unwrap();
    assert!(
        seen.gradients
            .iter()
            .all(|(name, _)| name.starts_with("dense"))
    );
    network.unfreeze("conv2d").unwrap();
    network.fit(&train, fit()).unwrap();
    assert_ne!(before[0], values(&network, "conv2d/kernel"));
    assert_eq!(
        before[3],
        values(&network, "batch_normalization/moving_mean")
    );
}

/// A frozen layer in the middle lets the gradient through; whatever is frozen, the others
/// get the gradients that they would have had.
#[test]
fn what_is_frozen_does_not_change_the_gradients_of_the_rest() {
    let train = quadrants(30);
    let network = || {
        Sequential::new([8, 8, 1])
            .add(Conv2d::new(3, 3).relu())
            .add(Conv2d::new(9, 3).same().relu())
            .add(SeparableConv2d::new(4, 3).relu())
            .add(Conv2dTranspose::new(3, 2).relu())
            .add(Flatten)
            .add(Dense::new(200).tanh())
            .add(LayerNormalization::new())
            .add(Dense::new(4))
            .compile(Compile::new(Sgd::new(0.5)).seed(2).threads(2))
            .unwrap()
    };
    let mut free = network();
    free.train_on_batch(&train).unwrap();
    for frozen in [
        "conv2d",
        "conv2d_1",
        "separable_conv2d",
        "conv2d_transpose",
        "dense",
        "layer_normalization",
        "dense_1",
    ] {
        let mut part = network();
        part.freeze(frozen).unwrap();
        part.train_on_batch(&train).unwrap();
        let start = network();
        for ((free, part), start) in free
            .parameters()
            .zip(part.parameters())
            .zip(start.parameters())
        {
            let wanted = match part.trainable {
                true => free.values,
                false => start.values,
            };
            assert_eq!(
                part.trainable,
                !part.name.starts_with(&format!("{frozen}/"))
            );
            assert_eq!(
                part.values, wanted,
                "{} while {frozen} is frozen",
                part.name
            );
        }
    }
}

#[test]
fn a_frozen_batch_normalisation_goes_by_its_moving_averages() {
    let train = quadrants(30);
    let mut network = Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(5))
        .add(BatchNormalization::new().momentum(0.5))
        .add(Dense::new(4))
        .compile(Compile::new(Sgd::new(0.1)).seed(2).threads(2))
        .unwrap();
    network.fit(&train, Fit::epochs(2).batch_size(10)).unwrap();
    network.freeze("batch_normalization").unwrap();
    let evaluated = network.evaluate(&train).unwrap().loss;
    let trained = network.train_on_batch(&train).unwrap().loss;
    assert!((evaluated - trained).abs() < 1e-6);
}

#[test]
fn parameters_are_taken_over_by_name_and_shape() {
    let layers = |last: usize, seed: u64| {
        Sequential::new([6])
            .add(Dense::new(5).relu())
            .add(Dense::new(last))
            .compile(Compile::new(Sgd::new(0.1)).seed(seed))
            .unwrap()
    };
    let (other, network) = (layers(3, 1), layers(4, 2));
    let kept = values(&network, "dense_1/kernel");
    let taken = network.take_parameters(&other).unwrap();
    assert_eq!(taken, ["dense/kernel", "dense/bias"]);
    assert_eq!(
        values(&network, "dense/kernel"),
        values(&other, "dense/kernel")
    );
    assert_eq!(values(&network, "dense_1/kernel"), kept);
}
