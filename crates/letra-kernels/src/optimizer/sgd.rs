use super::settled;
use crate::simd::{dispatch, kernel};

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
            *velocity = settled(momentum * *velocity - rate * gradient);
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
            *velocity = settled(momentum * *velocity - step);
            *parameter += momentum * *velocity - step;
        }
    }
}
