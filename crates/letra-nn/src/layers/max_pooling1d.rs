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
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([4, 1]).add(MaxPool1d::new(2)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 4, 1], vec![1.0, 3.0, 5.0, 9.0])?)?;
/// assert_eq!(given.data(), [3.0, 9.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
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
