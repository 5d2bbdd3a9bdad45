use super::{BLOCK, assert_lengths, load, settled, store};
use crate::simd::{dispatch, kernel};

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

/// v ← ρv + (1 − ρ)g², s = rate · g / √(v + ε), w ← w − s; with `averages`,
/// a ← ρa + (1 − ρ)g and s = rate · g / √(v − a² + ε); with `momenta`, b ← momentum · b + s
/// and w ← w − b.
pub fn rms_prop(
    parameters: &mut [f32],
    gradients: &[f32],
    velocities: &mut [f32],
    momenta: Option<&mut [f32]>,
    averages: Option<&mut [f32]>,
    settings: RmsProp,
) {
    assert_lengths(parameters, &[gradients, velocities]);
    for state in [&momenta, &averages].into_iter().flatten() {
        assert_lengths(parameters, &[state]);
    }
    dispatch(RmsPropUpdate {
        parameters,
        gradients,
        velocities,
        with_momenta: momenta.is_some(),
        momenta: momenta.unwrap_or_default(),
        centered: averages.is_some(),
        averages: averages.unwrap_or_default(),
        settings,
    });
}

kernel! {
    struct RmsPropUpdate<'a>(
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        velocities: &'a mut [f32],
        with_momenta: bool,
        momenta: &'a mut [f32],
        centered: bool,
        averages: &'a mut [f32],
        settings: RmsProp
    ) {
        let RmsProp { rate, rho, momentum, epsilon } = settings;
        let new = 1.0 - rho;
        // A square of the mean counts, or it does not; the same for the momentum.
        let (center, momentum) = (f32::from(centered), if with_momenta { momentum } else { 0.0 });
        for start in (0..parameters.len()).step_by(BLOCK) {
            let (mut w, g) = (load(parameters, start), load(gradients, start));
            let (mut v, mut b) = (load(velocities, start), load(momenta, start));
            let mut a = load(averages, start);
            for i in 0..BLOCK {
                v[i] = settled(rho * v[i] + new * g[i] * g[i]);
                a[i] = settled(rho * a[i] + new * g[i]);
                let step = rate * g[i] / (v[i] - center * a[i] * a[i] + epsilon).sqrt();
                b[i] = settled(momentum * b[i] + step);
                w[i] -= b[i];
            }
            store(&w, parameters, start);
            store(&v, velocities, start);
            store(&b, momenta, start);
            store(&a, averages, start);
        }
    }
}
