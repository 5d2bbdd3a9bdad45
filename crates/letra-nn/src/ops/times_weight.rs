use super::{Backward, Forward, Op};

/// Each group of neighbouring values, as many as the weight has, times the weight: *y* = γ *x*,
/// ∂*x* = γ ∂*y*, ∂γ = Σ *x* ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct TimesWeight;

impl Op for TimesWeight {
    fn forward(&self, pass: &mut Forward<'_>) {
        let gamma = pass.weights[0];
        let groups = pass.inputs[0].chunks_exact(gamma.len());
        for (y, x) in pass.outputs[0].chunks_exact_mut(gamma.len()).zip(groups) {
            for ((y, x), gamma) in y.iter_mut().zip(x).zip(gamma) {
                *y = gamma * x;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let gamma = pass.weights[0];
        let delta = &*pass.output_gradients[0];
        if let Some(sums) = &mut pass.weight_gradients[0] {
            let groups = pass.inputs[0].chunks_exact(gamma.len());
            for (x, delta) in groups.zip(delta.chunks_exact(gamma.len())) {
                for ((sum, x), delta) in sums.iter_mut().zip(x).zip(delta) {
                    *sum += x * delta;
                }
            }
        }
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let groups = delta.chunks_exact(gamma.len());
            for (gradient, delta) in gradient.chunks_exact_mut(gamma.len()).zip(groups) {
                for ((gradient, delta), gamma) in gradient.iter_mut().zip(delta).zip(gamma) {
                    *gradient = gamma * delta;
                }
            }
        }
    }
}
