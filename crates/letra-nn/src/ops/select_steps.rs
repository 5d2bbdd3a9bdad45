use super::{Backward, Forward, Op};
use crate::Shape;
use crate::error::BuildError;

/// A sequence with `fill` in the place of its padding: of *x* `[steps, …]` and a mask *m* `[steps]`,
///
/// *y*\[t\] = *x*\[t\] where *m*\[t\] ≠ 0, and `fill` elsewhere; ∂*x*\[t\] = ∂*y*\[t\] where
/// *m*\[t\] ≠ 0, and 0 elsewhere.
///
/// What stands in the padding, be it no number, does not spread: it is left, not multiplied by 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SelectSteps {
    pub(crate) fill: f32,
}

/// Checks that there are a sequence and a mask of as many steps; gives the sequence's shape.
pub(super) fn masked_sequence(inputs: &[Shape]) -> Result<&Shape, BuildError> {
    match inputs {
        [input, mask] if mask.rank() == 1 && input.sizes().first() == mask.sizes().first() => {
            Ok(input)
        }
        _ => Err(BuildError::input(
            "a sequence [steps, …] and a mask [steps]",
            "give it both",
        )),
    }
}

/// Values of a step.
fn features(inputs: &[Shape]) -> usize {
    inputs[0].sizes()[1..].iter().product()
}

impl Op for SelectSteps {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        masked_sequence(inputs).map(|input| vec![input.clone()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        select(
            (pass.inputs[0], pass.inputs[1]),
            features(pass.input_shapes),
            self.fill,
            pass.outputs[0],
        );
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let features = features(pass.input_shapes);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let given = (&*pass.output_gradients[0], pass.inputs[1]);
            select(given, features, 0.0, gradient);
        }
        if let Some(gradient) = &mut pass.input_gradients[1] {
            gradient.fill(0.0);
        }
    }
}

fn select((input, mask): (&[f32], &[f32]), features: usize, fill: f32, output: &mut [f32]) {
    let features = features.max(1);
    let rows = input.chunks_exact(features).zip(mask);
    for (output, (input, &counts)) in output.chunks_exact_mut(features).zip(rows) {
        match counts != 0.0 {
            true => output.copy_from_slice(input),
            false => output.fill(fill),
        }
    }
}
