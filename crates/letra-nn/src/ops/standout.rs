use super::{Backward, Forward, Needs, Op, joined_shape, sample_range};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::reduce;

/// Units kept with a probability that a second input decides (Ba and Frey 2013, algorithm 2): of
/// *x* and *z*, *y* = *m* ⊙ *x* with a mask *m* ~ Bernoulli(π), π = σ(α *z* + β); when predicting,
/// the mask is its expectation: *y* = π ⊙ *x*.
///
/// While training the mask counts as given: ∂*x* = *m* ⊙ ∂*y*, ∂*z* = 0. Of a prediction,
/// ∂*x* = π ⊙ ∂*y* and ∂*z* = α π (1 − π) *x* ⊙ ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct Standout {
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
}

impl Op for Standout {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            // The mask or, without training, its probabilities.
            keep: inputs[0].values(),
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        2 * samples * inputs[0].values()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, z, output) = (pass.inputs[0], pass.inputs[1], &mut *pass.outputs[0]);
        let (factors, words) = pass.scratch.split_at_mut(input.len());
        for (factor, z) in factors.iter_mut().zip(z) {
            *factor = self.alpha * z + self.beta;
        }
        activation::forward(ActivationKind::Sigmoid, 1, factors, &mut []);
        if pass.training {
            let values = pass.input_shapes[0].values();
            let words: &mut [u32] = bytemuck::cast_slice_mut(words);
            for sample in 0..pass.samples {
                let words = &mut words[sample_range(sample, values)];
                pass.random.words(pass.first_sample + sample, words);
            }
            draw(words, factors);
        }
        if !pass.keep.is_empty() {
            pass.keep.copy_from_slice(factors);
        }
        output.copy_from_slice(input);
        reduce::multiply(output, factors);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (gradient, factors) = (&*pass.output_gradients[0], &*pass.keep);
        let [by_input, by_z] = &mut pass.input_gradients[..] else {
            return;
        };
        if let Some(by_input) = by_input {
            by_input.copy_from_slice(gradient);
            reduce::multiply(by_input, factors);
        }
        if let Some(by_z) = by_z {
            by_z.fill(0.0);
            if !pass.training {
                let values = gradient.iter().zip(pass.inputs[0]).zip(factors);
                for (by_z, ((gradient, x), p)) in by_z.iter_mut().zip(values) {
                    *by_z = self.alpha * p * (1.0 - p) * (gradient * x);
                }
            }
        }
    }
}

/// Turns probabilities into a mask in place: 1 where the unit's random word, as a number in [0, 1),
/// lies below the probability, else 0.
fn draw(words: &[u32], probabilities: &mut [f32]) {
    for (probability, word) in probabilities.iter_mut().zip(words) {
        let number = (word >> 8) as f32 * (1.0 / 16_777_216.0);
        *probability = f32::from(u8::from(number < *probability));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_kept_where_its_number_lies_below_its_probability() {
        let mut p = [0.0, 1.0, 0.5, 0.5, 0.25, f32::NAN];
        draw(
            &[0, u32::MAX, 0x7fff_ffff, 0x8000_0000, 0x3fff_ff00, 0],
            &mut p,
        );
        assert_eq!(p, [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    }
}
