use super::select_steps::masked_sequence;
use super::{Backward, Forward, Op};
use crate::Shape;
use crate::error::BuildError;

/// The mean of a sequence over the steps that count: of *x* `[steps, features]` and a mask *m*
/// `[steps]`, with *n* = Σ *m*\[t\],
///
/// *y* = Σ *m*\[t\] *x*\[t\] / *n*, ∂*x*\[t\] = *m*\[t\] ∂*y* / *n*,
///
/// where padding is left out and not multiplied by 0. Where no step counts, it is no number.
#[derive(Debug, Clone)]
pub(crate) struct MeanSteps {
    /// Of as many values as a step has.
    pub(crate) output: Shape,
}

impl Op for MeanSteps {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match masked_sequence(inputs)?.sizes() {
            &[_, features] if features == self.output.values() => Ok(vec![self.output.clone()]),
            _ => Err(BuildError::input(
                "a sequence [steps, features] and a mask [steps]",
                "add Reshape before it",
            )),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (steps, features) = (pass.inputs[1].len() / pass.samples, self.output.values());
        let samples = pass.inputs[0].chunks_exact(steps * features);
        let samples = samples.zip(pass.inputs[1].chunks_exact(steps));
        for (output, (input, mask)) in pass.outputs[0].chunks_exact_mut(features).zip(samples) {
            output.fill(0.0);
            for (row, _) in counted(input.chunks_exact(features), mask) {
                crate::kernels::reduce::add(output, row);
            }
            let count = count(mask);
            output.iter_mut().for_each(|sum| *sum /= count);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (steps, features) = (pass.inputs[1].len() / pass.samples, self.output.values());
        if let Some(gradient) = &mut pass.input_gradients[1] {
            gradient.fill(0.0);
        }
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        gradient.fill(0.0);
        let samples = gradient.chunks_exact_mut(steps * features);
        let samples = samples.zip(pass.inputs[1].chunks_exact(steps));
        for ((gradient, mask), given) in
            samples.zip(pass.output_gradients[0].chunks_exact(features))
        {
            let count = count(mask);
            for (row, _) in counted(gradient.chunks_exact_mut(features), mask) {
                let values = row.iter_mut().zip(given);
                values.for_each(|(own, given)| *own = given / count);
            }
        }
    }
}

/// The rows of the steps that count.
fn counted<R>(rows: impl Iterator<Item = R>, mask: &[f32]) -> impl Iterator<Item = (R, &f32)> {
    rows.zip(mask).filter(|(_, counts)| **counts != 0.0)
}

fn count(mask: &[f32]) -> f32 {
    mask.iter().filter(|counts| **counts != 0.0).count() as f32
}
