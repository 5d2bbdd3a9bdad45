use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// Two or more inputs side by side along the last axis, Keras's default: pictures
/// `[h, w, a]` and `[h, w, b]` become `[h, w, a + b]`. All other axes must agree. The
/// gradient of each input is its share of the output's.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let mut model = Model::new();
/// let (left, right) = (model.input([2]), model.input([2]));
/// let both = model.layer(Concatenate, [left, right]);
/// let network = model.outputs([both]).build(0)?;
/// let given = network.predict(&[Tensor::new([1, 2], vec![1.0, 2.0])?, Tensor::new([1, 2], vec![3.0, 5.0])?])?;
/// assert_eq!(given.data(), [1.0, 2.0, 3.0, 5.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concatenate;

impl Layer for Concatenate {
    named!("concatenate");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        emit.output(ops::Concatenate, inputs, &[])
    }
}
