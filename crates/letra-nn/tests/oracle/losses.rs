//! Each loss and its gradient, as Keras and PyTorch compute them.

use letra_nn::losses;
use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{
    assert_close, assert_tensor, labels, list, name, numbers, single, singles, tensor,
};

fn compile(case: &Value) -> Compile {
    let compile = Compile::new(Sgd::new(0.1)).threads(1);
    let from_logits = case["from_logits"].as_bool() == Some(true);
    let smoothing = case["label_smoothing"].as_f64().unwrap_or(0.0) as f32;
    match case["loss"].as_str().unwrap() {
        "mean_squared_error" => compile.loss(MeanSquaredError),
        "sum_squared_error" => compile.loss(SumSquaredError),
        "mean_absolute_error" => compile.loss(MeanAbsoluteError),
        "huber" => compile.loss(Huber::new().delta(single(&case["delta"]))),
        "hinge" => compile.loss(Hinge),
        "categorical_hinge" => compile.loss(CategoricalHinge),
        "kl_divergence" => compile.loss(KlDivergence),
        "log_cosh" => compile.loss(LogCosh),
        "poisson" => compile.loss(Poisson),
        "cosine_similarity" => compile.loss(losses::CosineSimilarity),
        "mean_absolute_percentage_error" => compile.loss(MeanAbsolutePercentageError),
        "mean_squared_logarithmic_error" => compile.loss(MeanSquaredLogarithmicError),
        "binary_focal_crossentropy" => {
            let loss = match from_logits {
                true => BinaryFocalCrossEntropy::from_logits(),
                false => BinaryFocalCrossEntropy::new(),
            };
            let balanced = case["apply_class_balancing"].as_bool().unwrap_or(false);
            let loss = loss
                .apply_class_balancing(balanced)
                .alpha(single(&case["alpha"]));
            compile.loss(
                loss.gamma(single(&case["gamma"]))
                    .label_smoothing(smoothing),
            )
        }
        "categorical_focal_crossentropy" => {
            let loss = match from_logits {
                true => CategoricalFocalCrossEntropy::from_logits(),
                false => CategoricalFocalCrossEntropy::new(),
            };
            let loss = match case["alpha"].is_array() {
                true => loss.alphas(singles(&case["alpha"])),
                false => loss.alpha(single(&case["alpha"])),
            };
            compile.loss(
                loss.gamma(single(&case["gamma"]))
                    .label_smoothing(smoothing),
            )
        }
        "binary_crossentropy" => {
            let loss = match from_logits {
                true => BinaryCrossEntropy::from_logits(),
                false => BinaryCrossEntropy::new(),
            };
            compile.loss(loss.label_smoothing(smoothing))
        }
        "categorical_crossentropy" | "sparse_categorical_crossentropy" => {
            let loss = match from_logits {
                true => CrossEntropy::from_logits(),
                false => CrossEntropy::new(),
            };
            compile.loss(loss.label_smoothing(smoothing))
        }
        other => panic!("no such loss: {other}"),
    }
}

fn batch(case: &Value) -> Dataset {
    let predictions = tensor(&case["predictions"]);
    let classes = predictions.sample_values();
    let target = ["one_hot", "targets"]
        .iter()
        .find(|key| case[**key].is_object());
    let data = match target {
        Some(key) => Dataset::values(predictions, tensor(&case[*key])),
        None => Dataset::classes(predictions, labels(&case["labels"]), classes),
    }
    .unwrap();
    match case["weights"].is_array() {
        true => data.with_sample_weights(singles(&case["weights"])).unwrap(),
        false => data,
    }
}

#[test]
fn values_and_gradients_of_every_loss() {
    let numbers = numbers("losses");
    for case in list(&numbers["cases"]) {
        let batch = batch(case);
        // An identity, so that what the loss sees is the case's predictions.
        let network = Sequential::new(&batch.inputs().shape()[1..])
            .add(Activation::linear())
            .compile(compile(case))
            .unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        let wanted = case["value"].as_f64().unwrap();
        let (_, gradient) = &seen.pre_activation_gradients[0];
        assert_close(name(case), &[seen.loss as f32], &[wanted], 1e-6);
        assert_tensor(name(case), gradient, &case["gradient"], 1e-6);
        let evaluated = network.evaluate(&batch).unwrap();
        assert_close(name(case), &[evaluated.loss as f32], &[wanted], 1e-6);
    }
}

/// Where a network ends in softmax, Keras goes back to the logits; the gradient at them
/// is the same from logits and, except where it clips, from probabilities.
#[test]
fn softmax_then_cross_entropy_has_the_gradient_of_the_logits() {
    let numbers = numbers("losses");
    for case in list(&numbers["cases"])[..3].iter() {
        let batch = batch(case);
        let network = Sequential::new(&batch.inputs().shape()[1..])
            .add(Activation::softmax())
            .compile(Compile::new(Sgd::new(0.1)).loss(CrossEntropy::new()))
            .unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        let (_, gradient) = &seen.pre_activation_gradients[0];
        assert_tensor(name(case), gradient, &case["gradient"], 1e-5);
        let wanted = case["value"].as_f64().unwrap();
        assert_close(name(case), &[seen.loss as f32], &[wanted], 1e-5);
    }
}
