use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Add, Rescale};

/// The mean of two or more inputs of one shape, value by value: with *n* inputs, *y* = Σ *x*ᵢ / *n*,
/// ∂*x*ᵢ = ∂*y* / *n*.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let mean = model.layer(Average, [left, right]);
/// let network = model.outputs([mean]).build(1)?;
/// let pair = |left, right| -> Result<Vec<f32>, letra_nn::Error> {
///     let inputs = [Tensor::new([1, 2], left)?, Tensor::new([1, 2], right)?];
///     Ok(network.predict(&inputs)?.into_data())
/// };
/// assert_eq!(pair(vec![1.0, 4.0], vec![3.0, -4.0])?, [2.0, 0.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Average;

impl Layer for Average {
    named!("average");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let sum = emit.op(Add, inputs, &[])?;
        emit.output(Rescale::by(1.0 / inputs.len() as f32, 0.0), &[sum], &[])
    }
}
