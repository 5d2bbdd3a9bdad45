use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::Interpolation;

/// A picture made larger by whole factors: each cell repeated, or lines between the centres of
/// neighbouring cells. The gradient goes back with the weights of the copies.
#[derive(Debug, Clone)]
pub(crate) struct UpSample(pub(crate) Interpolation);

impl Op for UpSample {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.0.larger().into()])
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.0.line_len()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.0
            .forward(pass.inputs[0], pass.outputs[0], pass.scratch);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let gradient = &*pass.output_gradients[0];
            self.0.backward(gradient, input_gradient, pass.scratch);
        }
    }
}
