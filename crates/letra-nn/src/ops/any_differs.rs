use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;

/// For each step of `[steps, …]`, 1 where any of its values is another than `value`, and 0 where all
/// are that: `[steps]`. No gradient goes back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyDiffers {
    pub(crate) value: f32,
}

impl Op for AnyDiffers {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match single_input(inputs)?.sizes() {
            [] => Err(BuildError::input(
                "a sequence [steps, …]",
                "add Reshape before it",
            )),
            &[steps, ..] => Ok(vec![[steps].into()]),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let steps = pass.samples * pass.input_shapes[0].sizes()[0];
        let features = pass.inputs[0].len() / steps.max(1);
        let rows = pass.inputs[0].chunks_exact(features.max(1));
        for (counts, row) in pass.outputs[0].iter_mut().zip(rows) {
            *counts = f32::from(u8::from(row.iter().any(|value| *value != self.value)));
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        no_gradient(pass);
    }
}

/// The backward pass of an op whose outputs follow from its inputs in jumps: all gradients are 0.
pub(super) fn no_gradient(pass: &mut Backward<'_>) {
    let gradients = pass.input_gradients.iter_mut().flatten();
    gradients.for_each(|gradient| gradient.fill(0.0));
}
