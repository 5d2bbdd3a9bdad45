use serde::{Deserialize, Serialize};

use super::Layer;
use crate::Shape;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;
use crate::shape::{MOST_VALUES, holds_at_most};

/// Reads a sample under another shape of the same number of values; nothing is moved.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([784]).add(Reshape::new([28, 28, 1])).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reshape {
    shape: Shape,
}

impl Reshape {
    /// The shape of a sample afterwards.
    pub fn new(shape: impl Into<Shape>) -> Self {
        Reshape {
            shape: shape.into(),
        }
    }
}

impl Layer for Reshape {
    named!("reshape");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, _) = emit.single_input(inputs)?;
        if !holds_at_most(self.shape.sizes(), MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "makes {}, more than {MOST_VALUES} values",
                self.shape
            ))
            .with_hint("make it smaller"));
        }
        let shape = self.shape.clone();
        emit.output(ops::Reshape { shape }, &[input], &[])
    }
}
