//! Losses whose settings or targets make no sense.

use letra_nn::losses::Loss;
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
    }
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
        compiled(MeanAbsoluteError),
        compiled(BinaryCrossEntropy::new()),
    ] {
        refused(loss, &two, &["classes", "one_hot(labels, 2)"]);
    }
}
