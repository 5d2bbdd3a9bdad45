use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_number};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::AnyDiffers;

/// Takes each step of a sequence for padding whose values are all the same given one: such a step is
/// masked, and its values become 0, as in Keras.
///
/// Input `[steps, …]`, output of the same shape, with a mask. What the layers after it do with that is
/// told in the guide to [sequences](crate::guide::sequences). Of a step that counts, ∂*x* = ∂*y*;
/// padding has the gradient 0. Keras's default value is 0.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([3, 2])
///     .add(Masking::new(-1.0))
///     .add(GlobalAveragePool1d::new())
///     .build(0)?;
/// let steps = Tensor::new([1, 3, 2], vec![1.0, 2.0, 3.0, -1.0, -1.0, -1.0])?;
/// assert_eq!(network.predict(&steps)?.data(), [2.0, 0.5]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Masking {
    mask_value: f32,
}

impl Masking {
    /// Padding is what consists of `mask_value` alone, a finite number.
    pub fn new(mask_value: f32) -> Self {
        Masking { mask_value }
    }
}

impl Default for Masking {
    fn default() -> Self {
        Masking::new(0.0)
    }
}

impl Layer for Masking {
    named!("masking");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let value = self.mask_value;
        check_number("mask_value", value, true, "give it a finite number")?;
        let (input, shape) = emit.single_input(inputs)?;
        if shape.rank() < 2 {
            return Err(BuildError::input(
                "a sequence [steps, features]",
                "add Reshape before it",
            ));
        }
        let mask = emit.op(AnyDiffers { value }, &[input], &[])?;
        // What was padding before stays so.
        let mask = match emit.mask(input) {
            Some(before) => emit.op(crate::ops::Multiply, &[before, mask], &[])?,
            None => mask,
        };
        masked(input, mask, emit)
    }
}

/// A sequence with a mask, its padding set to zero.
pub(super) fn masked(
    input: Value,
    mask: Value,
    emit: &mut Emit<'_>,
) -> Result<Vec<Value>, BuildError> {
    let output = emit.op(crate::ops::SelectSteps { fill: 0.0 }, &[input, mask], &[])?;
    emit.set_mask(output, Some(mask))?;
    Ok(vec![output])
}
