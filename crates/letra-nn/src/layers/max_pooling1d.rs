use serde::{Deserialize, Serialize};

use super::window::{Windows, sequence};
use super::{Build, Layer, Padding, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The largest value of each window, channel by channel.
///
/// Input `[steps, channels]`, output `[n, channels]` with
/// n = ⌊(steps + padding − window) / stride⌋ + 1. The gradient goes to the value that won,
/// the first of equals. Defaults are Keras's: the stride is the window, no padding. Padded
/// steps never win.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxPool1d {
    window: usize,
    stride: usize,
    padding: Padding,
}

impl MaxPool1d {
    /// Windows of the given number of steps, side by side.
    pub fn new(window: usize) -> Self {
        MaxPool1d {
            window,
            stride: window,
            padding: Padding::Valid,
        }
    }

    /// Steps from one window to the next.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// Padding that makes the output ⌈steps / stride⌉.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// The window, where windows lie side by side and nothing is padded.
    pub(crate) fn plain_window(&self) -> Option<usize> {
        let plain = self.stride == self.window && self.padding == Padding::Valid;
        plain.then_some(self.window)
    }

    fn windows(&self) -> Windows {
        Windows::on_sequence(self.window, self.stride, self.padding)
    }
}

impl Layer for MaxPool1d {
    fn kind(&self) -> &'static str {
        "max_pooling1d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = self.windows().checked(sequence(single_input(inputs)?)?)?;
        build.keep(pooling.output_len());
        build.built(pooling);
        Ok([pooling.output_width(), pooling.channels].into())
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
