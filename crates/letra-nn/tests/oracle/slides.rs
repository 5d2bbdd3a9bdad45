//! The seminar's worked example of back-propagation: two sigmoid layers, squared error.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_close, assert_tensor, list, name, numbers, single, sizes, tensor};

const TOLERANCE: f64 = 1e-6;

fn network(case: &Value, rate: f32) -> Trainer {
    let size = |key: &str| sizes(&case[key]["shape"])[1];
    let use_bias = case["use_bias"].as_bool().unwrap();
    let layer = |units: usize| Dense::new(units).sigmoid().use_bias(use_bias);
    let network = Sequential::new([size("input")])
        .add(layer(size("hidden_output")))
        .add(layer(size("output")))
        .compile(Compile::new(Sgd::new(rate)).loss(SumSquaredError))
        .unwrap();
    for (name, values) in case["parameters"].as_object().unwrap() {
        if use_bias || name.ends_with("kernel") {
            network.set_parameter(name, &tensor(values)).unwrap();
        }
    }
    network
}

fn batch(case: &Value) -> Dataset {
    Dataset::values(tensor(&case["input"]), tensor(&case["targets"])).unwrap()
}

/// E is the plain sum of squares, so the gradient at z is −2 δ, and −2 μ.
fn assert_minus_twice(what: &str, found: &Tensor, wanted: &Value) {
    let wanted: Vec<f64> = super::reading::doubles(&wanted["values"]);
    let twice: Vec<f64> = wanted.iter().map(|value| -2.0 * value).collect();
    assert_close(what, found.data(), &twice, TOLERANCE);
}

#[test]
fn delta_mu_and_every_gradient() {
    let numbers = numbers("slides");
    for case in list(&numbers["cases"]) {
        let what = |part: &str| format!("{}: {part}", name(case));
        let network = network(case, 0.0);
        let seen = network.back_propagate(&batch(case)).unwrap();
        assert_close(
            "E",
            &[seen.loss as f32],
            &[case["error"].as_f64().unwrap()],
            TOLERANCE,
        );
        let (hidden, output) = (&seen.outputs[0].1, &seen.outputs[1].1);
        assert_tensor(&what("hidden"), hidden, &case["hidden_output"], TOLERANCE);
        assert_tensor(&what("output"), output, &case["output"], TOLERANCE);
        let [(first, mu), (second, delta)] = &seen.pre_activation_gradients[..] else {
            panic!("two layers");
        };
        assert_eq!([first.as_str(), second], ["dense", "dense_1"]);
        assert_minus_twice(&what("μ"), mu, &case["mu"]);
        assert_minus_twice(&what("δ"), delta, &case["delta"]);
        for (name, gradient) in &seen.gradients {
            assert_tensor(&what(name), gradient, &case["gradients"][name], TOLERANCE);
        }
    }
}

#[test]
fn weight_changes_of_one_step_and_a_run_of_twenty() {
    let numbers = numbers("slides");
    for case in list(&numbers["cases"]) {
        let run = &case["run"];
        // The slides take the 2 of the derivative into η.
        let mut network = network(case, single(&run["sgd_rate_on_the_sum_of_squares"]));
        let batch = batch(case);
        for (step, error) in list(&run["errors"]).iter().enumerate() {
            let loss = network.train_on_batch(&batch).unwrap().loss;
            let what = format!("{}, E before step {step}", name(case));
            assert_close(&what, &[loss as f32], &[error.as_f64().unwrap()], 1e-5);
            if step == 0 {
                assert_weight_changes(case, &network);
            }
        }
        for parameter in network.parameters() {
            let wanted = &run["final_parameters"][&parameter.name];
            let found = Tensor::new(parameter.shape, parameter.values.to_vec()).unwrap();
            assert_tensor(&parameter.name, &found, wanted, 1e-5);
        }
    }
}

fn assert_weight_changes(case: &Value, after: &Trainer) {
    for (name, change) in case["weight_changes"].as_object().unwrap() {
        let (start, change) = (tensor(&case["parameters"][name]), tensor(change));
        let values = start.data().iter().zip(change.data());
        let wanted: Vec<f64> = values.map(|(w, c)| f64::from(*w) + f64::from(*c)).collect();
        let found = after.parameter(name).unwrap();
        assert_close(
            &format!("{name} after a step"),
            found.data(),
            &wanted,
            TOLERANCE,
        );
    }
}
