use serde::{Deserialize, Serialize};

use super::{Build, Layer, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dropout;
use crate::plan::pass::{Backward, Forward};

/// While training, sets each value to zero with probability `rate` and multiplies the
/// others by 1 / (1 − `rate`), so that nothing needs scaling when predicting
/// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, section 10, in the
/// "inverted" form that Keras uses).
///
/// The gradient passes where the value did, with the same factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dropout {
    rate: f32,
}

impl Dropout {
    /// Drops values with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        Dropout { rate }
    }
}

impl Layer for Dropout {
    fn kind(&self) -> &'static str {
        "dropout"
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
        build.keep(input.values());
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        if !pass.training || self.rate == 0.0 {
            pass.output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shape(0).values();
        let words = bytemuck::cast_slice_mut(pass.keep);
        for sample in 0..pass.samples {
            pass.random.words(pass.first_sample + sample, &mut words[sample_range(sample, values)]);
        }
        dropout::apply(self.rate, words, input, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        if self.rate == 0.0 {
            input_gradient.copy_from_slice(pass.output_gradient);
        } else {
            let words = bytemuck::cast_slice(pass.keep);
            dropout::apply(self.rate, words, pass.output_gradient, input_gradient);
        }
    }
}
