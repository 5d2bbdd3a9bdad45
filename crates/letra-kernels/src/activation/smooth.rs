//! Smooth relatives of ReLU: GELU in both forms, SiLU, softplus.

use crate::math::{exp, exp_minus_one, ln_one_plus, normal, sigmoid};
use crate::simd::kernel;

kernel! {
    /// x Φ(x), with Φ the share of standard normal numbers below x.
    pub(super) fn gelu(values: &mut [f32]) {
        for value in values {
            // Below −15 the share of the normal numbers is 0 in single precision.
            let x = if *value < -15.0 { -15.0 } else { *value };
            *value = x * normal(x).0;
        }
    }

    pub(super) fn gelu_backward(input: &[f32], gradient: &mut [f32]) {
        // f′ = Φ(x) + x φ(x), with Φ the share of standard normal numbers below x and φ its
        // derivative.
        for (gradient, x) in gradient.iter_mut().zip(input) {
            let x = bounded(*x, 15.0);
            let (share, density) = normal(x);
            *gradient *= share + x * density;
        }
    }

    /// The approximation of GELU by a hyperbolic tangent.
    pub(super) fn gelu_tanh(values: &mut [f32]) {
        for value in values {
            let near = bounded(*value, FLAT);
            // (1 + tanh u) / 2 is the sigmoid of 2 u.
            let share = sigmoid(2.0 * ROOT * (near + CUBE * near * near * near));
            let x = if *value < -FLAT { -FLAT } else { *value };
            *value = x * share;
        }
    }

    pub(super) fn gelu_tanh_backward(input: &[f32], gradient: &mut [f32]) {
        for (gradient, x) in gradient.iter_mut().zip(input) {
            let x = bounded(*x, FLAT);
            let share = sigmoid(2.0 * ROOT * (x + CUBE * x * x * x));
            let slope = 2.0 * ROOT * (1.0 + 3.0 * CUBE * x * x);
            *gradient *= share + x * share * (1.0 - share) * slope;
        }
    }

    /// x σ(x)
    pub(super) fn silu(values: &mut [f32]) {
        for value in values {
            // Below −104 the sigmoid is 0 in single precision.
            let x = if *value < -104.0 { -104.0 } else { *value };
            *value = x * sigmoid(x);
        }
    }

    pub(super) fn silu_backward(input: &[f32], gradient: &mut [f32]) {
        // f′ = σ (1 + x (1 − σ))
        for (gradient, x) in gradient.iter_mut().zip(input) {
            let x = bounded(*x, 104.0);
            let share = sigmoid(x);
            *gradient *= share * (1.0 + x * (1.0 - share));
        }
    }

    /// ln(1 + eˣ)
    pub(super) fn softplus(values: &mut [f32]) {
        // ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
        for value in values {
            let x = *value;
            let positive = if x > 0.0 { x } else { 0.0 };
            *value = positive + ln_one_plus(exp(-x.abs()));
        }
    }

    pub(super) fn softplus_backward(output: &[f32], gradient: &mut [f32]) {
        // f′ = σ(x) = 1 − e⁻ʸ
        for (gradient, y) in gradient.iter_mut().zip(output) {
            *gradient *= -exp_minus_one(-y);
        }
    }
}

/// √(2/π), and the factor of the cube (Hendrycks and Gimpel 2016, section 2).
const ROOT: f32 = 0.797_884_6;
const CUBE: f32 = 0.044_715;
/// Beyond this size the approximate GELU is x or 0 in single precision.
const FLAT: f32 = 12.0;

/// What is not a number stays so.
#[inline(always)]
fn bounded(x: f32, most: f32) -> f32 {
    let x = if x < -most { -most } else { x };
    if x > most { most } else { x }
}
