use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward};

/// Reads a sample of any shape as a flat vector, row-major; nothing is moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flatten;

impl Layer for Flatten {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        build.view();
        Ok([single_input(inputs)?.values()].into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.output.copy_from_slice(pass.input(0));
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
