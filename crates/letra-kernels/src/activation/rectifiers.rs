//! Functions with a kink or a bend at 0: leaky and parametric ReLU, ELU.

use crate::assert_same_length;
use crate::math::exp_minus_one;
use crate::simd::kernel;

kernel! {
    /// y = x where x > 0, slope · x elsewhere.
    pub fn leaky_relu(slope: f32, values: &mut [f32]) {
        for value in values {
            let factor = if *value > 0.0 { 1.0 } else { slope };
            *value *= factor;
        }
    }

    /// Turns the gradient by the output of [`leaky_relu`] into that by its input; `signs` has the
    /// signs of the input.
    pub fn leaky_relu_backward(slope: f32, signs: &[f32], gradient: &mut [f32]) {
        assert_same_length("gradient and signs", signs, gradient);
        for (gradient, sign) in gradient.iter_mut().zip(signs) {
            let factor = if *sign > 0.0 { 1.0 } else { slope };
            *gradient *= factor;
        }
    }

    /// y = x where x > 0, slope · x elsewhere, with a slope for each value of a sample; `values`
    /// `[samples, slopes.len()]`.
    pub fn parametric_relu(slopes: &[f32], values: &mut [f32]) {
        for values in values.chunks_exact_mut(slopes.len()) {
            for (value, slope) in values.iter_mut().zip(slopes) {
                *value *= if *value > 0.0 { 1.0 } else { *slope };
            }
        }
    }

    /// Turns the gradient by the output of [`parametric_relu`] into that by its `input`, and adds
    /// the slopes' gradients, x · ∂y where x is not above 0, to `sums`.
    pub fn parametric_relu_backward(
        slopes: &[f32],
        input: &[f32],
        gradient: &mut [f32],
        sums: &mut [f32]
    ) {
        assert_same_length("gradient and input", input, gradient);
        let inputs = input.chunks_exact(slopes.len());
        for (gradient, input) in gradient.chunks_exact_mut(slopes.len()).zip(inputs) {
            let inputs = input.iter().zip(slopes);
            for ((gradient, sum), (input, slope)) in gradient.iter_mut().zip(&mut *sums).zip(inputs) {
                let positive = *input > 0.0;
                *sum += *input * *gradient * if positive { 0.0 } else { 1.0 };
                *gradient *= if positive { 1.0 } else { *slope };
            }
        }
    }

    /// y = scale · x where x > 0, scale · alpha · (eˣ − 1) elsewhere.
    pub fn elu(alpha: f32, scale: f32, values: &mut [f32]) {
        for value in values {
            let x = *value;
            let below = alpha * exp_minus_one(if x > 0.0 { 0.0 } else { x });
            *value = scale * if x > 0.0 { x } else { below };
        }
    }

    /// Turns the gradient by the `output` of [`elu`] into that by its input: f′ = scale where
    /// y > 0, y + scale · alpha elsewhere. Neither number may be below 0.
    pub fn elu_backward(alpha: f32, scale: f32, output: &[f32], gradient: &mut [f32]) {
        assert_same_length("gradient and output", output, gradient);
        for (gradient, y) in gradient.iter_mut().zip(output) {
            let below = y + scale * alpha;
            *gradient *= if *y > 0.0 { scale } else { below };
        }
    }
}
