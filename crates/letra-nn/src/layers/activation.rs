use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Activate;

/// Applies a function to each value, or softmax to the last axis; the shape stays.
///
/// Mostly the gradient follows from the output *y* alone: for the sigmoid *y* (1 − *y*), for
/// tanh 1 − *y*², for ReLU 1 where *y* > 0, for softmax
/// ∂*x*ᵢ = *y*ᵢ (∂*y*ᵢ − Σⱼ ∂*y*ⱼ *y*ⱼ). GELU and SiLU fall and rise, so that theirs needs
/// the input: Φ(*x*) + *x* φ(*x*), and σ(*x*) (1 + *x* (1 − σ(*x*))).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([3]).add(Activation::relu()).build(0)?;
/// let given = network.predict(&Tensor::new([1, 3], vec![-1.0, 0.0, 2.0])?)?;
/// assert_eq!(given.data(), [0.0, 0.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activation {
    function: ActivationFunction,
}

/// Constructors, one a function.
macro_rules! functions {
    ($($(#[$about:meta])* $name:ident: $function:ident,)*) => {$(
        $(#[$about])*
        pub fn $name() -> Self {
            Self::new(ActivationFunction::$function)
        }
    )*};
}

impl Activation {
    /// The given function.
    pub fn new(function: ActivationFunction) -> Self {
        Activation { function }
    }

    functions! {
        /// The identity.
        linear: Linear,
        /// Rectified linear: max(0, x).
        relu: Relu,
        /// Logistic sigmoid: 1 / (1 + e⁻ˣ).
        sigmoid: Sigmoid,
        /// Hyperbolic tangent.
        tanh: Tanh,
        /// Softmax over the last axis.
        softmax: Softmax,
        /// Exponential linear, with α = 1; [`Elu`](super::Elu) has any α.
        elu: Elu,
        /// Gaussian error linear: x Φ(x).
        gelu: Gelu,
        /// Scaled exponential linear.
        selu: Selu,
        /// Sigmoid-weighted linear: x / (1 + e⁻ˣ).
        silu: Silu,
        /// A smooth ReLU: ln(1 + eˣ).
        softplus: Softplus,
    }

    /// The function.
    pub fn function(&self) -> ActivationFunction {
        self.function
    }
}

impl Layer for Activation {
    named!("activation");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, _) = emit.single_input(inputs)?;
        emit.output(Activate::new(self.function), &[input], &[])
    }
}
