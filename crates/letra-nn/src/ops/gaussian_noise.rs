use super::{Backward, Forward, Op, pass_on, sample_range};
use crate::Shape;
use crate::kernels::gaussian;

/// While training, a normal random number of mean 0 and standard deviation `stddev` is added to
/// each value. The gradient passes as it is.
#[derive(Debug, Clone)]
pub(crate) struct GaussianNoise {
    pub(crate) stddev: f32,
}

impl Op for GaussianNoise {
    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        inputs[0].values()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training || self.stddev == 0.0 {
            output.copy_from_slice(input);
            return;
        }
        let words: &mut [u32] = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let range = sample_range(sample, words.len());
            pass.random.words(pass.first_sample + sample, words);
            let output = &mut output[range.clone()];
            gaussian::add_noise(self.stddev, words, &input[range], output);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        pass_on(pass);
    }
}
