use super::{Backward, Forward, Op, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::optimizer::{penalize, penalty};

/// The penalty on a sample's values, λ₁ Σ|*x*| + λ₂ Σ*x*², one number; with δ its gradient,
/// ∂*x* = δ (λ₁ sign(*x*) + 2 λ₂ *x*).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Penalize {
    pub(crate) l1: f32,
    pub(crate) l2: f32,
}

impl Op for Penalize {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|_| vec![[1].into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = pass.input_shapes[0].values();
        for (sample, output) in pass.outputs[0].iter_mut().enumerate() {
            let input = &pass.inputs[0][sample_range(sample, values)];
            *output = penalty(input, self.l1, self.l2) as f32;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        gradient.fill(0.0);
        let values = pass.input_shapes[0].values();
        for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
            let range = sample_range(sample, values);
            let (input, gradient) = (&pass.inputs[0][range.clone()], &mut gradient[range]);
            penalize(input, gradient, delta * self.l1, delta * self.l2);
        }
    }
}
