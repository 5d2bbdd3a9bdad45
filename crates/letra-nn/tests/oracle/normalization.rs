//! Batch and layer normalisation as Keras and PyTorch compute them, and twenty steps of
//! training with moving averages as Keras takes them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::layers::Upstream;
use super::reading::{
    assert_close, assert_tensor, doubles, labels, list, name, numbers, single, tensor, whole,
};

fn add(network: Sequential, layer: &Value) -> Sequential {
    let flag = |key: &str| layer[key].as_bool().unwrap();
    let epsilon = single(&layer["epsilon"]);
    match layer["kind"] == "batch_normalization" {
        true => network.add(
            BatchNormalization::new()
                .momentum(single(&layer["momentum"]))
                .epsilon(epsilon)
                .scale(flag("scale"))
                .center(flag("center")),
        ),
        false => network.add(
            LayerNormalization::new()
                .last_axes(whole(&layer["axes"]))
                .epsilon(epsilon)
                .scale(flag("scale"))
                .center(flag("center")),
        ),
    }
}

#[test]
fn outputs_gradients_and_moving_averages() {
    let numbers = numbers("normalization");
    for case in list(&numbers["cases"]) {
        let what = |part: &str| format!("{}, {part}", name(case));
        let input = tensor(&case["input"]);
        let kind = case["layer"]["kind"].as_str().unwrap();
        // Inputs of about 64 are known to single precision's 4e-6 only.
        let largest = input
            .data()
            .iter()
            .fold(1.0f32, |most, x| most.max(x.abs()));
        let tolerance = 1e-5 * f64::from(largest);
        let network = Sequential::new(&input.shape()[1..]).add(Activation::linear());
        let mut network = add(network, &case["layer"])
            .compile(Compile::new(Sgd::new(0.0)).loss(Upstream).threads(1))
            .unwrap();
        for (parameter, values) in case["parameters"].as_object().unwrap() {
            let name = format!("{kind}/{parameter}");
            network.set_parameter(&name, &tensor(values)).unwrap();
        }
        let batch = Dataset::values(input.clone(), tensor(&case["output_gradient"])).unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        assert_tensor(
            &what("output"),
            &seen.outputs[1].1,
            &case["output"],
            tolerance,
        );
        assert_tensor(
            &what("input gradient"),
            &seen.pre_activation_gradients[0].1,
            &case["input_gradient"],
            tolerance,
        );
        for (parameter, wanted) in case["parameter_gradients"].as_object().unwrap() {
            let name = format!("{kind}/{parameter}");
            let gradient = seen.gradients.iter().find(|(known, _)| *known == name);
            assert_tensor(&what(parameter), &gradient.unwrap().1, wanted, tolerance);
        }
        if let Some(moving) = case["moving"].as_object() {
            network.train_on_batch(&batch).unwrap();
            for (state, wanted) in moving {
                let found = network.parameter(&format!("{kind}/{state}")).unwrap();
                assert_tensor(&what(state), &found, wanted, 1e-6);
            }
            let predicted = network.predict(&input).unwrap();
            assert_tensor(
                &what("prediction"),
                &predicted,
                &case["prediction"],
                tolerance,
            );
        }
    }
}

#[test]
fn twenty_steps_with_moving_averages() {
    let numbers = numbers("normalization");
    let run = &numbers["training"];
    let momentum = single(&run["momentum"]);
    let inputs = tensor(&run["input"]);
    let (labels, classes) = (labels(&run["labels"]), whole(&run["classes"]));
    let mut network = Sequential::new([inputs.sample_values()])
        .add(Dense::new(5))
        .add(BatchNormalization::new().momentum(momentum))
        .add(Activation::relu())
        .add(Dense::new(classes))
        .compile(Compile::new(Sgd::new(single(&run["rate"]))).threads(2))
        .unwrap();
    for (name, values) in run["start"].as_object().unwrap() {
        network.set_parameter(name, &tensor(values)).unwrap();
    }
    let data = Dataset::classes(inputs.clone(), labels, classes).unwrap();
    let firsts: Vec<usize> = list(&run["firsts"]).iter().map(whole).collect();
    let losses: Vec<f32> = (0..whole(&run["steps"]))
        .map(|step| {
            let first = firsts[step % firsts.len()];
            let end = (first + whole(&run["batch"])).min(data.samples());
            let batch = data.select(&(first..end).collect::<Vec<_>>());
            network.train_on_batch(&batch).unwrap().loss as f32
        })
        .collect();
    assert_close("losses", &losses, &doubles(&run["losses"]), 1e-5);
    for (name, wanted) in run["final"].as_object().unwrap() {
        let found = network.parameter(name).unwrap();
        assert_tensor(name, &found, wanted, 2e-5);
    }
    let predicted = network.predict(&inputs).unwrap();
    assert_tensor("predictions", &predicted, &run["prediction"], 2e-5);
}
