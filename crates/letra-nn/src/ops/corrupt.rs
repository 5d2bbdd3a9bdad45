use super::{Backward, Forward, Needs, Op, pass_on, sample_range};
use crate::Shape;

/// While training, each value is lost with probability *p*, and 0, or 0 or 1, stands in its place; at
/// rest when predicting. The gradient of what was lost is 0, of the rest as it is.
#[derive(Debug, Clone)]
pub(crate) struct Corrupt {
    /// The share that is lost.
    pub(crate) rate: f32,
    /// Whether a lost value becomes 1 as often as 0.
    pub(crate) salt: bool,
}

impl Corrupt {
    fn is_lost(&self, word: u32) -> bool {
        f64::from(word) < f64::from(self.rate) * (1_u64 << 32) as f64
    }
}

impl Op for Corrupt {
    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            keep: inputs[0].values(),
            ..Needs::default()
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training || self.rate == 0.0 {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        let words: &mut [u32] = bytemuck::cast_slice_mut(pass.keep);
        for sample in 0..pass.samples {
            let words = &mut words[sample_range(sample, values)];
            pass.random.words(pass.first_sample + sample, words);
        }
        for ((output, input), &word) in output.iter_mut().zip(input).zip(&*words) {
            *output = match self.is_lost(word) {
                // The lowest bit says nothing about the highest ones.
                true if self.salt => (word & 1) as f32,
                true => 0.0,
                false => *input,
            };
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training || self.rate == 0.0 {
            return pass_on(pass);
        }
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let words: &[u32] = bytemuck::cast_slice(pass.keep);
        let known = pass.output_gradients[0].iter().zip(words);
        for (input_gradient, (&gradient, &word)) in input_gradient.iter_mut().zip(known) {
            *input_gradient = if self.is_lost(word) { 0.0 } else { gradient };
        }
    }
}
