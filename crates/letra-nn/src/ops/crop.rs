use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::Frame;

/// The inner part of a picture. The gradient of what was cut off is 0.
#[derive(Debug, Clone)]
pub(crate) struct Crop {
    pub(crate) frame: Frame,
}

impl Op for Crop {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        let Frame {
            outer: [_, _, channels],
            inner: [height, width],
            ..
        } = self.frame;
        Ok(vec![[height, width, channels].into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.frame.cut(pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            self.frame.fill(pass.output_gradients[0], input_gradient);
        }
    }
}
