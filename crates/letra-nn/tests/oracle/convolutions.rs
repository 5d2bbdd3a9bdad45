//! Convolutions of every kind, poolings and layers that move cells.

use letra_nn::prelude::*;
use serde_json::Value;

use super::layers::{activation_function, check_outputs_and_gradients, check_training_step};
use super::reading::{list, numbers, pair, sizes, whole};

/// Adds a layer to a network, with padding "same" where the case has it.
macro_rules! add_padded {
    ($network:ident, $layer:ident, $new:expr) => {
        match $layer["padding"] == "same" {
            true => $network.add($new.same()),
            false => $network.add($new),
        }
    };
}

fn add(network: Sequential, layer: &Value) -> Sequential {
    let keepdims = layer["keepdims"] == true;
    let [window, stride] = [&layer["window"], &layer["stride"]];
    match layer["kind"].as_str().unwrap() {
        "average_pooling1d" => {
            let pool = AveragePool1d::new(whole(window)).stride(whole(stride));
            add_padded!(network, layer, pool)
        }
        "average_pooling2d" => {
            let pool = AveragePool2d::new(pair(window)).stride(pair(stride));
            add_padded!(network, layer, pool)
        }
        "max_pooling1d" => {
            let pool = MaxPool1d::new(whole(window)).stride(whole(stride));
            add_padded!(network, layer, pool)
        }
        "global_average_pooling1d" => network.add(GlobalAveragePool1d::new().keepdims(keepdims)),
        "global_average_pooling2d" => network.add(GlobalAveragePool2d::new().keepdims(keepdims)),
        "global_max_pooling1d" => network.add(GlobalMaxPool1d::new().keepdims(keepdims)),
        "global_max_pooling2d" => network.add(GlobalMaxPool2d::new().keepdims(keepdims)),
        "zero_padding2d" => network.add(ZeroPadding2d::new(edges(layer))),
        "cropping2d" => network.add(Cropping2d::new(edges(layer))),
        "up_sampling2d" => {
            let larger = UpSampling2d::new(pair(&layer["size"]));
            network.add(match layer["interpolation"] == "bilinear" {
                true => larger.bilinear(),
                false => larger,
            })
        }
        _ => add_convolution(network, layer),
    }
}

fn add_convolution(network: Sequential, layer: &Value) -> Sequential {
    let function = activation_function(layer);
    let filters = || whole(&layer["filters"]);
    let kernel = || pair(&layer["kernel"]);
    let stride = || pair(&layer["stride"]);
    let dilation = || pair(&layer["dilation_rate"]);
    let multiplier = || whole(&layer["depth_multiplier"]);
    match layer["kind"].as_str().unwrap() {
        "conv2d" => {
            let convolution = Conv2d::new(filters(), kernel())
                .stride(stride())
                .dilation_rate(dilation())
                .groups(whole(&layer["groups"]))
                .activation(function);
            add_padded!(network, layer, convolution)
        }
        "depthwise_conv2d" => {
            let convolution = DepthwiseConv2d::new(kernel())
                .depth_multiplier(multiplier())
                .stride(stride())
                .dilation_rate(dilation())
                .activation(function);
            add_padded!(network, layer, convolution)
        }
        "separable_conv2d" => {
            let convolution = SeparableConv2d::new(filters(), kernel())
                .depth_multiplier(multiplier())
                .stride(stride())
                .dilation_rate(dilation())
                .activation(function);
            add_padded!(network, layer, convolution)
        }
        "conv2d_transpose" => {
            let convolution = Conv2dTranspose::new(filters(), kernel())
                .stride(stride())
                .activation(function);
            add_padded!(network, layer, convolution)
        }
        "conv1d" => {
            let convolution = Conv1d::new(filters(), whole(&layer["kernel"]))
                .stride(whole(&layer["stride"]))
                .dilation_rate(whole(&layer["dilation_rate"]))
                .activation(function);
            match layer["padding"] == "causal" {
                true => network.add(convolution.causal()),
                false => add_padded!(network, layer, convolution),
            }
        }
        kind => panic!("the test knows no {kind}"),
    }
}

fn edges(layer: &Value) -> [[usize; 2]; 2] {
    let edges = list(&layer["edges"]);
    [pair(&edges[0]), pair(&edges[1])]
}

#[test]
fn outputs_and_gradients() {
    check_outputs_and_gradients("convolutions", add);
}

#[test]
fn a_training_step_takes_the_same_gradients() {
    check_training_step("convolutions", add);
}

/// Names, shapes and numbers of parameters of a chain of such layers, as Keras's summary has
/// them.
#[test]
fn the_summary_is_that_of_keras() {
    let network = Sequential::new([24, 23, 4])
        .add(ZeroPadding2d::new([[1, 2], [0, 1]]))
        .add(Conv2d::new(8, 3).dilation_rate(2).same())
        .add(Conv2d::new(12, 3).stride(2).groups(4))
        .add(DepthwiseConv2d::new(3).depth_multiplier(2))
        .add(
            SeparableConv2d::new(10, [3, 2])
                .depth_multiplier(2)
                .stride(2)
                .same(),
        )
        .add(Conv2dTranspose::new(6, 3).stride(2))
        .add(Cropping2d::new([1, 2]))
        .add(UpSampling2d::new([2, 1]).bilinear())
        .add(AveragePool2d::new([2, 3]).same())
        .add(Reshape::new([33, 6]))
        .add(Conv1d::new(7, 3).causal().dilation_rate(2))
        .add(MaxPool1d::new(2))
        .add(AveragePool1d::new(2).stride(1).same())
        .add(GlobalAveragePool1d::new())
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    let numbers = numbers("convolutions");
    let (found, wanted) = (network.summary(), &numbers["summary"]);
    assert_eq!(found.parameters, whole(&wanted["parameters"]));
    assert_eq!(found.layers.len(), list(&wanted["layers"]).len());
    for (found, wanted) in found.layers.iter().zip(list(&wanted["layers"])) {
        assert_eq!(found.name, wanted["name"].as_str().unwrap());
        assert_eq!(found.output_shape, sizes(&wanted["output_shape"]));
        assert_eq!(found.parameters, whole(&wanted["parameters"]));
    }
    let names: Vec<Value> = network.parameters().map(|p| p.name.into()).collect();
    assert_eq!(names, list(&wanted["parameter_names"]));
}
