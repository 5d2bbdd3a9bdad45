use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

/// The settings of Lion (Chen et al., 2023).
#[derive(Clone, Copy, Debug)]
pub struct Lion {
    /// Learning rate: the size of each step.
    pub rate: f32,
    /// The share of the momentum in the step, β₁.
    pub beta_1: f32,
    /// Decay of the momentum, β₂.
    pub beta_2: f32,
    /// λ of the decoupled weight decay.
    pub weight_decay: f32,
}

kernel! {
    /// w ← w − rate · (sign(β₁m + (1 − β₁)g) + λ w), m ← β₂m + (1 − β₂)g, the sign of 0 being 0.
    /// What is not finite has no sign: the parameter is then no number.
    pub fn lion(parameters: &mut [f32], gradients: &[f32], momenta: &mut [f32], settings: Lion) -> bool {
        assert_lengths(parameters, &[gradients, momenta]);
        let Lion { rate, beta_1, beta_2, weight_decay } = settings;
        let kept = 1.0 - rate * weight_decay;
        let (new_1, new_2) = (1.0 - beta_1, 1.0 - beta_2);
        let mut marks = 0;
        for ((parameter, momentum), gradient) in parameters.iter_mut().zip(momenta).zip(gradients) {
            let direction = beta_1 * *momentum + new_1 * gradient;
            let above = if direction > 0.0 { 1.0 } else { 0.0 };
            let below = if direction < 0.0 { 1.0 } else { 0.0 };
            // 0 times what is not finite is no number: the sign alone would hide it.
            let sign = above - below + 0.0 * direction;
            *parameter = kept * *parameter - rate * sign;
            *momentum = settled(beta_2 * *momentum + new_2 * gradient);
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
