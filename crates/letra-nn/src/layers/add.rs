use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// The sum of two or more inputs of one shape, value by value: *y* = Σ *x*ᵢ, ∂*x*ᵢ = ∂*y*.
/// With a value that went past some layers it makes a residual connection (He, Zhang, Ren
/// and Sun 2016).
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let both = model.layer(Add, [left, right]);
/// let network = model.outputs([both]).build(0)?;
/// let given = network.predict(&[Tensor::new([1, 2], vec![1.0, 2.0])?, Tensor::new([1, 2], vec![3.0, 5.0])?])?;
/// assert_eq!(given.data(), [4.0, 7.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Add;

impl Layer for Add {
    named!("add");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Add, inputs, &[])
    }
}
