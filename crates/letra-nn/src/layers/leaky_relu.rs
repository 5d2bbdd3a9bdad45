use serde::{Deserialize, Serialize};

use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation;
use crate::plan::pass::{Backward, Forward};

/// Leaky rectified linear: *y* = *x* where *x* > 0, and `negative_slope` · *x* elsewhere (Maas,
/// Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013).
///
/// Any shape. The gradient passes with the same factor. Keras's default slope is 0.3.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeakyRelu {
    negative_slope: f32,
}

impl LeakyRelu {
    /// With the given slope where *x* is not above 0: a finite number of 0 or more.
    pub fn new(negative_slope: f32) -> Self {
        LeakyRelu { negative_slope }
    }
}

impl Default for LeakyRelu {
    /// Keras's slope, 0.3.
    fn default() -> Self {
        LeakyRelu::new(0.3)
    }
}

impl Layer for LeakyRelu {
    fn kind(&self) -> &'static str {
        "leaky_relu"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        if !(self.negative_slope >= 0.0 && self.negative_slope.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has a negative slope of {}: give it a finite number of 0 or more",
                self.negative_slope
            )));
        }
        single_input(inputs).cloned()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.output.copy_from_slice(pass.input(0));
        activation::leaky_relu(self.negative_slope, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let input = pass.input(0);
        activation::leaky_relu_backward(self.negative_slope, input, pass.output_gradient);
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
