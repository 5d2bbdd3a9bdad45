use super::{assert_lengths, mark, settled};
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

/// Values that are worked on together: few enough for the registers and the first-level cache.
const BLOCK: usize = 64;

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
    ) -> bool {
        assert_lengths(parameters, &[gradients, velocities]);
        for state in [&momenta, &averages].into_iter().flatten() {
            assert_lengths(parameters, &[state]);
        }
        let RmsProp { rate, rho, momentum, epsilon } = settings;
        let new = 1.0 - rho;
        let mut momenta = momenta.map(|all| all.chunks_mut(BLOCK));
        let mut averages = averages.map(|all| all.chunks_mut(BLOCK));
        let mut marks = 0;
        let blocks = parameters.chunks_mut(BLOCK).zip(velocities.chunks_mut(BLOCK));
        for ((w, v), g) in blocks.zip(gradients.chunks(BLOCK)) {
            let (mut steps, mut squares) = ([0.0; BLOCK], [0.0; BLOCK]);
            if let Some(averages) = averages.as_mut().and_then(Iterator::next) {
                for ((a, g), square) in averages.iter_mut().zip(g).zip(&mut squares) {
                    *a = settled(rho * *a + new * g);
                    *square = *a * *a;
                }
            }
            for (((step, v), g), square) in steps.iter_mut().zip(v).zip(g).zip(&squares) {
                *v = settled(rho * *v + new * g * g);
                *step = rate * g / (*v - square + epsilon).sqrt();
            }
            if let Some(momenta) = momenta.as_mut().and_then(Iterator::next) {
                for (b, step) in momenta.iter_mut().zip(&mut steps) {
                    *b = settled(momentum * *b + *step);
                    *step = *b;
                }
            }
            for (w, step) in w.iter_mut().zip(&steps) {
                *w -= step;
                marks |= mark(*w);
            }
        }
        marks == 0
    }
}
