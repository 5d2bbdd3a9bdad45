use serde::{Deserialize, Serialize};

use super::window::{Windows, picture};
use super::{Build, Layer, Padding, Window, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The mean of each window, channel by channel.
///
/// Input `[height, width, channels]`, output `[h, w, channels]` with
/// h = ⌊(height + padding − window) / stride⌋ + 1. A window of *k* cells passes its gradient
/// on in shares: ∂*x* = Σ ∂*y* / *k* over the windows that hold *x*. Cells of the padding
/// are not counted in *k*. Defaults are Keras's: the stride is the window, no padding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AveragePool2d {
    window: Window,
    stride: Window,
    padding: Padding,
}

impl AveragePool2d {
    /// Windows of the given height and width side by side; one number stands for both.
    pub fn new(window: impl Into<Window>) -> Self {
        let window = window.into();
        AveragePool2d {
            window,
            stride: window,
            padding: Padding::Valid,
        }
    }

    /// Steps from one window to the next.
    pub fn stride(mut self, stride: impl Into<Window>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Padding that makes the output ⌈size / stride⌉.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    fn windows(&self) -> Windows {
        Windows::on_picture(self.window, self.stride, self.padding)
    }
}

impl Layer for AveragePool2d {
    fn kind(&self) -> &'static str {
        "average_pooling2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = self.windows().checked(picture(single_input(inputs)?)?)?;
        build.built(pooling);
        Ok([pooling.output_height(), pooling.output_width(), pooling.channels].into())
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
