use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;

/// A sequence from its last step to its first: of *x* `[steps, …]`, *y*\[t\] = *x*\[T − 1 − t\] with T
/// steps, and ∂*x*\[t\] = ∂*y*\[T − 1 − t\].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReverseSteps;

impl Op for ReverseSteps {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let input = single_input(inputs)?;
        match input.rank() {
            0 => Err(BuildError::input(
                "a sequence [steps, …]",
                "add Reshape before it",
            )),
            _ => Ok(vec![input.clone()]),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        reverse(&pass.input_shapes[0], pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(gradient) = &mut pass.input_gradients[0] {
            reverse(&pass.input_shapes[0], pass.output_gradients[0], gradient);
        }
    }
}

fn reverse(shape: &Shape, values: &[f32], reversed: &mut [f32]) {
    let step = (shape.sizes()[1..].iter().product::<usize>()).max(1);
    let sample = shape.values().max(1);
    let samples = values.chunks_exact(sample);
    for (to, from) in reversed.chunks_exact_mut(sample).zip(samples) {
        let steps = from.chunks_exact(step).rev();
        for (to, from) in to.chunks_exact_mut(step).zip(steps) {
            to.copy_from_slice(from);
        }
    }
}
