use super::{Backward, Forward, Op};

/// Gives its input as it is, and its gradient turned round: *y* = *x*, ∂*x* = −λ ∂*y*, with
/// λ = `factor` · (2 / (1 + exp(−γ *p*)) − 1) and *p* the share of so many steps that have been taken, at most 1;
/// without a schedule λ = `factor`.
#[derive(Debug, Clone)]
pub(crate) struct ReverseGradient {
    pub(crate) factor: f32,
    /// γ and the steps.
    pub(crate) schedule: Option<(f32, u64)>,
}

/// The factor λ of a step.
pub(super) fn risen(factor: f32, schedule: Option<(f32, u64)>, step: u64) -> f32 {
    match schedule {
        None => factor,
        Some((gamma, steps)) => {
            let share = (step as f64 / steps as f64).min(1.0);
            let rise = 2.0 / (1.0 + libm::exp(-f64::from(gamma) * share)) - 1.0;
            (f64::from(factor) * rise) as f32
        }
    }
}

impl Op for ReverseGradient {
    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let factor = -risen(self.factor, self.schedule, pass.step);
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let both = input_gradient.iter_mut().zip(&*pass.output_gradients[0]);
            both.for_each(|(gradient, delta)| *gradient = factor * delta);
        }
    }
}
