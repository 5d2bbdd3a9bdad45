use serde::{Deserialize, Serialize};

use super::window::{sequence, whole_numbered};
use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::MaxPool;

/// The largest value of each channel over the whole sequence.
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). The gradient goes to the value that won, the first of
/// equals.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([20, 8]).add(GlobalMaxPool1d::new()).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalMaxPool1d {
    keepdims: bool,
}

global_pooling_settings!(GlobalMaxPool1d);

impl Layer for GlobalMaxPool1d {
    named!("global_max_pooling1d");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole_numbered(sequence(shape)?)?;
        let output = self.output([1, pooling.channels]);
        // What is padding is never the largest.
        let input = emit.fill_padding(input, f32::NEG_INFINITY)?;
        emit.output(MaxPool::new(pooling, output), &[input], &[])
    }
}
