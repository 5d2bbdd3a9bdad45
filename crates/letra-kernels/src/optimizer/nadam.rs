use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

/// The settings of a step of Nadam (Dozat, 2016).
#[derive(Clone, Copy, Debug)]
pub struct Nadam {
    /// Decay of the first moment, β₁.
    pub beta_1: f32,
    /// Decay of the second moment, β₂.
    pub beta_2: f32,
    /// ε, added to the root of the second moment.
    pub epsilon: f32,
    /// What the first moment is multiplied by in this step, the rate included.
    pub of_moment: f32,
    /// What the gradient is multiplied by, the rate included.
    pub of_gradient: f32,
    /// What the second moment is multiplied by: 1 / (1 − β₂ᵗ).
    pub of_square: f32,
}

kernel! {
    /// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
    /// w ← w − (of_moment · m + of_gradient · g) / (√(of_square · v) + ε).
    pub fn nadam(
        parameters: &mut [f32],
        gradients: &[f32],
        first_moments: &mut [f32],
        second_moments: &mut [f32],
        settings: Nadam,
    ) -> bool {
        assert_lengths(parameters, &[gradients, first_moments, second_moments]);
        let Nadam { epsilon, of_moment, of_gradient, of_square, .. } = settings;
        let (new_1, new_2) = (1.0 - settings.beta_1, 1.0 - settings.beta_2);
        let state = parameters.iter_mut().zip(first_moments).zip(second_moments);
        let mut marks = 0;
        for (((parameter, first), second), gradient) in state.zip(gradients) {
            *first = settled(*first + (gradient - *first) * new_1);
            *second = settled(*second + (gradient * gradient - *second) * new_2);
            let step = of_moment * *first + of_gradient * gradient;
            *parameter -= step / ((of_square * *second).sqrt() + epsilon);
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
