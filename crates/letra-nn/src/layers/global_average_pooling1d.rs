use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{sequence, whole};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AveragePool;

/// The mean of each channel over the whole sequence (Lin, Chen and Yan 2013, "Network in
/// network", section 3.2).
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). Each of *n* steps gets the share ∂*x* = ∂*y* / *n*.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([20, 8]).add(GlobalAveragePool1d::new()).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GlobalAveragePool1d {
    keepdims: bool,
}

global_pooling_settings!(GlobalAveragePool1d);

impl Layer for GlobalAveragePool1d {
    named!("global_average_pooling1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole(sequence(shape)?);
        let output = self.output([1, pooling.channels]);
        emit.output(AveragePool::new(pooling, output), &[input], &[])
    }
}
