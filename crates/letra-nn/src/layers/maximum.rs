use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_joined};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{self, Concatenate};

/// The largest of two or more inputs of one shape, value by value: *y* = max *x*ᵢ. The gradient goes
/// to the input that won, the first of equals; what is not a number counts as the largest.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let largest = model.layer(Maximum, [left, right]);
/// let network = model.outputs([largest]).build(1)?;
/// let inputs = [Tensor::new([1, 2], vec![1.0, 4.0])?, Tensor::new([1, 2], vec![3.0, -4.0])?];
/// assert_eq!(network.predict(&inputs)?.data(), [3.0, 4.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Maximum;

/// The largest of some values of one shape.
pub(super) fn largest(inputs: &[Value], emit: &mut Emit<'_>) -> Result<Value, BuildError> {
    let pieces = emit.op(Concatenate, inputs, &[])?;
    let maximum = ops::Maximum {
        pieces: inputs.len(),
    };
    emit.op(maximum, &[pieces], &[])
}

impl Layer for Maximum {
    named!("maximum");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_joined(inputs, emit)?;
        Ok(vec![largest(inputs, emit)?])
    }
}
