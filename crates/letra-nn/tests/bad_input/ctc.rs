//! Labels of sequences that do not go with a network.

use letra_nn::losses::Loss;
use letra_nn::metrics::Metric;
use letra_nn::prelude::*;

use super::assert_refused;

const STEPS: usize = 4;

fn network(loss: impl Loss + 'static) -> Trainer {
    let compile = Compile::new(Sgd::new(0.1)).loss(loss).threads(1);
    let network = Sequential::new([STEPS, 2]).add(Dense::new(3));
    network.compile(compile).unwrap()
}

fn data(labels: &[u32], classes: usize) -> Dataset {
    Dataset::classes(Tensor::zeros([2, STEPS, 2]), labels.to_vec(), classes).unwrap()
}

fn refused(what: &str, loss: Ctc, data: &Dataset, parts: &[&str]) {
    assert_refused(what, network(loss.clone()).fit(data, Fit::epochs(1)), parts);
    assert_refused(what, network(loss).evaluate(data), parts);
}

#[test]
fn labels_that_the_steps_cannot_spell() {
    let parts = ["sample 1", "5 labels", "5 steps", "gives 4", "more steps"];
    let long = data(&[1, 0, 0, 0, 0, 1, 2, 1, 2, 1], 3);
    refused("too many", Ctc::new(), &long, &parts);
    let parts = ["sample 0", "3 labels", "5 steps", "between equal"];
    refused("repeats", Ctc::new(), &data(&[2, 2, 2, 1, 0, 0], 3), &parts);
    let just = data(&[2, 2, 1, 1, 0, 0], 3);
    network(Ctc::new()).fit(&just, Fit::epochs(1)).unwrap();
    let none = data(&[0, 0], 3);
    network(Ctc::new()).fit(&none, Fit::epochs(1)).unwrap();
}

#[test]
fn labels_of_other_classes_or_with_blanks_between() {
    let parts = ["sample 1", "blank, 0", "Ctc::pad"];
    refused("a gap", Ctc::new(), &data(&[1, 2, 0, 1], 3), &parts);
    let parts = ["3 outputs", "4 classes", "Dense::new(4)"];
    refused("classes", Ctc::new(), &data(&[1, 2, 3, 1], 4), &parts);
    let parts = ["blank", "class 3", "3 outputs"];
    refused("blank", Ctc::new().blank(3), &data(&[1, 2], 3), &parts);
    let values = Tensor::zeros([2, STEPS, 3]);
    let values = Dataset::values(Tensor::zeros([2, STEPS, 2]), values).unwrap();
    refused(
        "values",
        Ctc::new(),
        &values,
        &["labels", "Dataset::classes"],
    );
    let error = Dataset::classes(Tensor::zeros([2, STEPS, 2]), vec![1, 9], 3);
    assert_refused("out of range", error, &["label 9", "0 to 2"]);
    let held = Ctc::new().blank(2).pad(&[vec![1], vec![0, 2]]);
    assert_refused("the blank", held, &["sequence 1", "holds 2", "alone"]);
}

#[test]
fn outputs_without_one_axis_of_steps() {
    let compile = || Compile::new(Sgd::new(0.1)).loss(Ctc::new());
    let flat = Sequential::new([2]).add(Dense::new(3)).compile(compile());
    let data = Dataset::classes(Tensor::zeros([2, 2]), vec![1, 2], 3).unwrap();
    let parts = ["[steps, classes]", "gives [3]"];
    assert_refused("no steps", flat.unwrap().evaluate(&data), &parts);
    let plane = Sequential::new([2, 2, 2])
        .add(Dense::new(3))
        .compile(compile());
    let data = Dataset::classes(Tensor::zeros([2, 2, 2, 2]), vec![1, 2], 3).unwrap();
    let parts = ["[steps, classes]", "[2, 2, 3]"];
    assert_refused("a plane", plane.unwrap().evaluate(&data), &parts);
}

#[test]
fn metrics_and_weights_of_a_class_a_step() {
    let with = |metric: Box<dyn Metric>| {
        let compile = Compile::new(Sgd::new(0.1)).loss(Ctc::new()).metric(metric);
        let network = Sequential::new([STEPS, 2]).add(Dense::new(3));
        network.compile(compile).unwrap()
    };
    let labels = data(&[1, 2], 3);
    for metric in [
        Box::new(Accuracy) as Box<dyn Metric>,
        Box::new(TopKAccuracy::new(2)),
        Box::new(LogLoss),
    ] {
        let name = metric.name();
        let parts = [name.as_str(), "target for each step", "LabelErrorRate"];
        assert_refused("a metric", with(metric).evaluate(&labels), &parts);
    }
    let weighted = Fit::epochs(1).class_weight([1.0, 2.0, 3.0]);
    let fitted = network(Ctc::new()).fit(&labels, weighted);
    assert_refused(
        "class weights",
        fitted,
        &["class weights", "labels of a sequence"],
    );
    // And the other way round.
    let compile = Compile::new(Sgd::new(0.1)).weighted_metric(LabelErrorRate);
    let network = Sequential::new([2]).add(Dense::new(3)).compile(compile);
    let classes = Dataset::classes(Tensor::zeros([2, 2]), vec![1, 2], 3).unwrap();
    let parts = ["label_error_rate", "Ctc"];
    assert_refused("no sequences", network.unwrap().evaluate(&classes), &parts);
}
