use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{picture, whole_numbered};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MaxPool;

/// The largest value of each channel over the whole picture.
///
/// Input `[height, width, channels]`, output `[channels]`, or `[1, 1, channels]` with
/// [`keepdims`](Self::keepdims). The gradient goes to the value that won, the first of
/// equals in row-major order.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([7, 7, 8]).add(GlobalMaxPool2d::new().keepdims(true)).build(0)?;
/// assert_eq!(network.output_shape(), [1, 1, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct GlobalMaxPool2d {
    keepdims: bool,
}

global_pooling_settings!(GlobalMaxPool2d);

impl Layer for GlobalMaxPool2d {
    named!("global_max_pooling2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole_numbered(picture(shape)?)?;
        let output = self.output([1, 1, pooling.channels]);
        emit.output(MaxPool::new(pooling, output), &[input], &[])
    }
}
