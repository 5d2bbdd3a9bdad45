use super::{Backward, Forward, Op, pass_on};
use crate::Shape;

/// Scores `[…, steps, others]` of which row *t* keeps those of the others up to number *t* and gets
/// −∞ for those that come later, so that a softmax over them gives these 0. No gradient goes back to
/// what was masked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CausalMask;

/// Overwrites all that comes later than its row.
fn mask(input: &Shape, value: f32, scores: &mut [f32]) {
    let &[.., steps, others] = input.sizes() else {
        return;
    };
    for matrix in scores.chunks_exact_mut(steps * others) {
        for (step, row) in matrix.chunks_exact_mut(others).enumerate() {
            row[others.min(step + 1)..].fill(value);
        }
    }
}

impl Op for CausalMask {
    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        mask(&pass.input_shapes[0], f32::NEG_INFINITY, pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        mask(&pass.input_shapes[0], 0.0, pass.output_gradients[0]);
        pass_on(pass);
    }
}
