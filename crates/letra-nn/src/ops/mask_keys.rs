use super::{Backward, Forward, Op};
use crate::Shape;
use crate::error::BuildError;

/// What a score becomes whose key is padding: so low that a softmax gives it 0, and yet a number, so
/// that a row without any key that counts is no row of no numbers.
const LOWEST: f32 = -1e9;

/// Scores `[…, steps, others]` in which those of the others that a mask `[others]` calls padding are
/// put out of the running; no gradient goes back to them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaskKeys;

impl Op for MaskKeys {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match inputs {
            [scores, mask] if mask.rank() == 1 && scores.sizes().last() == mask.sizes().first() => {
                Ok(vec![scores.clone()])
            }
            _ => Err(BuildError::input(
                "scores […, others] and a mask [others]",
                "give it both",
            )),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        fill(pass.samples, pass.inputs[1], LOWEST, pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        fill(pass.samples, pass.inputs[1], 0.0, pass.output_gradients[0]);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            gradient.copy_from_slice(pass.output_gradients[0]);
        }
        if let Some(gradient) = &mut pass.input_gradients[1] {
            gradient.fill(0.0);
        }
    }
}

/// Overwrites the scores of keys that are padding.
fn fill(samples: usize, masks: &[f32], value: f32, scores: &mut [f32]) {
    let (others, each) = (masks.len() / samples.max(1), scores.len() / samples.max(1));
    for (scores, mask) in scores
        .chunks_exact_mut(each)
        .zip(masks.chunks_exact(others))
    {
        for row in scores.chunks_exact_mut(others) {
            let padding = row
                .iter_mut()
                .zip(mask)
                .filter(|(_, counts)| **counts == 0.0);
            padding.for_each(|(score, _)| *score = value);
        }
    }
}
