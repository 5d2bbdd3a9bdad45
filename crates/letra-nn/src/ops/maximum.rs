use super::{Backward, Forward, Op, last_axis, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::maxout;

/// The largest of several pieces, unit by unit: input `[…, pieces · units]`, piece by piece,
/// output `[…, units]`. The gradient goes to the piece that won, the first of equals.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    pub(crate) pieces: usize,
}

impl Op for Maximum {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let mut sizes = single_input(inputs)?.sizes().to_vec();
        if let Some(last) = sizes.last_mut() {
            *last /= self.pieces;
        }
        Ok(vec![sizes.into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let units = last_axis(&pass.input_shapes[0]) / self.pieces;
        maxout::forward(self.pieces, units, pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let units = last_axis(&pass.input_shapes[0]) / self.pieces;
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            maxout::backward(
                self.pieces,
                units,
                pass.inputs[0],
                pass.outputs[0],
                pass.output_gradients[0],
                input_gradient,
            );
        }
    }
}
