use serde::{Deserialize, Serialize};

use super::{Build, Layer, one_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::product;
use crate::plan::pass::{Backward, Forward};

/// The product of two or more inputs of one shape, value by value: *y* = Π *x*ᵢ,
/// ∂*x*ᵢ = ∂*y* · Π *x*ⱼ over the others *j*. One of them may open and close the way of
/// another, as a gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Multiply;

impl Layer for Multiply {
    fn kind(&self) -> &'static str {
        "multiply"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        one_shape(inputs).cloned()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.output.copy_from_slice(pass.input(0));
        for index in 1..pass.inputs() {
            let input = pass.input(index);
            product::multiply(pass.output, input);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let inputs = pass.inputs();
        for index in 0..inputs {
            let others = (0..inputs).filter(|&other| other != index);
            let others = others.map(|other| pass.node.input(other, pass.samples, pass.buffers));
            if let Some(gradient) = pass.input_gradients.get(index) {
                gradient.copy_from_slice(pass.output_gradient);
                others.for_each(|other| product::multiply(gradient, other));
            }
        }
    }
}
