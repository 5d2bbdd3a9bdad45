//! Values that belong to a layer and that no optimizer touches.

use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::ops::{Backward, Forward, Op, UpdateState};
use letra_nn::prelude::*;
use letra_nn::{BuildError, Shape};

use super::data::{bytes, quadrants};

/// Multiplies by 1 + the number of steps that it has seen, and by a parameter.
#[derive(Debug, Clone)]
struct Counting;

impl Layer for Counting {
    fn kind(&self) -> &'static str {
        "counting"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let steps = emit.state("steps", [2], Initializer::constant(1.0))?;
        let factor = emit.parameter("factor", [1], Initializer::constant(0.5), [1, 1])?;
        let samples = emit.state("samples", [1], Initializer::zeros())?;
        let output = emit.op(Count, inputs, &[steps, factor, samples])?;
        Ok(vec![output])
    }
}

/// What [`Counting`] computes, with the weights steps, factor and samples.
#[derive(Debug)]
struct Count;

impl Op for Count {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let steps = pass.weights[0];
        if pass.training {
            assert_eq!(steps[0], 1.0 + pass.step as f32);
        }
        let factor = pass.weights[1][0] * steps[1];
        let input = pass.inputs[0];
        for (y, x) in pass.outputs[0].iter_mut().zip(input) {
            *y = factor * x;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let steps = pass.weights[0];
        assert_eq!(steps[0], 1.0 + pass.step as f32);
        let output_gradient = &*pass.output_gradients[0];
        let input = pass.inputs[0].iter().zip(output_gradient);
        let sum: f32 = input.map(|(x, g)| x * g).sum();
        assert!(pass.weight_gradients[0].is_none() && pass.weight_gradients[2].is_none());
        if let Some(gradient) = &mut pass.weight_gradients[1] {
            gradient[0] += sum * steps[1];
        }
        let factor = pass.weights[1][0] * steps[1];
        if let Some(gradient) = &mut pass.input_gradients[0] {
            for (gradient, g) in gradient.iter_mut().zip(output_gradient) {
                *gradient = factor * g;
            }
        }
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        let samples = pass.samples as f32;
        pass.weight(0)[0] += 1.0;
        pass.weight(2)[0] += samples;
    }
}

fn network(threads: usize) -> Trainer {
    Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(5).tanh())
        .add(Counting)
        .add(Dense::new(4))
        .compile(Compile::new(Adam::new(0.01)).seed(3).threads(threads))
        .unwrap()
}

#[test]
fn a_layer_changes_its_own_values_once_a_step_and_nothing_else_does() {
    let (data, mut network) = (quadrants(50), network(2));
    let values = |network: &Trainer, name: &str| {
        let name = format!("counting/{name}");
        network.parameter(&name).unwrap().into_data()
    };
    network.back_propagate(&data).unwrap();
    network.evaluate(&data).unwrap();
    assert_eq!(values(&network, "steps"), [1.0, 1.0]);
    network.fit(&data, Fit::epochs(3).batch_size(20)).unwrap();
    assert_eq!(values(&network, "steps"), [10.0, 1.0]);
    assert_eq!(values(&network, "samples"), [150.0]);
    assert_ne!(values(&network, "factor"), [0.5]);
}

#[test]
fn they_are_counted_and_named_but_have_no_gradient() {
    let network = network(1);
    let summary = network.summary();
    assert_eq!(summary.layers[2].parameters, 4);
    assert_eq!(summary.parameters, 65 * 5 + 4 + 6 * 4);
    assert_eq!(summary.non_trainable(), 3);
    let text = summary.to_string();
    assert!(
        text.ends_with("353 parameters in all: 350 trainable, 3 not"),
        "{text}"
    );
    let names: Vec<String> = network
        .parameters()
        .filter(|parameter| !parameter.trainable)
        .map(|parameter| parameter.name)
        .collect();
    assert_eq!(names, ["counting/steps", "counting/samples"]);
    let seen = network.back_propagate(&quadrants(3)).unwrap();
    let names: Vec<&str> = seen
        .gradients
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "dense/kernel",
            "dense/bias",
            "counting/factor",
            "dense_1/kernel",
            "dense_1/bias"
        ]
    );
}

#[test]
fn the_number_of_threads_changes_none_of_their_bits() {
    let trained = |threads| {
        let mut network = network(threads);
        network
            .fit(&quadrants(61), Fit::epochs(2).batch_size(17))
            .unwrap();
        bytes(&network)
    };
    assert!(trained(1) == trained(2));
    assert!(trained(1) == trained(3));
}
