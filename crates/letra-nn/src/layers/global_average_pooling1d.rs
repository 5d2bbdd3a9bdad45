use serde::{Deserialize, Serialize};

use super::window::{sequence, whole};
use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{AveragePool, MeanSteps};

/// The mean of each channel over the whole sequence (Lin, Chen and Yan 2013, "Network in
/// network", section 3.2).
///
/// Input `[steps, channels]`, output `[channels]`, or `[1, channels]` with
/// [`keepdims`](Self::keepdims). Each of *n* steps gets the share ∂*x* = ∂*y* / *n*. Of a sequence with a
/// mask, the mean is over the steps that count, as in Keras; where none does, it is no number.
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

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let pooling = whole(sequence(shape)?);
        let output = self.output([1, pooling.channels]);
        if let Some(mask) = emit.mask(input) {
            return emit.output(MeanSteps { output }, &[input, mask], &[]);
        }
        emit.output(AveragePool::new(pooling, output), &[input], &[])
    }
}
