use super::{Backward, Forward, Op, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;

/// How far the norm of a sample's values is from 1, squared (Gulrajani et al. 2017, eq. 3):
/// *y* = (‖*x*‖ − 1)², ∂*x* = 2 (‖*x*‖ − 1) *x* / ‖*x*‖ · ∂*y*, and 0 where all values are 0.
#[derive(Debug, Clone)]
pub(crate) struct NormPenalty;

pub(super) fn norm(values: &[f32]) -> f64 {
    let squares = values
        .iter()
        .map(|&value| f64::from(value) * f64::from(value));
    squares.sum::<f64>().sqrt()
}

impl Op for NormPenalty {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|_| vec![[1].into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = pass.input_shapes[0].values();
        for (sample, output) in pass.outputs[0].iter_mut().enumerate() {
            let norm = norm(&pass.inputs[0][sample_range(sample, values)]);
            *output = ((norm - 1.0) * (norm - 1.0)) as f32;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
            let range = sample_range(sample, values);
            let (input, gradient) = (&pass.inputs[0][range.clone()], &mut gradient[range]);
            let norm = norm(input);
            let factor = match norm == 0.0 {
                true => 0.0,
                false => (2.0 * (norm - 1.0) / norm * f64::from(delta)) as f32,
            };
            let both = gradient.iter_mut().zip(input);
            both.for_each(|(gradient, x)| *gradient = factor * x);
        }
    }
}
