use serde::{Deserialize, Serialize};

use super::resampling::shares;
use super::{Build, Factor, Layer, picture, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::contrast::Contrast;
use crate::plan::pass::{Backward, Forward};

/// While training, gives each picture more or less contrast at random.
///
/// Input and output `[height, width, channels]`. With *f* drawn from `factor`, from −1 to 1,
/// and *m* the mean of the picture's channel,
///
/// *y* = *m* + (1 + *f*) (*x* − *m*), held within `value_range`.
///
/// With *g* the gradient where the value was not held back and 0 elsewhere,
/// ∂*x* = (1 + *f*) *g* − *f* · mean(*g*). Defaults are Keras's: values from 0 to 255; for
/// pictures of values from 0 to 1 say `value_range(0.0, 1.0)`. Keras writes a pair of bounds
/// as two positive numbers; here the lower bound has its sign.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomContrast {
    factor: Factor,
    value_range: [f32; 2],
}

impl RandomContrast {
    /// Contrast by a factor: 0.2 stands for a fifth less to a fifth more, a pair for its
    /// bounds.
    pub fn new(factor: impl Into<Factor>) -> Self {
        RandomContrast {
            factor: factor.into(),
            value_range: [0.0, 255.0],
        }
    }

    /// The lowest and the highest value that a pixel can have.
    pub fn value_range(mut self, low: f32, high: f32) -> Self {
        self.value_range = [low, high];
        self
    }

    fn contrast(&self, channels: usize, factor: f32) -> Contrast {
        Contrast {
            channels,
            factor,
            range: self.value_range,
        }
    }
}

impl Layer for RandomContrast {
    fn kind(&self) -> &'static str {
        "random_contrast"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        self.factor.check("factor", -1.0, 1.0)?;
        let [low, high] = self.value_range;
        if !(low < high && low.is_finite() && high.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has values from {low} to {high}: give it two finite numbers, the lower one first"
            )));
        }
        let input = single_input(inputs)?;
        let [_, _, channels] = picture(input)?;
        build.keep(1);
        build.scratch(move |_| channels);
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        if !pass.training {
            pass.output.copy_from_slice(input);
            return;
        }
        let shape = pass.input_shape(0);
        let [_, _, channels] = picture(shape).expect("build checked the input");
        for (sample, kept) in pass.keep.iter_mut().enumerate() {
            let [share] = shares(&pass.random, pass.first_sample + sample);
            *kept = (1.0 + self.factor.at(share)) as f32;
            let range = sample_range(sample, shape.values());
            let output = &mut pass.output[range.clone()];
            self.contrast(channels, *kept).forward(&input[range], output, pass.scratch);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (shape, input) = (pass.input_shape(0), pass.input(0));
        let [_, _, channels] = picture(shape).expect("build checked the input");
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        if !pass.training {
            input_gradient.copy_from_slice(pass.output_gradient);
            return;
        }
        for (sample, kept) in pass.keep.iter().enumerate() {
            let range = sample_range(sample, shape.values());
            self.contrast(channels, *kept).backward(
                &input[range.clone()],
                &pass.output_gradient[range.clone()],
                &mut input_gradient[range],
                pass.scratch,
            );
        }
    }
}
