use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Reshape;

/// Gives its input as it is, without its mask: what was padding is from there on a step like any other.
/// For layers that refuse a mask, where the padding does no harm: a convolution over zeros, say.
///
/// Any shape. ∂*x* = ∂*y*. Keras's layers that do not support masks drop them with a warning.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let masked = || Sequential::new([20, 4]).add(Masking::new(0.0));
/// assert!(masked().add(Flatten).build(0).is_err());
/// assert_eq!(masked().add(Unmask).add(Flatten).build(0)?.output_shape(), [80]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unmask;

impl Layer for Unmask {
    named!("unmask");

    fn masking(&self) -> MaskUse {
        MaskUse::Uses
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let shape = shape.clone();
        emit.output(Reshape { shape }, &[input], &[])
    }
}
