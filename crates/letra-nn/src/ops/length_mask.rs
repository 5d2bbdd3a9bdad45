use super::any_differs::no_gradient;
use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;

/// Of a length, one number a sample, the mask of a sequence of so many steps: `[steps]`, 1 for the
/// first ones, up to the length, and 0 for those that come after. No gradient goes back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LengthMask {
    pub(crate) steps: usize,
}

impl Op for LengthMask {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match single_input(inputs)?.values() {
            1 => Ok(vec![[self.steps].into()]),
            _ => Err(BuildError::input(
                "lengths, one number a sample",
                "give it an input of shape [1]",
            )),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let masks = pass.outputs[0].chunks_exact_mut(self.steps.max(1));
        for (mask, &length) in masks.zip(pass.inputs[0]) {
            // Lengths are whole numbers: the network's inputs are checked.
            let length = (length as usize).min(self.steps);
            mask[..length].fill(1.0);
            mask[length..].fill(0.0);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        no_gradient(pass);
    }
}
