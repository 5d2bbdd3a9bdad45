use serde::{Deserialize, Serialize};

use super::window::{Windows, sequence};
use super::{Layer, Padding};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

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

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = self.windows().checked(sequence(shape)?)?;
        let output = [pooling.output_width(), pooling.channels];
        let output = emit.op(AveragePool::new(pooling, output.into()), &[input], &[])?;
        Ok(vec![output])
    }
}
