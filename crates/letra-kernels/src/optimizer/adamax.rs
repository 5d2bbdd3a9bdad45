use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

/// The settings of Adamax (Kingma & Ba, 2015, algorithm 2) in the form of Keras.
#[derive(Clone, Copy, Debug)]
pub struct Adamax {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the first moment, β₁.
    pub beta_1: f32,
    /// Decay of the largest gradient, β₂.
    pub beta_2: f32,
    /// ε, added to the largest gradient.
    pub epsilon: f32,
    /// Number of this step, from 1.
    pub step: u64,
}

kernel! {
    /// m ← β₁m + (1 − β₁)g, u ← max(β₂u, |g|), w ← w − rate / (1 − β₁ᵗ) · m / (u + ε).
    pub fn adamax(
        parameters: &mut [f32],
        gradients: &[f32],
        first_moments: &mut [f32],
        norms: &mut [f32],
        settings: Adamax,
    ) -> bool {
        assert_lengths(parameters, &[gradients, first_moments, norms]);
        let Adamax { rate, beta_1, beta_2, epsilon, step } = settings;
        let alpha = (f64::from(rate) / (1.0 - libm::pow(f64::from(beta_1), step as f64))) as f32;
        let new = 1.0 - beta_1;
        let state = parameters.iter_mut().zip(first_moments).zip(norms);
        let mut marks = 0;
        for (((parameter, first), norm), gradient) in state.zip(gradients) {
            *first = settled(*first + (gradient - *first) * new);
            let (decayed, size) = (beta_2 * *norm, gradient.abs());
            // Written so that what is no number is not lost, as it would be in `max`.
            *norm = settled(if decayed > size { decayed } else { size });
            *parameter -= *first * alpha / (*norm + epsilon);
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
