//! Connectionist temporal classification, as PyTorch and Keras compute it.

use letra_nn::decoding::{BeamSearch, BestPath, labels as labels_of};
use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{
    assert_close, assert_tensor, doubles, labels, list, name, numbers, sizes, tensor, whole,
};

fn loss(case: &Value) -> Ctc {
    Ctc::new().blank(whole(&case["blank"]) as u32)
}

fn data(case: &Value) -> Dataset {
    let logits = tensor(&case["logits"]);
    let classes = logits.shape()[2];
    let sequences: Vec<Vec<u32>> = list(&case["sequences"]).iter().map(labels).collect();
    Dataset::classes(logits, loss(case).pad(&sequences).unwrap(), classes).unwrap()
}

/// An identity, so that what the loss sees is the case's logits.
fn network(case: &Value) -> Trainer {
    let compile = Compile::new(Sgd::new(0.1)).loss(loss(case)).threads(1);
    Sequential::new(&sizes(&case["logits"]["shape"])[1..])
        .add(Activation::linear())
        .compile(compile)
        .unwrap()
}

#[test]
fn losses_and_gradients() {
    let numbers = numbers("ctc");
    for case in list(&numbers["cases"]) {
        let (data, network) = (data(case), network(case));
        let seen = network.back_propagate(&data).unwrap();
        let wanted = case["value"].as_f64().unwrap();
        assert_close(name(case), &[seen.loss as f32], &[wanted], 1e-6);
        let evaluated = network.evaluate(&data).unwrap();
        assert_close(name(case), &[evaluated.loss as f32], &[wanted], 1e-6);
        let (_, gradient) = &seen.pre_activation_gradients[0];
        if case["gradient"].is_object() {
            assert_tensor(name(case), gradient, &case["gradient"], 1e-6);
        } else {
            assert_rows(case, gradient);
        }
        for (sample, &own) in doubles(&case["per_sample"]).iter().enumerate() {
            let alone = network.evaluate(&data.select(&[sample])).unwrap();
            assert_close(name(case), &[alone.loss as f32], &[own], 1e-6);
        }
    }
}

/// Of a long case some rows of each sample are written down.
fn assert_rows(case: &Value, gradient: &Tensor) {
    let (steps, classes) = (gradient.shape()[1], gradient.shape()[2]);
    let mut found = Vec::new();
    for sample in 0..gradient.samples() {
        for row in sizes(&case["rows"]) {
            let start = (sample * steps + row) * classes;
            found.extend_from_slice(&gradient.data()[start..start + classes]);
        }
    }
    let wanted = doubles(&case["gradient_rows"]["values"]);
    assert_close(name(case), &found, &wanted, 1e-6);
}

#[test]
fn what_is_decoded() {
    let numbers = numbers("ctc");
    for case in list(&numbers["decoded"]) {
        let logits = tensor(&case["logits"]);
        let (steps, classes) = (logits.shape()[1], logits.shape()[2]);
        let said = network(case).predict(&logits).unwrap();
        let blank = whole(&case["blank"]) as u32;
        let wanted = doubles(&case["log_probabilities"]["values"]);
        for (sample, said) in said.data().chunks_exact(steps * classes).enumerate() {
            let path = BestPath::new().blank(blank).decode(classes, said).unwrap();
            let known = labels(&case["best_path"][sample]);
            assert_eq!(labels_of(&path), known, "{}", name(case));
            let search = BeamSearch::new().blank(blank).beam_width(400).top_paths(3);
            let found = search.decode(classes, said).unwrap();
            for (place, found) in found.iter().enumerate() {
                let known = labels(&case["beams"][sample][place]);
                assert_eq!(found.labels, known, "{}", name(case));
                let known = wanted[sample * 3 + place];
                assert_close(name(case), &[found.log_probability as f32], &[known], 1e-4);
            }
        }
    }
}
