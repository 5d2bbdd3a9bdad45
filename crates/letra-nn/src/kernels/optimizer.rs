//! Optimizer updates, each in one pass over the parameters.

use super::simd::{dispatch, kernel};

/// w ← w − rate · g
pub fn sgd(parameters: &mut [f32], gradients: &[f32], rate: f32) {
    assert_eq!(
        parameters.len(),
        gradients.len(),
        "parameters and gradients differ in length"
    );
    dispatch(SgdUpdate {
        parameters,
        gradients,
        rate,
    });
}

kernel! {
    struct SgdUpdate<'a>(parameters: &'a mut [f32], gradients: &'a [f32], rate: f32) {
        for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
            *parameter -= rate * gradient;
        }
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
    assert_eq!(
        parameters.len(),
        gradients.len(),
        "parameters and gradients differ in length"
    );
    assert_eq!(
        parameters.len(),
        velocities.len(),
        "parameters and velocities differ in length"
    );
    match nesterov {
        true => dispatch(NesterovUpdate {
            parameters,
            gradients,
            velocities,
            rate,
            momentum,
        }),
        false => dispatch(MomentumUpdate {
            parameters,
            gradients,
            velocities,
            rate,
            momentum,
        }),
    }
}

kernel! {
    struct MomentumUpdate<'a>(
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        velocities: &'a mut [f32],
        rate: f32,
        momentum: f32
    ) {
        let state = parameters.iter_mut().zip(velocities);
        for ((parameter, velocity), gradient) in state.zip(gradients) {
            *velocity = momentum * *velocity - rate * gradient;
            *parameter += *velocity;
        }
    }
}

kernel! {
    struct NesterovUpdate<'a>(
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        velocities: &'a mut [f32],
        rate: f32,
        momentum: f32
    ) {
        let state = parameters.iter_mut().zip(velocities);
        for ((parameter, velocity), gradient) in state.zip(gradients) {
            let step = rate * gradient;
            *velocity = momentum * *velocity - step;
            *parameter += momentum * *velocity - step;
        }
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
    assert_eq!(
        parameters.len(),
        gradients.len(),
        "parameters and gradients differ in length"
    );
    assert_eq!(
        parameters.len(),
        first_moments.len(),
        "parameters and moments differ in length"
    );
    assert_eq!(
        parameters.len(),
        second_moments.len(),
        "parameters and moments differ in length"
    );
    dispatch(AdamUpdate {
        parameters,
        gradients,
        first_moments,
        second_moments,
        settings,
    });
}

kernel! {
    struct AdamUpdate<'a>(
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        first_moments: &'a mut [f32],
        second_moments: &'a mut [f32],
        settings: Adam
    ) {
        let alpha = settings.alpha();
        let (new_1, new_2) = (1.0 - settings.beta_1, 1.0 - settings.beta_2);
        let state = parameters.iter_mut().zip(first_moments).zip(second_moments);
        for (((parameter, first), second), gradient) in state.zip(gradients) {
            *first += (gradient - *first) * new_1;
            *second += (gradient * gradient - *second) * new_2;
            *parameter -= *first * alpha / (second.sqrt() + settings.epsilon);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise::Noise;
    use crate::kernels::simd::tests::on_each_instruction_set;

    /// Runs four steps of `update` on [parameters, gradients, first, second state] and of `twin`
    /// on the values of one parameter each, and compares.
    fn check(update: impl Fn([&mut [f32]; 4], u64), twin: impl Fn([&mut f64; 4], u64)) {
        let mut noise = Noise::new(13);
        for length in [0, 1, 9, 33, 250] {
            let start = [noise.values(length), noise.values(length)];
            on_each_instruction_set(|| {
                let [mut parameters, mut gradients] = start.clone();
                let [mut first, mut second] = [vec![0.0; length], vec![0.0; length]];
                for step in 1..=4 {
                    let state = [&mut parameters, &mut gradients, &mut first, &mut second];
                    update(state.map(Vec::as_mut_slice), step);
                }
                for (i, parameter) in parameters.iter().enumerate() {
                    let [mut expected, mut gradient] = [0, 1].map(|k| f64::from(start[k][i]));
                    let [mut first, mut second] = [0.0; 2];
                    for step in 1..=4 {
                        twin(
                            [&mut expected, &mut gradient, &mut first, &mut second],
                            step,
                        );
                    }
                    assert!((f64::from(*parameter) - expected).abs() < 1e-6);
                }
            });
        }
    }

    #[test]
    fn sgd_agrees_with_its_twin() {
        check(
            |[parameters, gradients, ..], _| sgd(parameters, gradients, 0.3),
            |[w, g, ..], _| *w -= 0.3 * *g,
        );
    }

    #[test]
    fn momentum_agrees_with_its_twin() {
        for nesterov in [false, true] {
            check(
                |[parameters, gradients, velocities, _], _| {
                    momentum(parameters, gradients, velocities, 0.1, 0.9, nesterov);
                },
                |[w, g, v, _], _| {
                    *v = 0.9 * *v - 0.1 * *g;
                    *w += if nesterov { 0.9 * *v - 0.1 * *g } else { *v };
                },
            );
        }
    }

    #[test]
    fn adam_agrees_with_its_twin() {
        check(
            |[parameters, gradients, first, second], step| {
                let settings = Adam {
                    rate: 0.01,
                    beta_1: 0.9,
                    beta_2: 0.99,
                    epsilon: 1e-4,
                    step,
                };
                adam(parameters, gradients, first, second, settings);
            },
            |[w, g, m, v], step| {
                let t = step as i32;
                *m = 0.9 * *m + 0.1 * *g;
                *v = 0.99 * *v + 0.01 * *g * *g;
                let alpha = 0.01 * (1.0 - 0.99_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
                *w -= alpha * *m / (v.sqrt() + 1e-4);
            },
        );
    }
}
