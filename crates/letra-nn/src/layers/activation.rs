use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Layer};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Activate;

/// Applies a function to each value, or softmax to the last axis; the shape stays.
///
/// Mostly the gradient follows from the output *y* alone: for the sigmoid *y* (1 − *y*), for
/// tanh 1 − *y*², for ReLU 1 where *y* > 0, for softmax
/// ∂*x*ᵢ = *y*ᵢ (∂*y*ᵢ − Σⱼ ∂*y*ⱼ *y*ⱼ). GELU and SiLU fall and rise, so that theirs needs
/// the input: Φ(*x*) + *x* φ(*x*), and σ(*x*) (1 + *x* (1 − σ(*x*))).
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

    /// Exponential linear, with α = 1; [`Elu`](super::Elu) has any α.
    pub fn elu() -> Self {
        Self::new(ActivationFunction::Elu)
    }

    /// Gaussian error linear: x Φ(x).
    pub fn gelu() -> Self {
        Self::new(ActivationFunction::Gelu)
    }

    /// Scaled exponential linear.
    pub fn selu() -> Self {
        Self::new(ActivationFunction::Selu)
    }

    /// Sigmoid-weighted linear: x / (1 + e⁻ˣ).
    pub fn silu() -> Self {
        Self::new(ActivationFunction::Silu)
    }

    /// A smooth ReLU: ln(1 + eˣ).
    pub fn softplus() -> Self {
        Self::new(ActivationFunction::Softplus)
    }

    /// The function.
    pub fn function(&self) -> ActivationFunction {
        self.function
    }
}

impl Layer for Activation {
    named!("activation");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, _) = emit.single_input(inputs)?;
        emit.output(Activate::new(self.function), &[input], &[])
    }
}
