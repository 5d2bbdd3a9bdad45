use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

/// The settings of Adam (Kingma & Ba, 2015) in the form of Keras.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the first moment, β₁.
    pub beta_1: f32,
    /// Decay of the second moment, β₂.
    pub beta_2: f32,
    /// ε, added to the root of the second moment.
    pub epsilon: f32,
    /// λ of the decoupled weight decay (Loshchilov & Hutter, 2019); 0 for Adam itself.
    pub weight_decay: f32,
    /// Number of this step, from 1.
    pub step: u64,
}

kernel! {
    /// w ← w − rate · λ w, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − α m / (√v + ε) with
    /// α = rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ).
    pub fn adam(
        parameters: &mut [f32],
        gradients: &[f32],
        first_moments: &mut [f32],
        second_moments: &mut [f32],
        settings: Adam,
    ) -> bool {
        assert_lengths(parameters, &[gradients, first_moments, second_moments]);
        let alpha = settings.alpha();
        let kept = 1.0 - settings.rate * settings.weight_decay;
        let (new_1, new_2) = (1.0 - settings.beta_1, 1.0 - settings.beta_2);
        let state = parameters.iter_mut().zip(first_moments).zip(second_moments);
        let mut marks = 0;
        for (((parameter, first), second), gradient) in state.zip(gradients) {
            *first = settled(*first + (gradient - *first) * new_1);
            *second = settled(*second + (gradient * gradient - *second) * new_2);
            *parameter = kept * *parameter - *first * alpha / (second.sqrt() + settings.epsilon);
            marks |= mark(*parameter);
        }
        marks == 0
    }
}

kernel! {
    /// As [`adam`], but divided by the root of the largest second moment so far, v̂ ← max(v̂, v):
    /// AMSGrad (Reddi, Kale & Kumar, 2018).
    pub fn amsgrad(
        parameters: &mut [f32],
        gradients: &[f32],
        first_moments: &mut [f32],
        second_moments: &mut [f32],
        largest: &mut [f32],
        settings: Adam,
    ) -> bool {
        assert_lengths(parameters, &[gradients, first_moments, second_moments, largest]);
        let alpha = settings.alpha();
        let kept = 1.0 - settings.rate * settings.weight_decay;
        let (new_1, new_2) = (1.0 - settings.beta_1, 1.0 - settings.beta_2);
        let moments = first_moments.iter_mut().zip(second_moments).zip(largest);
        let state = parameters.iter_mut().zip(moments);
        let mut marks = 0;
        for ((parameter, ((first, second), largest)), gradient) in state.zip(gradients) {
            *first = settled(*first + (gradient - *first) * new_1);
            *second = settled(*second + (gradient * gradient - *second) * new_2);
            // Written so that what is no number is not lost, as it would be in `max`.
            *largest = if *largest > *second { *largest } else { *second };
            *parameter = kept * *parameter - *first * alpha / (largest.sqrt() + settings.epsilon);
            marks |= mark(*parameter);
        }
        marks == 0
    }
}

impl Adam {
    /// rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    fn alpha(&self) -> f32 {
        let step = self.step as f64;
        let first = 1.0 - libm::pow(f64::from(self.beta_1), step);
        let second = 1.0 - libm::pow(f64::from(self.beta_2), step);
        (f64::from(self.rate) * second.sqrt() / first) as f32
    }
}
