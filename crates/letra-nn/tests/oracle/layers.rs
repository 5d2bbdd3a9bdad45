//! Each layer forward and backward, as Keras and PyTorch compute them.

use letra_nn::losses::{Loss, TargetRows};
use letra_nn::prelude::*;
use serde_json::{Value, json};

use super::reading::{assert_tensor, list, name, numbers, pair, sizes, tensor, whole};

const TOLERANCE: f64 = 1e-5;

/// The sum of outputs times targets, whose gradient at the output is the targets: a way
/// to hand any gradient to the last layer.
#[derive(Debug)]
pub(crate) struct Upstream;

impl Loss for Upstream {
    fn kind(&self) -> &'static str {
        "upstream"
    }

    fn configuration(&self) -> Value {
        json!(null)
    }

    fn check(&self, _units: usize, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn scale(&self, _samples: usize, _units: usize) -> f32 {
        1.0
    }

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        _scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let TargetRows::Values(wanted) = targets else {
            panic!("the cases give gradients");
        };
        gradient.copy_from_slice(wanted);
        let products = output.iter().zip(wanted);
        products.map(|(y, g)| f64::from(*y) * f64::from(*g)).sum()
    }
}

pub(crate) fn activation_function(layer: &Value) -> ActivationFunction {
    serde_json::from_value(layer["activation"].clone()).unwrap()
}

fn convolution(layer: &Value) -> Conv2d {
    let convolution = Conv2d::new(whole(&layer["filters"]), pair(&layer["kernel"]))
        .stride(pair(&layer["stride"]))
        .activation(activation_function(layer))
        .use_bias(layer["use_bias"].as_bool().unwrap());
    match &layer["padding"] {
        Value::String(padding) if padding == "same" => convolution.same(),
        Value::String(_) => convolution.valid(),
        around => convolution.padding(pair(around)),
    }
}

fn add(network: Sequential, layer: &Value) -> Sequential {
    match layer["kind"].as_str().unwrap() {
        "dense" => network.add(
            Dense::new(whole(&layer["units"]))
                .activation(activation_function(layer))
                .use_bias(layer["use_bias"].as_bool().unwrap()),
        ),
        "conv2d" => network.add(convolution(layer)),
        "max_pool2d" => {
            let pool = MaxPool2d::new(pair(&layer["pool"])).stride(pair(&layer["stride"]));
            network.add(match layer["padding"] == "same" {
                true => pool.same(),
                false => pool,
            })
        }
        "cosine" => {
            let cosine = Cosine::new(whole(&layer["units"]));
            network.add(cosine.scale(layer["scale"].as_f64().unwrap() as f32))
        }
        "flatten" => network.add(Flatten),
        "reshape" => network.add(Reshape::new(sizes(&layer["target"]))),
        "activation" => network.add(Activation::new(activation_function(layer))),
        kind => panic!("the test knows no {kind}"),
    }
}

/// Adds the layer that a case speaks of.
pub(crate) type Add = fn(Sequential, &Value) -> Sequential;

/// The layer of a case with its parameters, after an identity whose gradient is that of
/// the layer's input.
fn network(case: &Value, add: Add, rate: f32) -> Trainer {
    let shape = &sizes(&case["input"]["shape"])[1..];
    let identity = Sequential::new(shape).add(Activation::linear());
    let network = add(identity, &case["layer"])
        .compile(Compile::new(Sgd::new(rate)).loss(Upstream).threads(1))
        .unwrap();
    for (parameter, values) in case["parameters"].as_object().unwrap() {
        let name = parameter_name(&network, parameter);
        network.set_parameter(&name, &tensor(values)).unwrap();
    }
    network
}

/// The only parameter of the network with the given last name.
fn parameter_name(network: &Trainer, last: &str) -> String {
    let mut names = network.parameters().map(|parameter| parameter.name);
    let found = names.find(|name| name.ends_with(&format!("/{last}")));
    found.expect("the parameter is there").to_owned()
}

