use serde::{Deserialize, Serialize};

use super::window::{Windows, sequence};
use super::{Build, Layer, Padding, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// The mean of each window, channel by channel.
///
/// Input `[steps, channels]`, output `[n, channels]` with
/// n = ⌊(steps + padding − window) / stride⌋ + 1. A window of *k* steps passes its gradient
/// on in shares: ∂*x* = Σ ∂*y* / *k* over the windows that hold *x*. Steps of the padding
/// are not counted in *k*. Defaults are Keras's: the stride is the window, no padding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AveragePool1d {
    window: usize,
    stride: usize,
    padding: Padding,
}

impl AveragePool1d {
    /// Windows of the given number of steps, side by side.
    pub fn new(window: usize) -> Self {
        AveragePool1d {
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

    fn windows(&self) -> Windows {
        Windows::on_sequence(self.window, self.stride, self.padding)
    }
}

impl Layer for AveragePool1d {
    fn kind(&self) -> &'static str {
        "average_pooling1d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let pooling = self.windows().checked(sequence(single_input(inputs)?)?)?;
        build.built(pooling);
        Ok([pooling.output_width(), pooling.channels].into())
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
