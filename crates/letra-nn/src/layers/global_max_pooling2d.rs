use serde::{Deserialize, Serialize};

use super::window::{picture, whole_numbered};
use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The largest value of each channel over the whole picture.
///
/// Input `[height, width, channels]`, output `[channels]`, or `[1, 1, channels]` with
/// [`keepdims`](Self::keepdims). The gradient goes to the value that won, the first of
/// equals in row-major order.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct GlobalMaxPool2d {
    keepdims: bool,
}

impl GlobalMaxPool2d {
    /// With a flat output.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the output keeps the axes of height and width, as size 1.
    pub fn keepdims(mut self, keepdims: bool) -> Self {
        self.keepdims = keepdims;
        self
    }

    pub(crate) fn output_shape(self, pooling: &Pooling) -> Shape {
        match self.keepdims {
            true => [1, 1, pooling.channels].into(),
            false => [pooling.channels].into(),
        }
    }
}

impl Layer for GlobalMaxPool2d {
    fn kind(&self) -> &'static str {
        "global_max_pooling2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = whole_numbered(picture(single_input(inputs)?)?)?;
        build.keep(pooling.channels);
        build.built(pooling);
        Ok(self.output_shape(&pooling))
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
