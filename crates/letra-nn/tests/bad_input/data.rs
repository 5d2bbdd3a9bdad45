//! Data that does not belong together or to the network.

use letra_nn::prelude::*;

use super::assert_refused;

pub(crate) fn network() -> Trainer {
    Sequential::new([2, 2, 1])
        .add(Flatten)
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(0.1)).metric(Accuracy).threads(1))
        .unwrap()
}

pub(crate) fn pictures(samples: usize) -> Tensor {
    Tensor::zeros([samples, 2, 2, 1])
}

/// Everything that takes a data set refuses it with these words.
pub(crate) fn assert_all_refuse(what: &str, data: &Dataset, parts: &[&str]) {
    let mut network = network();
    assert_refused(what, network.fit(data, Fit::epochs(1)), parts);
    assert_refused(what, network.train_on_batch(data), parts);
    assert_refused(what, network.evaluate(data), parts);
    assert_refused(what, network.back_propagate(data), parts);
    let good = Dataset::classes(pictures(4), vec![0, 1, 2, 0], 3).unwrap();
    let fit = Fit::epochs(1).validation_data(data);
    assert_refused(what, network.fit(&good, fit), parts);
    assert_eq!(network.steps(), 0);
}

#[test]
fn labels() {
    let parts = ["label 3 of sample 1", "0 to 2"];
    let result = Dataset::classes(pictures(2), vec![0, 3], 3);
    assert_refused("a label out of range", result, &parts);
    let result = Dataset::classes(pictures(2), vec![0], 3);
    assert_refused("too few labels", result, &["2 samples", "1 labels"]);
    assert_refused("one-hot", one_hot(&[0, 3], 3), &parts);
    assert_refused("no classes", one_hot(&[0], 0), &["label 0"]);
    let data = Dataset::classes(pictures(2), vec![0, 4], 5).unwrap();
    assert_all_refuse(
        "another number of classes",
        &data,
        &["3 outputs", "5 classes", "Dense::new(5)"],
    );
}

#[test]
fn labels_and_values_in_the_place_of_others() {
    let data = Dataset::classes(pictures(2), vec![0, 1], 3).unwrap();
    let labels = |labels: Vec<u32>| {
        data.clone()
            .with_targets(Targets::Classes { labels, count: 3 })
    };
    assert_refused("out of range", labels(vec![0, 7]), &["label 7 of sample 1"]);
    assert_refused("too few", labels(vec![0]), &["2 samples", "1 labels"]);
    let rows = Targets::Values(Tensor::zeros([1, 3]));
    let rows = data.clone().with_targets(rows);
    assert_refused("too few rows", rows, &["2 samples", "1 rows"]);
    let result = data.with_inputs(pictures(3));
    assert_refused("too many inputs", result, &["3 samples", "2 labels"]);
}

#[test]
fn target_values() {
    let result = Dataset::values(pictures(2), Tensor::zeros([3, 3]));
    assert_refused("too many rows", result, &["2 samples", "3 rows"]);
    let data = Dataset::values(pictures(2), Tensor::zeros([2, 4])).unwrap();
    assert_all_refuse("rows of another length", &data, &["3 values", "4"]);
    let squared = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError);
    let network = Sequential::new([2, 2, 1])
        .add(Flatten)
        .compile(squared)
        .unwrap();
    let classes = Dataset::classes(pictures(2), vec![0, 1], 4).unwrap();
    let parts = ["classes", "one_hot(labels, 4)"];
    assert_refused("classes", network.evaluate(&classes), &parts);
}

#[test]
fn shapes() {
    let data = |shape: &[usize]| {
        let inputs = Tensor::zeros(shape);
        let labels = vec![0; inputs.samples()];
        Dataset::classes(inputs, labels, 3).unwrap()
    };
    for shape in [
        &[2, 4][..],
        &[2, 2, 2],
        &[2, 2, 1, 2],
        &[2],
        &[2, 2, 2, 1, 1],
    ] {
        let given = format!("{shape:?}");
        let parts = ["[samples, 2, 2, 1]", &given];
        assert_all_refuse("a shape", &data(shape), &parts);
        assert_refused("predict", network().predict(&Tensor::zeros(shape)), &parts);
        let outputs = network().layer_outputs(&Tensor::zeros(shape));
        assert_refused("layer_outputs", outputs, &parts);
    }
    let without_axes = Dataset::classes(Tensor::zeros([]), vec![0], 3);
    assert_refused("no axes", without_axes, &["no axes"]);
    let result = network().predict(&Tensor::zeros([]));
    assert_refused("no axes", result, &["[samples, 2, 2, 1]"]);
}

#[test]
fn nothing_at_all() {
    let data = Dataset::classes(pictures(0), vec![], 3).unwrap();
    assert_all_refuse("no samples", &data, &["empty", "at least one sample"]);
}

#[test]
fn tensors() {
    let result = Tensor::new([2, 3], vec![0.0; 5]);
    assert_refused("too few values", result, &["[2, 3]", "5 values"]);
    let result = Tensor::new([usize::MAX, usize::MAX], vec![]);
    assert_refused("a shape that overflows", result, &["0 values"]);
    let result = ConfusionMatrix::new(&[0, 5], &[0, 1], 5);
    assert_refused("a class out of range", result, &["class 5", "5 classes"]);
}