/// Winograd's products for 3 × 3 convolutions round more coarsely than plain sums.
fn tolerance(case: &Value) -> f64 {
    let layer = &case["layer"];
    match layer["kind"] == "conv2d" && layer["kernel"] == serde_json::json!([3, 3]) {
        true => 1e-4,
        false => TOLERANCE,
    }
}

#[test]
fn outputs_and_gradients_of_every_layer() {
    check_outputs_and_gradients("layers", add);
}

/// Holds outputs and gradients of every case in a file to its numbers.
pub(crate) fn check_outputs_and_gradients(file: &str, add: Add) {
    let numbers = numbers(file);
    for case in list(&numbers["cases"]) {
        let what = |part: &str| format!("{}, {part}", name(case));
        let tolerance = tolerance(case);
        let network = network(case, add, 0.0);
        let input = tensor(&case["input"]);
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
            let name = parameter_name(&network, parameter);
            let gradient = seen.gradients.iter().find(|(known, _)| *known == name);
            assert_tensor(&what(parameter), &gradient.unwrap().1, wanted, tolerance);
        }
        let predicted = network.predict(&input).unwrap();
        assert_tensor(&what("prediction"), &predicted, &case["output"], tolerance);
    }
}

/// A step of gradient descent at rate 1 subtracts the gradient: the same numbers from the
/// plan that training runs on, with its fused layers and its shards.
#[test]
fn a_training_step_takes_the_same_gradients() {
    check_training_step("layers", add);
}

/// Holds a training step of every case in a file to its numbers.
pub(crate) fn check_training_step(file: &str, add: Add) {
    let numbers = numbers(file);
    for case in list(&numbers["cases"]) {
        let mut network = network(case, add, 1.0);
        let gradient = tensor(&case["output_gradient"]);
        let batch = Dataset::values(tensor(&case["input"]), gradient).unwrap();
        let mut wanted = Vec::new();
        for (parameter, gradient) in case["parameter_gradients"].as_object().unwrap() {
            let name = parameter_name(&network, parameter);
            let start = network.parameter(&name).unwrap();
            let steps = tensor(gradient);
            let values = start.data().iter().zip(steps.data());
            wanted.push((
                name,
                values.map(|(w, g)| f64::from(w - g)).collect::<Vec<_>>(),
            ));
        }
        network.train_on_batch(&batch).unwrap();
        for (parameter, values) in wanted {
            let what = format!("{}, {parameter} after a step", name(case));
            let found = network.parameter(&parameter).unwrap();
            super::reading::assert_close(&what, found.data(), &values, TOLERANCE);
        }
    }
}

#[test]
fn dropout_keeps_and_scales_as_keras_does() {
    let numbers = numbers("layers");
    for facts in list(&numbers["dropout"]) {
        let rate = facts["rate"].as_f64().unwrap();
        let network = Sequential::new([1000])
            .add(Dropout::new(rate as f32))
            .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).threads(1))
            .unwrap();
        let ones = Tensor::new([100, 1000], vec![1.0; 100_000]).unwrap();
        let batch = Dataset::values(ones.clone(), ones.clone()).unwrap();
        let (_, dropped) = &network.back_propagate(&batch).unwrap().outputs[0];
        let scale = facts["scale_in_training"].as_f64().unwrap();
        let mut kept = 0;
        for &value in dropped.data() {
            assert!(value == 0.0 || (f64::from(value) - scale).abs() < 1e-6 * scale);
            kept += usize::from(value != 0.0);
        }
        let share = kept as f64 / 100_000.0;
        let wanted = facts["kept_share"].as_f64().unwrap();
        // Four standard deviations of a share of 100,000 draws.
        let spread = 4.0 * (wanted * (1.0 - wanted) / 100_000.0).sqrt();
        assert!((share - wanted).abs() <= spread, "rate {rate} kept {share}");
        assert_eq!(network.predict(&ones).unwrap(), ones);
    }
}
