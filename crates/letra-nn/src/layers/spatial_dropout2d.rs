use serde::{Deserialize, Serialize};

use super::{Build, Layer, picture, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dropout;
use crate::plan::pass::{Backward, Forward};

/// While training, sets each whole channel of a picture to zero with probability `rate` and
/// multiplies the others by 1 / (1 − `rate`) (Tompson, Goroshin, Jain, LeCun and Bregler,
/// "Efficient object localization using convolutional networks", 2015, section 3.2).
///
/// Input and output `[height, width, channels]`. Neighbouring pixels of a map say nearly the
/// same, so dropping single ones, as [`Dropout`](super::Dropout) does, hides little. The
/// gradient passes where the channel did, with the same factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SpatialDropout2d {
    rate: f32,
}

impl SpatialDropout2d {
    /// Drops channels with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        SpatialDropout2d { rate }
    }

    /// Drops the same channels of every pixel: `words` holds a random word a channel,
    /// `row_words` is room for those of a row.
    fn apply(
        &self,
        width: usize,
        words: &[u32],
        row_words: &mut [u32],
        input: &[f32],
        output: &mut [f32],
    ) {
        let row = width * words.len();
        let row_words = &mut row_words[..row];
        row_words.chunks_exact_mut(words.len()).for_each(|pixel| pixel.copy_from_slice(words));
        for (input, output) in input.chunks_exact(row).zip(output.chunks_exact_mut(row)) {
            dropout::apply(self.rate, row_words, input, output);
        }
    }
}

impl Layer for SpatialDropout2d {
    fn kind(&self) -> &'static str {
        "spatial_dropout2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(BuildError::configuration(format!(
                "has rate {}: a rate is the share that is dropped, from 0 up to but not including 1",
                self.rate
            )));
        }
        let input = single_input(inputs)?;
        let [_, width, channels] = picture(input)?;
        build.keep(channels);
        build.scratch(move |_| width * channels);
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        if !pass.training || self.rate == 0.0 {
            pass.output.copy_from_slice(input);
            return;
        }
        let shape = pass.input_shape(0);
        let [_, width, channels] = picture(shape).expect("build checked the input");
        let row_words = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let kept = &mut pass.keep[sample_range(sample, channels)];
            let words: &mut [u32] = bytemuck::cast_slice_mut(kept);
            pass.random.words(pass.first_sample + sample, words);
            let range = sample_range(sample, shape.values());
            let output = &mut pass.output[range.clone()];
            self.apply(width, words, row_words, &input[range], output);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let shape = pass.input_shape(0);
        let [_, width, channels] = picture(shape).expect("build checked the input");
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        if !pass.training || self.rate == 0.0 {
            input_gradient.copy_from_slice(pass.output_gradient);
            return;
        }
        let row_words = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let words = bytemuck::cast_slice(&pass.keep[sample_range(sample, channels)]);
            let range = sample_range(sample, shape.values());
            let gradient = &pass.output_gradient[range.clone()];
            self.apply(width, words, row_words, gradient, &mut input_gradient[range]);
        }
    }
}
