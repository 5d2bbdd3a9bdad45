use super::{assert_lengths, settled};
use crate::simd::kernel;

/// The settings of RMSprop in the form of Keras.
#[derive(Clone, Copy, Debug)]
pub struct RmsProp {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the means, ρ.
    pub rho: f32,
    /// Momentum of the steps.
    pub momentum: f32,
    /// ε, added under the root.
    pub epsilon: f32,
}

kernel! {
    /// v ← ρv + (1 − ρ)g², s = rate · g / √(v + ε), w ← w − s; with `averages`,
    /// a ← ρa + (1 − ρ)g and s = rate · g / √(v − a² + ε); with `momenta`, b ← momentum · b + s
    /// and w ← w − b.
    pub fn rms_prop(
        parameters: &mut [f32],
        gradients: &[f32],
        velocities: &mut [f32],
        momenta: Option<&mut [f32]>,
        averages: Option<&mut [f32]>,
        settings: RmsProp
    ) {
        assert_lengths(parameters, &[gradients, velocities]);
        let RmsProp { rate, rho, momentum, epsilon } = settings;
        let new = 1.0 - rho;
        let (mut momenta, mut averages) = (momenta.map(|b| b.iter_mut()), averages.map(|a| a.iter_mut()));
        for ((w, v), g) in parameters.iter_mut().zip(velocities).zip(gradients) {
            *v = settled(rho * *v + new * g * g);
            let average = averages.as_mut().map_or(0.0, |averages| {
                let a = averages.next().expect("an average for each parameter");
                *a = settled(rho * *a + new * g);
                *a
            });
            let step = rate * g / (*v - average * average + epsilon).sqrt();
            *w -= momenta.as_mut().map_or(step, |momenta| {
                let b = momenta.next().expect("a step before for each parameter");
                *b = settled(momentum * *b + step);
                *b
            });
        }
    }
}
