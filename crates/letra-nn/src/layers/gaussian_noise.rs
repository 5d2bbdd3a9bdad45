use serde::{Deserialize, Serialize};

use super::{Build, Layer, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::gaussian;
use crate::plan::pass::{Backward, Forward};

/// While training, adds to each value a normal random number of mean 0 and standard
/// deviation `stddev`: *y* = *x* + *n* (Keras's layer; Bishop, "Training with noise is
/// equivalent to Tikhonov regularization", 1995, says what it does).
///
/// Any shape. The gradient passes as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GaussianNoise {
    stddev: f32,
}

impl GaussianNoise {
    /// Noise of the given standard deviation, 0 or more.
    pub fn new(stddev: f32) -> Self {
        GaussianNoise { stddev }
    }
}

impl Layer for GaussianNoise {
    fn kind(&self) -> &'static str {
        "gaussian_noise"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        if !(self.stddev >= 0.0 && self.stddev.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has standard deviation {}: give it a finite number of 0 or more",
                self.stddev
            )));
        }
        let input = single_input(inputs)?;
        let values = input.values();
        build.scratch(move |_| values);
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        if !pass.training || self.stddev == 0.0 {
            pass.output.copy_from_slice(input);
            return;
        }
        let words: &mut [u32] = bytemuck::cast_slice_mut(pass.scratch);
        for sample in 0..pass.samples {
            let range = sample_range(sample, words.len());
            pass.random.words(pass.first_sample + sample, words);
            let output = &mut pass.output[range.clone()];
            gaussian::add_noise(self.stddev, words, &input[range], output);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            input_gradient.copy_from_slice(pass.output_gradient);
        }
    }
}
