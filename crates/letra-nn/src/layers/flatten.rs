use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// Reads a sample of any shape as a flat vector, row-major; nothing is moved.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([7, 7, 8]).add(Flatten).build(0)?;
/// assert_eq!(network.output_shape(), [392]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flatten;

impl Layer for Flatten {
    named!("flatten");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let shape = [shape.values()].into();
        emit.output(ops::Reshape { shape }, &[input], &[])
    }
}
