//! Targets, losses and metrics of tasks that do not go together: each is told what does, and that
//! works.

use letra_nn::losses::{Loss, MeanSquaredError};
use letra_nn::metrics::Metric;
use letra_nn::prelude::*;

use super::assert_refused;

fn network(units: usize, loss: impl Loss + 'static) -> Trainer {
    let compile = Compile::new(Sgd::new(0.1)).loss(loss).threads(1);
    Sequential::new([2])
        .add(Dense::new(units))
        .compile(compile)
        .unwrap()
}

fn classes(count: usize) -> Dataset {
    Dataset::classes(Tensor::zeros([4, 2]), vec![0, 1, 1, 0], count).unwrap()
}

fn values(shape: &[usize], values: &[f32]) -> Dataset {
    let targets = Tensor::new(shape, values.to_vec()).unwrap();
    Dataset::values(Tensor::zeros([shape[0], 2]), targets).unwrap()
}

#[test]
fn two_classes_and_one_unit() {
    let parts = [
        "1 outputs",
        "2 classes",
        "Dense::new(2)",
        "BinaryCrossEntropy",
    ];
    let refused = network(1, CrossEntropy::from_logits()).evaluate(&classes(2));
    assert_refused("cross-entropy", refused, &parts);
    for loss in [BinaryCrossEntropy::new(), BinaryCrossEntropy::from_logits()] {
        network(1, loss).fit(&classes(2), Fit::epochs(1)).unwrap();
    }
    network(2, CrossEntropy::from_logits())
        .fit(&classes(2), Fit::epochs(1))
        .unwrap();
    let column = values(&[4, 1], &[0.0, 1.0, 1.0, 0.0]);
    let parts = [
        "softmax is always 1",
        "BinaryCrossEntropy",
        "MeanSquaredError",
    ];
    for loss in [CrossEntropy::from_logits(), CrossEntropy::new()] {
        assert_refused("a column", network(1, loss).evaluate(&column), &parts);
    }
    let parts = [
        "tells two classes apart",
        "has 3",
        "Dense::new(3)",
        "CrossEntropy",
    ];
    let refused = network(1, BinaryCrossEntropy::new()).evaluate(&classes(3));
    assert_refused("three classes", refused, &parts);
    network(3, CrossEntropy::from_logits())
        .evaluate(&classes(3))
        .unwrap();
    let parts = ["classes", "one_hot(labels, 2)", "Dense::new(2)"];
    let refused = network(3, MeanSquaredError).evaluate(&classes(2));
    assert_refused("two classes, three units", refused, &parts);
}

#[test]
fn targets_of_another_shape() {
    let places = |labels: usize| {
        let inputs = Tensor::zeros([2, 3, 4]);
        Dataset::classes(inputs, vec![0; labels], 5).unwrap()
    };
    let rows =
        |shape: &[usize]| Dataset::values(Tensor::zeros([2, 3, 4]), Tensor::zeros(shape)).unwrap();
    let network = |loss: bool| {
        let compile = Compile::new(Sgd::new(0.1)).threads(1);
        let compile = match loss {
            true => compile,
            false => compile.loss(MeanSquaredError),
        };
        Sequential::new([3, 4])
            .add(Dense::new(5))
            .compile(compile)
            .unwrap()
    };
    network(true).evaluate(&places(6)).unwrap();
    network(true).evaluate(&rows(&[2, 3, 5])).unwrap();
    let parts = ["3 places", "[3, 5]", "1 labels", "give a label a place"];
    assert_refused(
        "a label a sample",
        network(true).evaluate(&places(2)),
        &parts,
    );
    assert_refused(
        "too many",
        network(true).evaluate(&places(12)),
        &["6 labels"],
    );
    for loss in [true, false] {
        for shape in [&[2, 15][..], &[2, 5, 3], &[2, 3, 5, 1], &[2, 1, 3, 5]] {
            let refused = network(loss).fit(&rows(shape), Fit::epochs(1));
            let given = format!("{:?}", &shape[1..]);
            assert_refused("a shape", refused, &["[3, 5]", &given]);
        }
    }
    // Only a last axis of one value may be left out.
    let one = |shape: &[usize]| {
        let compile = Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .threads(1);
        let network = Sequential::new([3, 4]).add(Dense::new(1));
        network.compile(compile).unwrap().evaluate(&rows(shape))
    };
    assert_eq!(one(&[2, 3]).unwrap(), one(&[2, 3, 1]).unwrap());
    assert_refused(
        "a first axis of one",
        one(&[2, 1, 3]),
        &["[3, 1]", "[1, 3]"],
    );
    let flat = Dataset::classes(Tensor::zeros([4, 2]), vec![0; 8], 2).unwrap();
    let two = Sequential::new([2]).add(Dense::new(2));
    let two = two.compile(Compile::new(Sgd::new(0.1))).unwrap();
    let parts = ["one answer a sample", "2 labels", "give a label a sample"];
    assert_refused("two labels a sample", two.evaluate(&flat), &parts);
}

