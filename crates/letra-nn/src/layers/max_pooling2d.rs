use serde::{Deserialize, Serialize};

use super::window::{Windows, picture};
use super::{Layer, Padding, Window};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MaxPool;

/// The largest value of each window, channel by channel.
///
/// Input `[height, width, channels]`, output `[h, w, channels]` with
/// h = ⌊(height + padding − window) / stride⌋ + 1. The gradient goes to the value that
/// won, the first of equals in row-major order. Defaults are Keras's: the stride is the
/// window, no padding. Padded cells never win.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2, 2, 1]).add(MaxPool2d::new(2)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2, 2, 1], vec![1.0, 3.0, 5.0, 9.0])?)?;
/// assert_eq!(given.data(), [9.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxPool2d {
    window: Window,
    stride: Window,
    padding: Padding,
}

pooling_settings!(MaxPool2d, impl Into<Window>, Windows::on_picture);

impl Layer for MaxPool2d {
    named!("max_pooling2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = self.windows().checked(picture(shape)?)?;
        let output = pooling.output().into();
        emit.output(MaxPool::new(pooling, output), &[input], &[])
    }
}
