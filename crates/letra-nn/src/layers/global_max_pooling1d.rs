use serde::{Deserialize, Serialize};

use super::window::{sequence, whole_numbered};
use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The largest value of each channel over the whole sequence.
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). The gradient goes to the value that won, the first of
/// equals.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalMaxPool1d {
    keepdims: bool,
}

impl GlobalMaxPool1d {
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

impl Layer for GlobalMaxPool1d {
    fn kind(&self) -> &'static str {
        "global_max_pooling1d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = whole_numbered(sequence(single_input(inputs)?)?)?;
        build.keep(pooling.channels);
        build.built(pooling);
        Ok(match self.keepdims {
            true => [1, pooling.channels].into(),
            false => [pooling.channels].into(),
        })
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (pooling, input) = (pass.built::<Pooling>(), pass.input(0));
        let codes = (!pass.keep.is_empty()).then_some(&mut *pass.keep);
        pooling.forward_max(pass.samples, input, pass.output, codes);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let pooling = pass.built::<Pooling>();
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            pooling.backward_max(pass.samples, pass.output_gradient, pass.keep, input_gradient);
        }
    }
}
