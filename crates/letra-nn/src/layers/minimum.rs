use serde::{Deserialize, Serialize};

use super::maximum::largest;
use super::{Layer, MaskUse, check_joined};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Rescale;

/// The smallest of two or more inputs of one shape, value by value: *y* = min *x*ᵢ = −max(−*x*ᵢ).
/// The gradient goes to the input that won, the first of equals; what is not a number counts as the
/// smallest.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let smallest = model.layer(Minimum, [left, right]);
/// let network = model.outputs([smallest]).build(1)?;
/// let inputs = [Tensor::new([1, 2], vec![1.0, 4.0])?, Tensor::new([1, 2], vec![3.0, -4.0])?];
/// assert_eq!(network.predict(&inputs)?.data(), [1.0, -4.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Minimum;

impl Layer for Minimum {
    named!("minimum");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_joined(inputs, emit)?;
        let negative = |emit: &mut Emit<'_>, value| emit.op(Rescale::by(-1.0, 0.0), &[value], &[]);
        let negatives: Result<Vec<Value>, BuildError> =
            inputs.iter().map(|&input| negative(emit, input)).collect();
        let largest = largest(&negatives?, emit)?;
        Ok(vec![negative(emit, largest)?])
    }
}