#[test]
fn class_weights_without_a_class() {
    let fit = |units, loss: Box<dyn FnOnce(usize) -> Trainer>, data: &Dataset, weights: &[f32]| {
        loss(units)
            .fit(data, Fit::epochs(1).class_weight(weights))
            .map(|_| ())
    };
    let binary = || Box::new(|units| network(units, BinaryCrossEntropy::from_logits()));
    let several = values(&[2, 3], &[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    let parts = [
        "class weights",
        "a question for each output",
        "with_sample_weights",
    ];
    let result = fit(3, binary(), &several, &[1.0, 2.0, 3.0]);
    assert_refused("several labels", result, &parts);
    let soft = values(&[2, 1], &[0.0, 0.3]);
    let parts = ["neither 0 nor 1", "0.3"];
    assert_refused("a share", fit(1, binary(), &soft, &[1.0, 2.0]), &parts);
    let parts = ["3 class weights for 2 classes"];
    let column = values(&[2, 1], &[0.0, 1.0]);
    assert_refused(
        "three weights",
        fit(1, binary(), &column, &[1.0; 3]),
        &parts,
    );
    // A label a place is a class a place.
    let inputs = Tensor::zeros([2, 3, 4]);
    let places = Dataset::classes(inputs, vec![0; 6], 5).unwrap();
    let network = || {
        let network = Sequential::new([3, 4]).add(Dense::new(5));
        network.compile(Compile::new(Sgd::new(0.1))).unwrap()
    };
    let by_class = || Fit::epochs(1).class_weight(vec![1.0; 5]);
    network().fit(&places, by_class()).unwrap();
    let by_halves = places.with_sample_weights(vec![1.0; 4]).unwrap();
    let result = network().fit(&by_halves, by_class());
    assert_refused("two weights", result, &["2 weights a sample", "3 places"]);
}

#[test]
fn class_weights_of_several_outputs() {
    let mut model = Model::new();
    let input = model.input([2]);
    let outputs = [3, 2].map(|units| model.layer(Dense::new(units), [input]));
    let compile = Compile::new(Sgd::new(0.1)).next_output();
    let mut network = model.outputs(outputs).compile(compile).unwrap();
    let second = Targets::Classes {
        labels: vec![0, 1],
        count: 2,
    };
    let data = Dataset::classes(Tensor::zeros([2, 2]), vec![0, 1], 3);
    let data = data.unwrap().and_targets(second).unwrap();
    let result = network.fit(&data, Fit::epochs(1).class_weight([1.0, 2.0, 3.0]));
    let parts = ["one output", "has 2", "with_sample_weights"];
    assert_refused("two outputs", result, &parts);
    assert_eq!(network.steps(), 0);
}

#[test]
fn metrics_that_make_no_sense() {
    let measured = |units, loss: Box<dyn Loss>, metric: Box<dyn Metric>, data: &Dataset| {
        let compile = Compile::new(Sgd::new(0.1)).threads(1).metric(metric);
        let compile = match loss.kind() {
            "mean_squared_error" => compile.loss(MeanSquaredError),
            "hinge" => compile.loss(Hinge),
            _ => compile.loss(BinaryCrossEntropy::from_logits()),
        };
        let network = Sequential::new([2]).add(Dense::new(units));
        network.compile(compile).unwrap().evaluate(data)
    };
    let quantities = values(&[2, 1], &[0.5, 3.25]);
    for metric in [
        Box::new(Accuracy) as Box<dyn Metric>,
        Box::new(BinaryAccuracy::new()),
        Box::new(Precision::new()),
        Box::new(F1Score::new()),
        Box::new(Auc::roc()),
        Box::new(BrierScore),
    ] {
        let result = measured(1, Box::new(MeanSquaredError), metric, &quantities);
        let parts = ["targets 0 and 1", "sample 0 has 0.5", "R2Score"];
        assert_refused("quantities", result, &parts);
    }
    let column = values(&[2, 1], &[0.0, 1.0]);
    let parts = ["wants probabilities", "above 0", "BinaryCrossEntropy"];
    let result = measured(1, Box::new(Hinge), Box::new(LogLoss), &column);
    assert_refused("margins", result, &parts);
    let binary = || Box::new(BinaryCrossEntropy::from_logits());
    let parts = ["class 2", "0 to 0"];
    let of_class = F1Score::new().average(Averaging::Class(2));
    assert_refused(
        "a class",
        measured(1, binary(), Box::new(of_class), &column),
        &parts,
    );
    let parts = ["threshold NaN"];
    let nowhere = Recall::new().threshold(f32::NAN);
    assert_refused(
        "a threshold",
        measured(1, binary(), Box::new(nowhere), &column),
        &parts,
    );
    let several = values(&[1, 3], &[0.0, 1.0, 1.0]);
    let parts = ["one of several classes", "F1Score"];
    let result = measured(3, binary(), Box::new(TopKAccuracy::new(2)), &several);
    assert_refused("top k of labels", result, &parts);
}

#[test]
fn metrics_of_classes_over_quantities() {
    let values = (0..30).map(|i| i as f32 - 7.0).collect();
    let data = Dataset::values(
        Tensor::zeros([10, 4]),
        Tensor::new([10, 3], values).unwrap(),
    )
    .unwrap();
    for compile in [
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .metric(Accuracy),
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .metric(F1Score::new()),
    ] {
        let trainer = Sequential::new([4])
            .add(Dense::new(3))
            .compile(compile)
            .unwrap();
        let error = trainer.evaluate(&data).unwrap_err().to_string();
        assert!(
            error.contains("wants classes") && error.contains("-7"),
            "{error}"
        );
    }
}
