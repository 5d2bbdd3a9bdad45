use super::{Backward, Forward, Needs, Op, pass_on, sample_range};
use crate::Shape;
use crate::kernels::dropout;

/// Dropout of whole channels: each is zero in all of a picture or in none of it.
#[derive(Debug, Clone)]
pub(crate) struct ChannelDropout {
    pub(crate) rate: f32,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl ChannelDropout {
    /// Drops the same channels of every pixel: `words` holds a random word a channel,
    /// `row_words` is room for those of a row.
    fn apply(&self, words: &[u32], row_words: &mut [u32], input: &[f32], output: &mut [f32]) {
        let pixels = row_words.chunks_exact_mut(self.channels);
        pixels.for_each(|pixel| pixel.copy_from_slice(words));
        let rows = output.chunks_exact_mut(row_words.len());
        for (input, output) in input.chunks_exact(row_words.len()).zip(rows) {
            dropout::apply(self.rate, row_words, input, output);
        }
    }
}

impl Op for ChannelDropout {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: self.channels,
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.width * self.channels
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training || self.rate == 0.0 {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        let row_words = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let kept = &mut pass.keep[sample_range(sample, self.channels)];
            let words: &mut [u32] = bytemuck::cast_slice_mut(kept);
            pass.random.words(pass.first_sample + sample, words);
            let range = sample_range(sample, values);
            self.apply(words, row_words, &input[range.clone()], &mut output[range]);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training || self.rate == 0.0 {
            return pass_on(pass);
        }
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        let row_words = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let words = bytemuck::cast_slice(&pass.keep[sample_range(sample, self.channels)]);
            let range = sample_range(sample, values);
            let gradient = &pass.output_gradients[0][range.clone()];
            self.apply(words, row_words, gradient, &mut input_gradient[range]);
        }
    }
}
