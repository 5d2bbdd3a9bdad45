use std::sync::Arc;

use super::{Apply, Backward, Forward, Gate, Op, last_axis, pass_on};
use crate::kernels::activation::{self, ActivationKind};

/// A function of each value, or softmax over the last axis; the shape stays.
///
/// Mostly the gradient follows from the output *y* alone: for the sigmoid *y* (1 − *y*), for tanh
/// 1 − *y*², for ReLU 1 where *y* > 0, for softmax ∂*x*ᵢ = *y*ᵢ (∂*y*ᵢ − Σⱼ ∂*y*ⱼ *y*ⱼ). GELU and
/// SiLU fall and rise, so that theirs needs the input: Φ(*x*) + *x* φ(*x*), and
/// σ(*x*) (1 + *x* (1 − σ(*x*))).
///
/// ```
/// use letra_nn::layers::ActivationFunction;
/// use letra_nn::ops::{Activate, Multiply};
/// use letra_nn::prelude::*;
///
/// // A gate: the input times its sigmoid.
/// let gate = Lambda::new(|inputs, emit| {
///     let (input, _shape) = emit.single_input(inputs)?;
///     let share = emit.op(Activate::new(ActivationFunction::Sigmoid), &[input], &[])?;
///     Ok(vec![emit.op(Multiply, &[input, share], &[])?])
/// });
/// let network = Sequential::new([1]).add(gate).build(0)?;
/// assert_eq!(network.predict(&Tensor::new([1, 1], vec![0.0])?)?.data(), [0.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Activate {
    function: Function,
}

/// Which function.
#[derive(Debug, Clone, Copy)]
enum Function {
    /// One without a setting.
    Plain(ActivationKind),
    /// α (eˣ − 1) where *x* is not above 0: derivative *y* + α.
    Elu(f32),
    /// The slope times *x* where that is not above 0.
    LeakyRelu(f32),
}

impl Activate {
    /// The given function.
    pub fn new(function: ActivationKind) -> Self {
        Activate {
            function: Function::Plain(function),
        }
    }

    /// The function, if it is one without a setting.
    pub(crate) fn plain(&self) -> Option<ActivationKind> {
        match self.function {
            Function::Plain(function) => Some(function),
            _ => None,
        }
    }

    /// What it does with a gradient, where ops can say it.
    pub(crate) fn derivative(&self) -> Option<Derivative> {
        match self.function {
            Function::Plain(function) => Derivative::of(function),
            Function::Elu(alpha) => Some(Derivative::elu(alpha)),
            Function::LeakyRelu(slope) => Some(Derivative::Gate(Gate::new(slope))),
        }
    }

    pub(crate) fn elu(alpha: f32) -> Self {
        Activate {
            function: Function::Elu(alpha),
        }
    }

    pub(crate) fn leaky_relu(negative_slope: f32) -> Self {
        Activate {
            function: Function::LeakyRelu(negative_slope),
        }
    }
}

/// What a function does with a gradient on its way back, in ops that have gradients themselves.
pub(crate) enum Derivative {
    /// Hands it on.
    One,
    /// Lets it through by the sign of the output, or of the input.
    Gate(Gate),
    /// Multiplies it by this function of the output.
    OfOutput(Apply),
}

impl Derivative {
    /// Of a function without a setting; none where the output does not tell it.
    pub(crate) fn of(function: ActivationKind) -> Option<Self> {
        Some(match function {
            ActivationKind::Linear => Derivative::One,
            ActivationKind::Relu => Derivative::Gate(Gate::new(0.0)),
            ActivationKind::LeakyRelu => Derivative::Gate(Gate::new(activation::LEAK)),
            ActivationKind::Elu => Self::elu(1.0),
            ActivationKind::Tanh => Self::of_output(|y| 1.0 - y * y, |y| -2.0 * y),
            ActivationKind::Sigmoid => Self::of_output(|y| y * (1.0 - y), |y| 1.0 - 2.0 * y),
            ActivationKind::Softplus => Self::of_output(|y| -libm::expm1f(-y), |y| libm::expf(-y)),
            _ => return None,
        })
    }

    fn elu(alpha: f32) -> Self {
        Self::of_output(
            move |y| if y > 0.0 { 1.0 } else { y + alpha },
            |y| if y > 0.0 { 0.0 } else { 1.0 },
        )
    }

    fn of_output(
        function: impl Fn(f32) -> f32 + Send + Sync + 'static,
        derivative: impl Fn(f32) -> f32 + Send + Sync + 'static,
    ) -> Self {
        Derivative::OfOutput(Apply {
            function: Arc::new(function),
            derivative: Arc::new(derivative),
        })
    }
}

impl Op for Activate {
    fn forward(&self, pass: &mut Forward<'_>) {
        let output = &mut *pass.outputs[0];
        output.copy_from_slice(pass.inputs[0]);
        match self.function {
            Function::Plain(function) => {
                activation::forward(function, last_axis(&pass.input_shapes[0]), output, &mut []);
            }
            Function::Elu(alpha) => activation::elu(alpha, 1.0, output),
            Function::LeakyRelu(slope) => activation::leaky_relu(slope, output),
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (input, output) = (pass.inputs[0], pass.outputs[0]);
        let gradient = &mut *pass.output_gradients[0];
        match self.function {
            Function::Plain(function) => {
                let channels = last_axis(&pass.input_shapes[0]);
                activation::backward(function, channels, output, input, gradient);
            }
            Function::Elu(alpha) => activation::elu_backward(alpha, 1.0, output, gradient),
            Function::LeakyRelu(slope) => activation::leaky_relu_backward(slope, input, gradient),
        }
        pass_on(pass);
    }
}
