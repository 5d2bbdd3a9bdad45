use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::Frame;

/// Zeros around a picture. The gradient of the picture is the inner part of the output's.
#[derive(Debug, Clone)]
pub(crate) struct Pad {
    pub(crate) frame: Frame,
}

impl Op for Pad {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.frame.outer.into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.frame.fill(pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            self.frame.cut(pass.output_gradients[0], input_gradient);
        }
    }
}
