//! Activation functions, leaky, parametric and exponential ReLU, and maxout, as Keras and
//! PyTorch compute them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::layers::{activation_function, check_outputs_and_gradients, check_training_step};
use super::reading::{pair, single, sizes, whole};

fn add(network: Sequential, layer: &Value) -> Sequential {
    match layer["kind"].as_str().unwrap() {
        "activation" => network.add(Activation::new(activation_function(layer))),
        "conv2d" => network.add(
            Conv2d::new(whole(&layer["filters"]), pair(&layer["kernel"]))
                .activation(activation_function(layer)),
        ),
        "dense" => {
            let units = whole(&layer["units"]);
            network.add(Dense::new(units).activation(activation_function(layer)))
        }
        "elu" => network.add(Elu::new(single(&layer["alpha"]))),
        "leaky_relu" => network.add(LeakyRelu::new(single(&layer["slope"]))),
        "maxout" => network.add(Maxout::new(whole(&layer["units"]), whole(&layer["pieces"]))),
        "prelu" => network.add(PRelu::new().shared_axes(sizes(&layer["shared_axes"]))),
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn outputs_and_gradients() {
    check_outputs_and_gradients("activations", add);
}

#[test]
fn a_training_step() {
    check_training_step("activations", add);
}
