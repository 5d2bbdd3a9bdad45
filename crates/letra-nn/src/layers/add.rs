use serde::{Deserialize, Serialize};

use super::{Build, Layer, one_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;
use crate::plan::pass::{Backward, Forward};

/// The sum of two or more inputs of one shape, value by value: *y* = Σ *x*ᵢ, ∂*x*ᵢ = ∂*y*.
/// With a value that went past some layers it makes a residual connection (He, Zhang, Ren
/// and Sun 2016).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Add;

impl Layer for Add {
    fn kind(&self) -> &'static str {
        "add"
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
            reduce::add(pass.output, input);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        for index in 0..pass.inputs() {
            if let Some(gradient) = pass.input_gradients.get(index) {
                gradient.copy_from_slice(pass.output_gradient);
            }
        }
    }
}
