// A layer that letra does not have; `docs/adding-a-layer.md` explains it.

// guide: begin
use letra_nn::layers::{Emit, Layer, Value};
use letra_nn::ops::{Backward, Forward, Op};
use letra_nn::{BuildError, Shape};
use serde::{Deserialize, Serialize};

/// Squareplus, a smooth ReLU: *y* = (*x* + √(*x*² + *b*)) / 2 (Barron 2021, eq. 1). Its
/// derivative is *y*′ = (1 + *x* / √(*x*² + *b*)) / 2, so that ∂*x* = *y*′ ∂*y*.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Squareplus {
    bend: f32,
}

impl Squareplus {
    /// With the given *b*, above 0: the larger, the wider the bend at 0.
    pub fn new(bend: f32) -> Self {
        Squareplus { bend }
    }
}

impl Layer for Squareplus {
    fn kind(&self) -> &'static str {
        "squareplus"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        if !(self.bend > 0.0 && self.bend.is_finite()) {
            return Err(BuildError::configuration(format!("has bend {}", self.bend))
                .with_hint("choose a finite number above 0"));
        }
        let (input, _) = emit.single_input(inputs)?;
        let output = emit.op(BendUp { bend: self.bend }, &[input], &[])?;
        Ok(vec![output])
    }
}

/// What [`Squareplus`] computes.
#[derive(Debug)]
struct BendUp {
    bend: f32,
}

impl Op for BendUp {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        for (y, &x) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
            *y = 0.5 * (x + (x * x + self.bend).sqrt());
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let gradient = &mut *pass.output_gradients[0];
        for (gradient, &x) in gradient.iter_mut().zip(pass.inputs[0]) {
            *gradient *= 0.5 * (1.0 + x / (x * x + self.bend).sqrt());
        }
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            input_gradient.copy_from_slice(gradient);
        }
    }
}
// guide: end

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let network = Sequential::new([3])
        .add(Squareplus::new(4.0))
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError))?;
    let inputs = Tensor::new([1, 3], vec![0.0, 1.5, -1.5])?;
    println!("{:?}", network.predict(&inputs)?.data());

    // E = Σ (y − t)² with t = 0, so that ∂E/∂y = 2 y, and after it the derivative.
    let sample = Dataset::values(inputs, Tensor::zeros([1, 3]))?;
    let seen = network.back_propagate(&sample)?;
    println!("{:?}", seen.pre_activation_gradients[0].1.data());
    Ok(())
}
