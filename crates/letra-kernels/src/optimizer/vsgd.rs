use super::{BLOCK, assert_lengths, for_blocks};
use crate::simd::kernel;

/// A displacement is at least this much, and this share of the value, so that single precision
/// can hold it.
const LEAST_DISPLACEMENT: f32 = 1e-6;
const LEAST_SHARE: f32 = 1e-4;
/// What finite differences in single precision cannot tell apart, as the square of a share of the
/// curvature: without it, rounding would be an outlier wherever the curvature does not change.
const CURVATURE_PRECISION: f32 = 1e-4;
/// The memory τ after the slow start.
const FIRST_MEMORY: f32 = 2.0;

/// The settings of vSGD-fd (Schaul & LeCun, 2013).
#[derive(Clone, Copy, Debug)]
pub struct Vsgd {
    /// What the step is multiplied by.
    pub rate: f32,
    /// What this step does.
    pub phase: Phase,
    /// What the mean square gradient is multiplied by after the slow start.
    pub slow_constant: f32,
    /// Whether an outlier counts for less.
    pub detect_outliers: bool,
    /// Added to the curvature's means.
    pub epsilon: f32,
}

/// What a step of vSGD does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Part of the slow start: averages over the steps up to this one, counted from 1.
    Measure {
        /// Number of the step.
        step: u64,
    },
    /// The last step of the slow start.
    Begin {
        /// Number of the step.
        step: u64,
    },
    /// Descends.
    Descend,
}

kernel! {
    /// Where vSGD wants its second gradient: w + δ, where δ is `direction`, made a little larger so
    /// that it is not lost in rounding.
    pub fn displace(parameters: &[f32], direction: &[f32], displaced: &mut [f32]) {
        assert_lengths(parameters, &[direction, displaced]);
        let values = parameters.iter().zip(direction);
        for (displaced, (parameter, direction)) in displaced.iter_mut().zip(values) {
            let least = LEAST_DISPLACEMENT + LEAST_SHARE * parameter.abs();
            *displaced = parameter + (direction + least.copysign(*direction));
        }
    }

    /// A step of vSGD-fd. `probe` is the displaced parameters and the gradient there; the arrays of
    /// state are the means of the gradient, its square, the curvature and its square, and the memory.
    pub fn vsgd(
        parameters: &mut [f32],
        gradients: &[f32],
        probe: [&[f32]; 2],
        state: [&mut [f32]; 5],
        settings: Vsgd
    ) {
        assert_lengths(parameters, &[gradients, probe[0], probe[1]]);
        for state in &state {
            assert_lengths(parameters, &[state]);
        }
        let Vsgd { rate, phase, slow_constant, detect_outliers, epsilon } = settings;
        // What a new value weighs while measuring, and what is made of the mean square gradient.
        let (measured, factor) = match phase {
            Phase::Measure { step } => (Some(1.0 / step as f32), 1.0),
            Phase::Begin { step } => (Some(1.0 / step as f32), slow_constant),
            Phase::Descend => (None, 1.0),
        };
        let [mean, square, curvature, square_curvature, memory] = state;
        let read = [gradients, probe[0], probe[1]];
        let written = [parameters, mean, square, curvature, square_curvature, memory];
        for_blocks(read, written, #[inline(always)] |[g, there, g_there], [w, m, v, h, h2, tau]| {
            for i in 0..BLOCK {
                let bend = ((g[i] - g_there[i]) / (w[i] - there[i])).abs();
                let (from_mean, from_curvature) = (g[i] - m[i], bend - h[i]);
                let outlier = from_mean * from_mean > 4.0 * (v[i] - m[i] * m[i])
                    || from_curvature * from_curvature > 4.0 * (h2[i] - h[i] * h[i]) + CURVATURE_PRECISION * h[i] * h[i];
                let memory = if outlier && detect_outliers { tau[i] + 1.0 } else { tau[i] };
                let new = measured.unwrap_or(1.0 / memory);
                let kept = 1.0 - new;
                m[i] = kept * m[i] + new * g[i];
                v[i] = (kept * v[i] + new * g[i] * g[i]) * factor;
                h[i] = kept * h[i] + new * bend;
                h2[i] = kept * h2[i] + new * bend * bend;
                if measured.is_some() {
                    tau[i] = FIRST_MEMORY;
                    continue;
                }
                // The mean square is at least the square of the mean, but for rounding; where
                // there never was a gradient it is 0.
                let share = m[i] * m[i] / (v[i] + f32::MIN_POSITIVE);
                let share = if share < 1.0 { share } else { 1.0 };
                let own_rate = (h[i] + epsilon) / (h2[i] + epsilon) * share;
                tau[i] = (1.0 - share) * memory + 1.0;
                w[i] -= rate * own_rate * g[i];
            }
        });
    }
}
