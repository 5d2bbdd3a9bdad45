use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

/// The settings of Adadelta (Zeiler, 2012).
#[derive(Clone, Copy, Debug)]
pub struct Adadelta {
    /// What the step is multiplied by.
    pub rate: f32,
    /// Decay of both means, ρ.
    pub rho: f32,
    /// ε, added to both means under their roots.
    pub epsilon: f32,
}

kernel! {
    /// a ← ρa + (1 − ρ)g², d = −√(b + ε) / √(a + ε) · g, b ← ρb + (1 − ρ)d², w ← w + rate · d.
    pub fn adadelta(
        parameters: &mut [f32],
        gradients: &[f32],
        square_gradients: &mut [f32],
        square_steps: &mut [f32],
        settings: Adadelta,
    ) -> bool {
        assert_lengths(parameters, &[gradients, square_gradients, square_steps]);
        let Adadelta { rate, rho, epsilon } = settings;
        let new = 1.0 - rho;
        let state = parameters.iter_mut().zip(square_gradients).zip(square_steps);
        let mut marks = 0;
        for (((parameter, square_gradient), square_step), gradient) in state.zip(gradients) {
            *square_gradient = settled(rho * *square_gradient + new * gradient * gradient);
            let step = -((*square_step + epsilon) / (*square_gradient + epsilon)).sqrt() * gradient;
            *square_step = settled(rho * *square_step + new * step * step);
            *parameter += rate * step;
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
