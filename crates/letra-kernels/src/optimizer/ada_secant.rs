use super::{BLOCK, assert_lengths, for_blocks};
use crate::simd::kernel;

/// Keeps denominators from zero; the authors' value.
const DAMPING: f32 = 1e-7;
/// The memory τ at first, after an outlier, and its limits.
const FIRST_MEMORY: f32 = 2.1;
const OUTLIER_MEMORY: f32 = 2.2;
const LEAST_MEMORY: f32 = 1.5;
const MOST_MEMORY: f32 = 1e8;

/// The settings of AdaSecant (Gulcehre & Bengio, 2014).
#[derive(Clone, Copy, Debug)]
pub struct AdaSecant {
    /// What the step is multiplied by.
    pub rate: f32,
    /// Norm of the gradient of the whole parameter.
    pub norm: f32,
    /// Decay of the means of the gradient and its square.
    pub decay: f32,
    /// The largest γ.
    pub gamma_clip: f32,
    /// The largest size of a value's own rate.
    pub delta_clip: f32,
    /// Whether the step is divided by the bounded Adagrad.
    pub adagrad: bool,
    /// Added to the means of squared steps and curvatures.
    pub epsilon: f32,
    /// Whether this is the first step.
    pub first: bool,
}

/// What the arrays of state of [`ada_secant`] hold before the first step.
pub const ADA_SECANT_START: [f32; 13] = [
    DAMPING,
    DAMPING,
    0.0,
    0.0,
    DAMPING,
    DAMPING,
    FIRST_MEMORY + FIRST_MEMORY * DAMPING,
    DAMPING,
    DAMPING,
    DAMPING,
    DAMPING,
    DAMPING,
    0.0,
];

kernel! {
    /// A step of AdaSecant, in the order of the authors' code. The arrays of state: the means of
    /// the gradient and its square, of the step and its square, γ's numerator and denominator, the
    /// memory τ, the mean of step times curvature, the last gradient, the last corrected gradient,
    /// the means of the curvature and its square, and, with Adagrad, the sum of squared gradients.
    pub fn ada_secant(
        parameters: &mut [f32],
        gradients: &[f32],
        state: [&mut [f32]; 13],
        settings: AdaSecant
    ) {
        assert_lengths(parameters, &[gradients]);
        for state in &state[..if settings.adagrad { 13 } else { 12 }] {
            assert_lengths(parameters, &[state]);
        }
        let AdaSecant { rate, norm, decay, gamma_clip, delta_clip, adagrad, epsilon, first } = settings;
        let inverse = 1.0 / (norm + DAMPING);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m] = state;
        let written = [parameters, a, b, c, d, e, f, g, h, i, j, k, l, m];
        for_blocks([gradients], written, #[inline(always)] |[gradients], written| {
            let [
                parameters,
                mean_gradient,
                mean_square_gradient,
                mean_step,
                mean_square_step,
                numerator,
                denominator,
                memory,
                covariance,
                last_gradient,
                last_corrected,
                mean_curvature,
                mean_square_curvature,
                sum_square,
            ] = written;
            for i in 0..BLOCK {
                let g = gradients[i] * inverse;
                let tau = memory[i];
                let new = 1.0 / tau;
                let kept = 1.0 - new;
                // The first step is as large as the gradient, for want of an earlier one.
                let step_before = if first { g } else { mean_step[i] };
                let square_step_before = if first { g * g } else { mean_square_step[i] };

                mean_square_gradient[i] = mean_square_gradient[i] * decay + g * g * (1.0 - decay);
                mean_gradient[i] = mean_gradient[i] * decay + g * (1.0 - decay);
                let mean = mean_gradient[i];

                let gamma = numerator[i].sqrt() / (denominator[i] + DAMPING).sqrt();
                let gamma = if gamma < gamma_clip {
                    gamma
                } else {
                    gamma_clip
                };
                let from_mean = last_corrected[i] - mean;
                let above = (g - last_corrected[i]) * from_mean;
                let below = (mean - g) * from_mean;
                numerator[i] = numerator[i] * kept + above * above * new;
                denominator[i] = denominator[i] * kept + below * below * new;
                let corrected = (g + gamma * mean) / (1.0 + gamma);

                let curvature = g - last_gradient[i];
                mean_curvature[i] = mean_curvature[i] * kept + curvature * new;
                mean_square_curvature[i] =
                    mean_square_curvature[i] * kept + curvature * curvature * new;
                let square_curvature = mean_square_curvature[i] + epsilon;
                let own_rate = ((square_step_before + epsilon) / square_curvature).sqrt()
                    - covariance[i] / square_curvature;
                let own_rate = own_rate.clamp(-delta_clip, delta_clip);

                sum_square[i] += corrected * corrected;
                let root = sum_square[i].sqrt();
                let bound = if adagrad && root > 1.0 { root } else { 1.0 };
                let step = -own_rate * corrected / bound;

                mean_square_step[i] = square_step_before * kept + step * step * new;
                let share = step_before * step_before / (square_step_before + DAMPING);
                mean_step[i] = mean_step[i] * kept + step * new;
                covariance[i] = covariance[i] * kept + step * curvature * new;

                // A difference below 0 has no root and compares as false.
                let spread = 2.0 * (mean_square_gradient[i] - mean * mean).sqrt();
                let curvature_spread =
                    2.0 * (mean_square_curvature[i] - mean_curvature[i] * mean_curvature[i]).sqrt();
                let outlier = (g - mean).abs() > spread
                    || (curvature - mean_curvature[i]).abs() > curvature_spread;
                let next = (1.0 - share) * tau + (1.0 + DAMPING);
                let next = if outlier { OUTLIER_MEMORY } else { next };
                memory[i] = next.clamp(LEAST_MEMORY, MOST_MEMORY);

                last_gradient[i] = g;
                last_corrected[i] = corrected;
                // The factor is not remembered: the next rate follows from the steps before, and would
                // be multiplied by it again and again.
                parameters[i] += rate * step;
            }
        });
    }
}
