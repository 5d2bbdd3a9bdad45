use serde::{Deserialize, Serialize};

use super::Layer;
use super::MaskUse;
use super::masking::masked;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::LengthMask;
use crate::shape::MOST_VALUES;

/// Masks the padding of sequences whose lengths are given, and sets it to 0, whatever it was.
///
/// Inputs: sequences `[steps, …]` and, as an input of the network of its own, their lengths `[1]`,
/// whole numbers from 1 to `steps`; output `[steps, …]` with a mask. Of a step that counts, ∂*x* = ∂*y*;
/// padding has the gradient 0, and the lengths have none. [`Sequential::sequences`](crate::Sequential::sequences)
/// puts it at the beginning of a network.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (steps, lengths) = (model.input([3, 1]), model.input([1]));
/// let padded = model.layer(MaskPadding, [steps, lengths]);
/// let mean = model.layer(GlobalAveragePool1d::new(), [padded]);
/// let network = model.outputs([mean]).build(0)?;
/// let sequences = Tensor::new([1, 3, 1], vec![1.0, 2.0, f32::NAN])?;
/// let given = network.predict(&[sequences, Tensor::new([1, 1], vec![2.0])?])?;
/// assert_eq!(given.data(), [1.5]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaskPadding;

impl Layer for MaskPadding {
    named!("mask_padding");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let &[input, lengths] = inputs else {
            return Err(BuildError::configuration(format!(
                "takes sequences and their lengths but is given {} values",
                inputs.len()
            ))
            .with_hint("give it both, in this order"));
        };
        let steps = match (emit.shape(input).sizes(), emit.shape(lengths).values()) {
            (&[steps, ..], 1) if steps <= MOST_VALUES => steps,
            _ => {
                return Err(BuildError::input(
                    "sequences [steps, …] and their lengths [1]",
                    "give it both, in this order",
                ));
            }
        };
        emit.require_whole(lengths, "lengths of sequences", [1, steps])?;
        let mask = emit.op(LengthMask { steps }, &[lengths], &[])?;
        masked(input, mask, emit)
    }
}
