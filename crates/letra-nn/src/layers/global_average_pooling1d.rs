use serde::{Deserialize, Serialize};

use super::window::{sequence, whole};
use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The mean of each channel over the whole sequence (Lin, Chen and Yan 2013, "Network in
/// network", section 3.2).
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). Each of *n* steps gets the share ∂*x* = ∂*y* / *n*.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalAveragePool1d {
    keepdims: bool,
}

impl GlobalAveragePool1d {
    /// With a flat output.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the output keeps the axis of steps, as size 1.
    pub fn keepdims(mut self, keepdims: bool) -> Self {
        self.keepdims = keepdims;
        self
    }
}

impl Layer for GlobalAveragePool1d {
    fn kind(&self) -> &'static str {
        "global_average_pooling1d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = whole(sequence(single_input(inputs)?)?);
        build.built(pooling);
        Ok(match self.keepdims {
            true => [1, pooling.channels].into(),
            false => [pooling.channels].into(),
        })
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (pooling, input) = (pass.built::<Pooling>(), pass.input(0));
        pooling.forward_average(pass.samples, input, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let pooling = pass.built::<Pooling>();
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            pooling.backward_average(pass.samples, pass.output_gradient, input_gradient);
        }
    }
}
