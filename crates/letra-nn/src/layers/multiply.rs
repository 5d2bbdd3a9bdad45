use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// The product of two or more inputs of one shape, value by value: *y* = Π *x*ᵢ,
/// ∂*x*ᵢ = ∂*y* · Π *x*ⱼ over the others *j*. One of them may open and close the way of
/// another, as a gate.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let both = model.layer(Multiply, [left, right]);
/// let network = model.outputs([both]).build(0)?;
/// let given = network.predict(&[Tensor::new([1, 2], vec![1.0, 2.0])?, Tensor::new([1, 2], vec![3.0, 5.0])?])?;
/// assert_eq!(given.data(), [3.0, 10.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Multiply;

impl Layer for Multiply {
    named!("multiply");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Multiply, inputs, &[])
    }
}
