use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward};
use crate::shape::{MOST_VALUES, holds_at_most};

/// Reads a sample under another shape of the same number of values; nothing is moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reshape {
    shape: Shape,
}

impl Reshape {
    /// The shape of a sample afterwards.
    pub fn new(shape: impl Into<Shape>) -> Self {
        Reshape {
            shape: shape.into(),
        }
    }
}

impl Layer for Reshape {
    fn kind(&self) -> &'static str {
        "reshape"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        if !holds_at_most(self.shape.sizes(), MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "makes {}, more than {MOST_VALUES} values: make it smaller",
                self.shape
            )));
        }
        if input.values() != self.shape.values() {
            return Err(BuildError::input(
                format!("{} values to make {}", self.shape.values(), self.shape),
                "make the products of the sizes equal",
            ));
        }
        build.view();
        Ok(self.shape.clone())
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
