use serde::{Deserialize, Serialize};

use super::Layer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// The axes of a sample in another order: axis *i* of the output is axis `dims[i]` of the input.
/// Axes are counted from 1, as in Keras, where the samples are axis 0. The gradient goes back the
/// same way.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2, 3]).add(Permute::new([2, 1])).build(1)?;
/// let rows = Tensor::new([1, 2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// let columns = network.predict(&rows)?;
/// assert_eq!(columns.shape(), [1, 3, 2]);
/// assert_eq!(columns.data(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Permute {
    dims: Vec<usize>,
}

impl Permute {
    /// The axes of the input in the order of the output, each once, counted from 1.
    pub fn new(dims: impl Into<Vec<usize>>) -> Self {
        Permute { dims: dims.into() }
    }
}

impl Layer for Permute {
    named!("permute");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let dims = &self.dims;
        let mut sorted = dims.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(1..=dims.len()) {
            return Err(
                BuildError::configuration(format!("has axes {dims:?}")).with_hint(format!(
                    "it must hold each number from 1 to {} once",
                    dims.len()
                )),
            );
        }
        let (input, shape) = emit.single_input(inputs)?;
        if shape.rank() != dims.len() {
            return Err(BuildError::input(
                format!("an input of as many axes as it orders, {}", dims.len()),
                "name each axis once, or add Reshape before it",
            ));
        }
        let order: Vec<usize> = dims.iter().map(|axis| axis - 1).collect();
        let permute = ops::Permute::new(shape, &order);
        emit.output(permute, &[input], &[])
    }
}
