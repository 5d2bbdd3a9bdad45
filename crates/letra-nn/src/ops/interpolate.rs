use super::{Backward, Forward, Needs, Op, joined_shape, sample_range};
use crate::Shape;
use crate::error::BuildError;

/// A point between two, another for each sample (Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017,
/// algorithm 1): *y* = ε *a* + (1 − ε) *b* with ε uniform in [0, 1), ∂*a* = ε ∂*y*, ∂*b* = (1 − ε) ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct Interpolate;

impl Op for Interpolate {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs::new().keep(1)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = pass.input_shapes[0].values();
        for sample in 0..pass.samples {
            let mut word = [0];
            pass.random.words(pass.first_sample + sample, &mut word);
            let share = (word[0] >> 8) as f32 / (1_u32 << 24) as f32;
            if let Some(kept) = pass.keep.get_mut(sample) {
                *kept = share;
            }
            let range = sample_range(sample, values);
            let (a, b) = (
                &pass.inputs[0][range.clone()],
                &pass.inputs[1][range.clone()],
            );
            let known = a.iter().zip(b);
            for (y, (a, b)) in pass.outputs[0][range].iter_mut().zip(known) {
                *y = share * a + (1.0 - share) * b;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let values = pass.input_shapes[0].values();
        for (index, gradient) in pass.input_gradients.iter_mut().enumerate() {
            let Some(gradient) = gradient else { continue };
            for (sample, &share) in pass.keep.iter().enumerate().take(pass.samples) {
                let factor = if index == 0 { share } else { 1.0 - share };
                let range = sample_range(sample, values);
                let delta = &pass.output_gradients[0][range.clone()];
                let both = gradient[range].iter_mut().zip(delta);
                both.for_each(|(gradient, delta)| *gradient = factor * delta);
            }
        }
    }
}
