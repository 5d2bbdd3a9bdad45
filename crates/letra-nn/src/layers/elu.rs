use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation;
use crate::plan::pass::{Backward, Forward};

/// Exponential linear: *y* = *x* where *x* > 0, and α (eˣ − 1) elsewhere (Clevert, Unterthiner
/// and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
/// 2016, eq. 15).
///
/// Any shape. The derivative is 1 where *x* > 0, and *y* + α elsewhere. Keras's default for
/// α is 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Elu {
    alpha: f32,
}

impl Elu {
    /// With the given α, a finite number of 0 or more: far below 0, *y* is −α.
    pub fn new(alpha: f32) -> Self {
        Elu { alpha }
    }
}

impl Default for Elu {
    /// Keras's α, 1.
    fn default() -> Self {
        Elu::new(1.0)
    }
}

impl Layer for Elu {
    fn kind(&self) -> &'static str {
        "elu"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        if !(self.alpha >= 0.0 && self.alpha.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has an alpha of {}: give it a finite number of 0 or more",
                self.alpha
            )));
        }
        single_input(inputs).cloned()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.output.copy_from_slice(pass.input(0));
        activation::elu(self.alpha, 1.0, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        activation::elu_backward(self.alpha, 1.0, pass.output, pass.output_gradient);
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
