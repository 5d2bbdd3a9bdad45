//! Losses whose settings or targets make no sense.

use letra_nn::losses::{self, Loss};
use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(loss: impl Loss + 'static) -> Result<Trainer, Error> {
    let compile = Compile::new(Sgd::new(0.1)).loss(loss).threads(1);
    Sequential::new([2]).add(Dense::new(2)).compile(compile)
}

#[test]
fn settings() {
    for delta in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let parts = ["Huber", "delta", &delta.to_string(), "above 0"];
        assert_refused("a delta", compiled(Huber::new().delta(delta)), &parts);
    }
    for smoothing in [-0.1, 1.5, f32::NAN] {
        let parts = ["label smoothing", &smoothing.to_string(), "from 0 to 1"];
        let loss = CrossEntropy::from_logits().label_smoothing(smoothing);
        assert_refused("cross-entropy", compiled(loss), &parts);
        let loss = BinaryCrossEntropy::new().label_smoothing(smoothing);
        assert_refused("binary cross-entropy", compiled(loss), &parts);
        let loss = BinaryFocalCrossEntropy::new().label_smoothing(smoothing);
        assert_refused("binary focal", compiled(loss), &parts);
        let loss = CategoricalFocalCrossEntropy::new().label_smoothing(smoothing);
        assert_refused("focal", compiled(loss), &parts);
        let parts = ["alpha", &smoothing.to_string(), "from 0 to 1"];
        let loss = BinaryFocalCrossEntropy::new().alpha(smoothing);
        assert_refused("binary focal", compiled(loss), &parts);
        let loss = CategoricalFocalCrossEntropy::new().alphas([0.5, smoothing]);
        assert_refused("focal", compiled(loss), &parts);
    }
}

#[test]
fn settings_of_focal_losses() {
    for gamma in [-1.0, f32::NAN, f32::INFINITY] {
        let parts = ["gamma", &gamma.to_string(), "0 or more"];
        let loss = BinaryFocalCrossEntropy::new().gamma(gamma);
        assert_refused("binary focal", compiled(loss), &parts);
        let loss = CategoricalFocalCrossEntropy::new().gamma(gamma);
        assert_refused("focal", compiled(loss), &parts);
    }
    let none = CategoricalFocalCrossEntropy::new().alphas([]);
    assert_refused("no alpha", compiled(none), &["no alpha", "one each"]);
    let three = CategoricalFocalCrossEntropy::new().alphas([0.5; 3]);
    let mut network = compiled(three).unwrap();
    let fitted = network.fit(&targets([1.0, 0.0, 0.0, 1.0]), Fit::epochs(1));
    assert_refused("three", fitted, &["3 alphas", "2 outputs", "one each"]);
}

fn targets(values: [f32; 4]) -> Dataset {
    let rows = Tensor::new([2, 2], values.to_vec()).unwrap();
    Dataset::values(Tensor::zeros([2, 2]), rows).unwrap()
}

#[test]
fn targets_of_the_wrong_kind() {
    let refused = |loss: Result<Trainer, Error>, data: &Dataset, parts: &[&str]| {
        let mut network = loss.unwrap();
        assert_refused("targets", network.fit(data, Fit::epochs(1)), parts);
        assert_refused("targets", network.evaluate(data), parts);
    };
    let parts = ["from 0 to 1", "sample 1 has -1"];
    refused(
        compiled(BinaryCrossEntropy::from_logits()),
        &targets([0.0, 1.0, 0.5, -1.0]),
        &parts,
    );
    refused(
        compiled(BinaryFocalCrossEntropy::new()),
        &targets([0.0, 1.0, 0.5, -1.0]),
        &parts,
    );
    let parts = ["-1 and 1, or 0 and 1", "sample 0 has 0.5"];
    refused(compiled(Hinge), &targets([1.0, 0.5, 0.0, 1.0]), &parts);
    let parts = ["-1 as well as 0"];
    refused(compiled(Hinge), &targets([1.0, 0.0, -1.0, 1.0]), &parts);
    let three = Dataset::classes(Tensor::zeros([2, 2]), vec![0, 2], 3).unwrap();
    let parts = ["2 outputs", "3 classes", "Dense::new(3)"];
    refused(compiled(CategoricalHinge), &three, &parts);
    let two = Dataset::classes(Tensor::zeros([2, 2]), vec![0, 1], 2).unwrap();
    for loss in [
        compiled(Hinge),
        compiled(Huber::new()),
        compiled(KlDivergence),
        compiled(LogCosh),
        compiled(Poisson),
        compiled(MeanAbsolutePercentageError),
        compiled(MeanSquaredLogarithmicError),
        compiled(losses::CosineSimilarity),
        compiled(BinaryFocalCrossEntropy::new()),
        compiled(MeanAbsoluteError),
        compiled(BinaryCrossEntropy::new()),
    ] {
        refused(loss, &two, &["classes", "one_hot(labels, 2)"]);
    }
}
