//! Looking inside a network at what is not there.

use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::ops::{Backward, Forward, Needs, Op};
use letra_nn::prelude::*;
use letra_nn::{BuildError, Shape};

use super::assert_refused;

fn network() -> Trainer {
    Sequential::new([6, 6, 1])
        .add(Conv2d::new(2, 3).tanh())
        .add(Conv2d::new(3, 3).relu())
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Dense::new(4))
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap()
}

fn pictures(samples: usize) -> Tensor {
    Tensor::zeros([samples, 6, 6, 1])
}

#[test]
fn classes_that_are_not_there() {
    let network = network();
    for classes in [&[0, 4][..], &[u32::MAX, 0]] {
        let parts = [
            &format!("no class {}", classes[0].max(classes[1])),
            "0 to 3",
        ];
        let inputs = pictures(2);
        assert_refused("saliency", network.saliency(&inputs, classes), &parts);
        assert_refused(
            "gradients",
            network.input_gradients(&inputs, classes),
            &parts,
        );
        assert_refused(
            "grad-cam",
            network.grad_cam(&inputs, classes, "conv2d"),
            &parts,
        );
    }
    for classes in [&[][..], &[0], &[0, 0, 0]] {
        let parts = [
            &format!("{} classes for 2 samples", classes.len()),
            "one for each",
        ];
        let found = network.saliency(&pictures(2), classes);
        assert_refused("saliency", found, &parts);
    }
}

/// Squares, and keeps its slope for backward: always, or while training alone.
#[derive(Debug, Clone)]
struct Square {
    always: bool,
}

impl Layer for Square {
    fn kind(&self) -> &'static str {
        "square"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let output = emit.op(self.clone(), inputs, &[])?;
        Ok(vec![output])
    }
}

impl Op for Square {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        Ok(inputs.to_vec())
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs::new().keep(inputs[0].values())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.inputs[0];
        for (y, x) in pass.outputs[0].iter_mut().zip(input) {
            *y = x * x;
        }
        if pass.training || self.always {
            for (slope, x) in pass.keep.iter_mut().zip(input) {
                *slope = 2.0 * x;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let output_gradient = &mut *pass.output_gradients[0];
        for (gradient, slope) in output_gradient.iter_mut().zip(&*pass.keep) {
            *gradient *= slope;
        }
        if let Some(gradient) = &mut pass.input_gradients[0] {
            gradient.copy_from_slice(output_gradient);
        }
    }
}

#[test]
fn a_layer_that_keeps_nothing_when_predicting() {
    let network = |always| {
        Sequential::new([2, 2, 1])
            .add(Conv2d::new(2, 1))
            .add(Square { always })
            .add(Flatten)
            .add(Dense::new(3))
            .compile(Compile::new(Sgd::new(0.1)))
            .unwrap()
    };
    let inputs = Tensor::new([1, 2, 2, 1], vec![0.5, -1.0, 2.0, 0.25]).unwrap();
    let forgetful = network(false);
    let parts = [
        "layer 2 (square)",
        "not a number",
        "not only while training",
    ];
    assert_refused("saliency", forgetful.saliency(&inputs, &[1]), &parts);
    let found = forgetful.grad_cam(&inputs, &[1], "conv2d");
    assert_refused("grad-cam", found, &parts);
    let map = network(true).saliency(&inputs, &[1]).unwrap();
    assert!(map.data().iter().all(|value| value.is_finite()));
}

#[test]
fn inputs_of_another_shape() {
    let (network, inputs) = (network(), Tensor::zeros([1, 5, 6, 1]));
    let parts = ["[samples, 6, 6, 1]", "[1, 5, 6, 1]"];
    assert_refused("saliency", network.saliency(&inputs, &[0]), &parts);
    assert_refused(
        "grad-cam",
        network.grad_cam(&inputs, &[0], "conv2d"),
        &parts,
    );
    assert_refused("maps", network.deconvolution(&inputs, "conv2d", 0), &parts);
}

#[test]
fn layers_and_maps_that_are_not_there() {
    let (network, inputs) = (network(), pictures(1));
    let parts = [
        "\"conv3d\"",
        "conv2d, conv2d_1, max_pooling2d, flatten, dense",
    ];
    assert_refused(
        "grad-cam",
        network.grad_cam(&inputs, &[0], "conv3d"),
        &parts,
    );
    assert_refused("maps", network.deconvolution(&inputs, "conv3d", 0), &parts);
    let parts = ["layer 5 (dense)", "gives [4]", "choose a convolution"];
    assert_refused("grad-cam", network.grad_cam(&inputs, &[0], "dense"), &parts);
    assert_refused("maps", network.deconvolution(&inputs, "dense", 0), &parts);
    let parts = ["layer 3 (max_pooling2d)", "not a convolution"];
    assert_refused(
        "a pooling",
        network.deconvolution(&inputs, "max_pooling2d", 0),
        &parts,
    );
    let parts = ["layer 2 (conv2d_1)", "no feature map 3", "0 to 2"];
    assert_refused(
        "a map",
        network.deconvolution(&inputs, "conv2d_1", 3),
        &parts,
    );
    let parts = ["layer 1 (conv2d)", "way down", "rectifiers"];
    assert_refused(
        "tanh",
        network.deconvolution(&inputs, "conv2d_1", 0),
        &parts,
    );
}

#[test]
fn no_pictures_are_no_error() {
    let network = network();
    assert_eq!(
        network.saliency(&pictures(0), &[]).unwrap().shape(),
        [0, 6, 6]
    );
    let maps = network.grad_cam(&pictures(0), &[], "conv2d_1").unwrap();
    assert_eq!(maps.shape(), [0, 2, 2]);
}
