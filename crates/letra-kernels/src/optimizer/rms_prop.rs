use super::{BLOCK, assert_lengths, for_blocks, settled};
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
        for state in [&momenta, &averages].into_iter().flatten() {
            assert_lengths(parameters, &[state]);
        }
        let RmsProp { rate, rho, momentum, epsilon } = settings;
        let new = 1.0 - rho;
        // A square of the mean counts, or it does not; the same for the momentum.
        let center = f32::from(averages.is_some());
        let momentum = if momenta.is_some() { momentum } else { 0.0 };
        let (momenta, averages) = (momenta.unwrap_or_default(), averages.unwrap_or_default());
        let written = [parameters, velocities, momenta, averages];
        for_blocks([gradients], written, #[inline(always)] |[g], [w, v, b, a]| {
            for i in 0..BLOCK {
                v[i] = settled(rho * v[i] + new * g[i] * g[i]);
                a[i] = settled(rho * a[i] + new * g[i]);
                let step = rate * g[i] / (v[i] - center * a[i] * a[i] + epsilon).sqrt();
                b[i] = settled(momentum * b[i] + step);
                w[i] -= b[i];
            }
        });
    }
}
