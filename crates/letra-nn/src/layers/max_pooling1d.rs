use serde::{Deserialize, Serialize};

use super::window::{Windows, sequence};
use super::{Layer, Padding};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MaxPool;

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

pooling_settings!(MaxPool1d, usize, Windows::on_sequence);

impl Layer for MaxPool1d {
    named!("max_pooling1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = self.windows().checked(sequence(shape)?)?;
        let output = [pooling.output_width(), pooling.channels];
        emit.output(MaxPool::new(pooling, output.into()), &[input], &[])
    }
}
