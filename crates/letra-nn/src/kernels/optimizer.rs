//! Optimizer updates, each in one pass over the parameters.

/// w ← w − rate · g
pub fn sgd(parameters: &mut [f32], gradients: &[f32], rate: f32) {
    for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
        *parameter -= rate * gradient;
    }
}

/// v ← momentum · v − rate · g, then w ← w + v, or with `nesterov` w ← w + momentum · v − rate · g,
/// as Keras has it.
pub fn momentum(
    parameters: &mut [f32],
    gradients: &[f32],
    velocities: &mut [f32],
    rate: f32,
    momentum: f32,
    nesterov: bool,
) {
    for ((parameter, gradient), velocity) in parameters.iter_mut().zip(gradients).zip(velocities) {
        let step = rate * gradient;
        *velocity = momentum * *velocity - step;
        *parameter += if nesterov {
            momentum * *velocity - step
        } else {
            *velocity
        };
    }
}

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
    /// Number of this step, from 1.
    pub step: u64,
}

/// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − α m / (√v + ε) with
/// α = rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ).
pub fn adam(
    parameters: &mut [f32],
    gradients: &[f32],
    first_moments: &mut [f32],
    second_moments: &mut [f32],
    settings: Adam,
) {
    let alpha = settings.alpha();
    for (((parameter, gradient), first), second) in parameters
        .iter_mut()
        .zip(gradients)
        .zip(first_moments)
        .zip(second_moments)
    {
        *first += (gradient - *first) * (1.0 - settings.beta_1);
        *second += (gradient * gradient - *second) * (1.0 - settings.beta_2);
        *parameter -= *first * alpha / (second.sqrt() + settings.epsilon);
    }
}

impl Adam {
    /// rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    fn alpha(&self) -> f32 {
        let step = self.step as f64;
        let first = 1.0 - f64::from(self.beta_1).powf(step);
        let second = 1.0 - f64::from(self.beta_2).powf(step);
        (f64::from(self.rate) * second.sqrt() / first) as f32
    }
}
