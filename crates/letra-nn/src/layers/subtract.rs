use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_joined};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Add, Rescale};

/// The first of two inputs of one shape less the second, value by value: *y* = *x*₁ − *x*₂,
/// ∂*x*₁ = ∂*y*, ∂*x*₂ = −∂*y*.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let difference = model.layer(Subtract, [left, right]);
/// let network = model.outputs([difference]).build(1)?;
/// let inputs = [Tensor::new([1, 2], vec![1.0, 4.0])?, Tensor::new([1, 2], vec![3.0, -4.0])?];
/// assert_eq!(network.predict(&inputs)?.data(), [-2.0, 8.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subtract;

impl Layer for Subtract {
    named!("subtract");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let &[minuend, subtrahend] = inputs else {
            let count = inputs.len();
            let message = format!("takes the difference of 2 values but is given {count}");
            return Err(BuildError::configuration(message)
                .with_hint("give it two; the sum of others is Add's"));
        };
        check_joined(inputs, emit)?;
        let negative = emit.op(Rescale::by(-1.0, 0.0), &[subtrahend], &[])?;
        emit.output(Add, &[minuend, negative], &[])
    }
}
