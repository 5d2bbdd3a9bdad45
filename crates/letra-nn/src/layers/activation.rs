use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation;
use crate::plan::pass::{Backward, Forward};

/// Applies a function to each value, or softmax to the last axis; the shape stays.
///
/// The gradient follows from the output *y* alone: for the sigmoid *y* (1 − *y*), for
/// tanh 1 − *y*², for ReLU 1 where *y* > 0, for softmax
/// ∂*x*ᵢ = *y*ᵢ (∂*y*ᵢ − Σⱼ ∂*y*ⱼ *y*ⱼ).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activation {
    function: ActivationFunction,
}

impl Activation {
    /// The given function.
    pub fn new(function: ActivationFunction) -> Self {
        Activation { function }
    }

    /// The identity.
    pub fn linear() -> Self {
        Self::new(ActivationFunction::Linear)
    }

    /// Rectified linear: max(0, x).
    pub fn relu() -> Self {
        Self::new(ActivationFunction::Relu)
    }

    /// Logistic sigmoid: 1 / (1 + e⁻ˣ).
    pub fn sigmoid() -> Self {
        Self::new(ActivationFunction::Sigmoid)
    }

    /// Hyperbolic tangent.
    pub fn tanh() -> Self {
        Self::new(ActivationFunction::Tanh)
    }

    /// Softmax over the last axis.
    pub fn softmax() -> Self {
        Self::new(ActivationFunction::Softmax)
    }

    /// The function.
    pub fn function(&self) -> ActivationFunction {
        self.function
    }
}

impl Layer for Activation {
    fn kind(&self) -> &'static str {
        "activation"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        single_input(inputs).cloned()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let channels = last_axis(pass.input_shape(0));
        pass.output.copy_from_slice(pass.input(0));
        activation::forward(self.function, channels, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let channels = last_axis(pass.input_shape(0));
        activation::backward(self.function, channels, pass.output, pass.output_gradient);
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}

fn last_axis(shape: &Shape) -> usize {
    shape.sizes().last().copied().unwrap_or(1)
}
