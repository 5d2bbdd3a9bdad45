use super::{assert_lengths, mark, settled};
use crate::simd::kernel;

kernel! {
    /// w ← w − rate · g. Gives whether all parameters are finite then, as each update does.
    pub fn sgd(parameters: &mut [f32], gradients: &[f32], rate: f32) -> bool {
        assert_lengths(parameters, &[gradients]);
        let mut marks = 0;
        for (parameter, gradient) in parameters.iter_mut().zip(gradients) {
            *parameter -= rate * gradient;
            marks |= mark(*parameter);
        }
        marks == 0
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
) -> bool {
    assert_lengths(parameters, &[gradients, velocities]);
    match nesterov {
        true => nesterov_update(parameters, gradients, velocities, rate, momentum),
        false => momentum_update(parameters, gradients, velocities, rate, momentum),
    }
}

kernel! {
    fn momentum_update(parameters: &mut [f32], gradients: &[f32], velocities: &mut [f32], rate: f32, momentum: f32) -> bool {
        let state = parameters.iter_mut().zip(velocities);
        let mut marks = 0;
        for ((parameter, velocity), gradient) in state.zip(gradients) {
            *velocity = settled(momentum * *velocity - rate * gradient);
            *parameter += *velocity;
            marks |= mark(*parameter);
        }
        marks == 0
    }

    fn nesterov_update(parameters: &mut [f32], gradients: &[f32], velocities: &mut [f32], rate: f32, momentum: f32) -> bool {
        let state = parameters.iter_mut().zip(velocities);
        let mut marks = 0;
        for ((parameter, velocity), gradient) in state.zip(gradients) {
            let step = rate * gradient;
            *velocity = settled(momentum * *velocity - step);
            *parameter += momentum * *velocity - step;
            marks |= mark(*parameter);
        }
        marks == 0
    }
}
