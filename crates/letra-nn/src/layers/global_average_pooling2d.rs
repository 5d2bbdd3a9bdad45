use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{picture, whole};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

/// The mean of each channel over the whole picture (Lin, Chen and Yan 2013, "Network in
/// network", section 3.2).
///
/// Input `[height, width, channels]`, output `[channels]`, or `[1, 1, channels]` with
/// [`keepdims`](Self::keepdims). Each of *n* cells gets the share ∂*x* = ∂*y* / *n*.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([7, 7, 8]).add(GlobalAveragePool2d::new()).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalAveragePool2d {
    keepdims: bool,
}

global_pooling_settings!(GlobalAveragePool2d);

impl Layer for GlobalAveragePool2d {
    named!("global_average_pooling2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole(picture(shape)?);
        let output = self.output([1, 1, pooling.channels]);
        emit.output(AveragePool::new(pooling, output), &[input], &[])
    }
}
