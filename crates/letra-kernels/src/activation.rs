//! Activation functions, in place, and their derivatives: from the output where it tells
//! enough, else from the input.

mod rectifiers;
mod smooth;

pub use rectifiers::{
    elu, elu_backward, leaky_relu, leaky_relu_backward, parametric_relu, parametric_relu_backward,
};

use super::math::{exp, largest, sigmoid, sum, tanh};
use super::simd::kernel;
use crate::assert_same_length;

/// The activation functions that have no numbers to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActivationKind {
    /// y = x where x > 0, e^x − 1 elsewhere (Clevert, Unterthiner and Hochreiter 2016, eq. 15)
    Elu,
    /// y = x Φ(x), with Φ(x) the share of standard normal numbers below x (Hendrycks and
    /// Gimpel 2016, section 2)
    Gelu,
    /// y = x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, the same paper's approximation
    GeluTanh,
    /// y = x where x > 0, 0.2 x elsewhere, Keras's default slope (Maas, Hannun and Ng 2013);
    /// [`leaky_relu`] has any slope
    LeakyRelu,
    /// y = x
    Linear,
    /// y = max(x, 0)
    Relu,
    /// y = λ x where x > 0, λ α (eˣ − 1) elsewhere, with λ ≈ 1.0507 and α ≈ 1.6733, which
    /// keep mean 0 and variance 1 (Klambauer, Unterthiner, Mayr and Hochreiter 2017, eq. 2)
    Selu,
    /// y = 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// y = x / (1 + e⁻ˣ) (Elfwing, Uchibe and Doya 2018, eq. 2)
    Silu,
    /// y = ln(1 + eˣ) (Dugas, Bengio, Bélisle, Nadeau and Garcia 2001, eq. 4)
    Softplus,
    /// y = tanh x
    Tanh,
    /// yᵢ = e^xᵢ / Σⱼ e^xⱼ over the units of a sample
    Softmax,
}

/// α and λ of SELU.
const SELU_ALPHA: f32 = 1.673_263_2;
const SELU_SCALE: f32 = 1.050_701;
/// Keras's slope of leaky ReLU as a function.
pub const LEAK: f32 = 0.2;

impl ActivationKind {
    /// Whether the derivative needs the input of the function; for the others the output
    /// tells enough.
    pub fn needs_input(self) -> bool {
        matches!(self, Self::Gelu | Self::GeluTanh | Self::Silu)
    }

    /// How many of a layer's `values` pre-activations must be kept for the backward pass:
    /// all or none.
    pub fn kept(self, values: usize) -> usize {
        if self.needs_input() { values } else { 0 }
    }
}

/// Replaces `values` `[samples, units]` by their activation.
///
/// Where [`ActivationKind::needs_input`] and a backward pass follows, `input`, as long as
/// `values`, takes them as they were; otherwise it may be empty.
pub fn forward(kind: ActivationKind, units: usize, values: &mut [f32], input: &mut [f32]) {
    if kind.needs_input() && !input.is_empty() {
        input.copy_from_slice(values);
    }
    match kind {
        ActivationKind::Elu => elu(1.0, 1.0, values),
        ActivationKind::Gelu => smooth::gelu(values),
        ActivationKind::GeluTanh => smooth::gelu_tanh(values),
        ActivationKind::LeakyRelu => leaky_relu(LEAK, values),
        ActivationKind::Linear => {}
        ActivationKind::Relu => relu(values),
        ActivationKind::Selu => elu(SELU_ALPHA, SELU_SCALE, values),
        ActivationKind::Sigmoid => sigmoids(values),
        ActivationKind::Silu => smooth::silu(values),
        ActivationKind::Softplus => smooth::softplus(values),
        ActivationKind::Tanh => tangents(values),
        ActivationKind::Softmax => softmax(units, values),
    }
}

kernel! {
    fn relu(values: &mut [f32]) {
        for value in values {
            // The addition keeps the compiler from masked stores, which some processors take ten
            // times as long for.
            *value = if 0.0 > *value { 0.0 } else { *value } + 0.0;
        }
    }

    fn sigmoids(values: &mut [f32]) {
        for value in values {
            *value = sigmoid(*value);
        }
    }

    fn tangents(values: &mut [f32]) {
        for value in values {
            *value = tanh(*value);
        }
    }

    fn softmax(units: usize, values: &mut [f32]) {
        for rows in values.chunks_mut(rows_together(units) * units) {
            for row in rows.chunks_exact_mut(units) {
                // Shifted by the largest, no exponential is infinite.
                let largest = largest(row);
                for value in row {
                    *value -= largest;
                }
            }
            for value in rows.iter_mut() {
                *value = exp(*value);
            }
            for row in rows.chunks_exact_mut(units) {
                let share = 1.0 / sum(row);
                for value in row {
                    *value *= share;
                }
            }
        }
    }
}

/// How many rows of `units` values to take through the exponential in one go: enough to fill
/// vectors however short the rows, and few enough to stay in the first-level cache.
#[inline(always)]
pub(super) fn rows_together(units: usize) -> usize {
    (1024 / units).max(1)
}

/// Turns `gradient`, the gradient by the activation's `output` `[samples, units]`, into the
/// gradient by its input: f′(x) of it, which for softmax is yᵢ (gᵢ − Σⱼ gⱼ yⱼ). `input` is what
/// forward was given, where [`ActivationKind::needs_input`]; otherwise it is not read.
pub fn backward(
    kind: ActivationKind,
    units: usize,
    output: &[f32],
    input: &[f32],
    gradient: &mut [f32],
) {
    let read = if kind.needs_input() { input } else { output };
    assert_same_length("gradient and values", read, gradient);
    match kind {
        ActivationKind::Elu => elu_backward(1.0, 1.0, output, gradient),
        ActivationKind::Gelu => smooth::gelu_backward(input, gradient),
        ActivationKind::GeluTanh => smooth::gelu_tanh_backward(input, gradient),
        ActivationKind::LeakyRelu => leaky_relu_backward(LEAK, output, gradient),
        ActivationKind::Linear => {}
        ActivationKind::Relu => relu_backward(output, gradient),
        ActivationKind::Selu => elu_backward(SELU_ALPHA, SELU_SCALE, output, gradient),
        ActivationKind::Sigmoid => sigmoid_backward(output, gradient),
        ActivationKind::Silu => smooth::silu_backward(input, gradient),
        ActivationKind::Softplus => smooth::softplus_backward(output, gradient),
        ActivationKind::Tanh => tanh_backward(output, gradient),
        ActivationKind::Softmax => softmax_backward(units, output, gradient),
    }
}

kernel! {
    fn relu_backward(output: &[f32], gradient: &mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= if *output <= 0.0 { 0.0 } else { 1.0 };
        }
    }

    fn sigmoid_backward(output: &[f32], gradient: &mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= output * (1.0 - output);
        }
    }

    fn tanh_backward(output: &[f32], gradient: &mut [f32]) {
        for (gradient, output) in gradient.iter_mut().zip(output) {
            *gradient *= 1.0 - output * output;
        }
    }

    fn softmax_backward(units: usize, output: &[f32], gradient: &mut [f32]) {
        let outputs = output.chunks_exact(units);
        for (gradient, output) in gradient.chunks_exact_mut(units).zip(outputs) {
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient *= output;
            }
            let total = sum(gradient);
            for (gradient, output) in gradient.iter_mut().zip(output) {
                *gradient -= total * output;
            }
        }
    }
}

#[cfg(test)]
mod tests;
