use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{as_picture, as_sequence, check_sizes};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::cells::{Interpolation, Method};
use crate::ops::UpSample;
use crate::shape::{MOST_VALUES, holds_at_most};

/// Makes sequences longer by a whole factor: each step is repeated.
///
/// Input `[steps, channels]`, output `[steps · size, channels]`. The gradient of a step is the sum
/// over its copies.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2, 1]).add(UpSampling1d::new(3)).build(1)?;
/// let steps = Tensor::new([1, 2, 1], vec![1.0, 2.0])?;
/// assert_eq!(network.predict(&steps)?.data(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpSampling1d {
    size: usize,
}

impl UpSampling1d {
    /// So many times as long. Keras's default is 2.
    pub fn new(size: usize) -> Self {
        UpSampling1d { size }
    }
}

impl Layer for UpSampling1d {
    named!("up_sampling1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_sizes("a size of", &[self.size], 1)?;
        let (row, picture) = as_picture(inputs, emit)?;
        let output = [picture[1] * self.size, picture[2]];
        if !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {output:?}, more than {MOST_VALUES} values"
            ))
            .with_hint("choose a smaller size"));
        }
        let larger = Interpolation::new(picture, [1, self.size], Method::Nearest);
        let longer = emit.op(UpSample(larger), &[row], &[])?;
        as_sequence(longer, emit)
    }
}
