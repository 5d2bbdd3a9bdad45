use serde::{Deserialize, Serialize};

use super::window::{as_sequence, check_sizes};
use super::{Layer, flat_input};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::cells::{Interpolation, Method};
use crate::ops::{Reshape, UpSample};
use crate::shape::{MOST_VALUES, holds_at_most};

/// Makes a sequence of a vector, which every step repeats: what a decoder reads of an encoder (Keras's
/// layer).
///
/// Input `[features]`, output `[n, features]`; ∂*x* is the sum of ∂*y* over the steps.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(RepeatVector::new(3)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![1.0, 2.0])?)?;
/// assert_eq!(given.data(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RepeatVector {
    n: usize,
}

impl RepeatVector {
    /// So many steps, at least 1.
    pub fn new(n: usize) -> Self {
        RepeatVector { n }
    }
}

impl Layer for RepeatVector {
    named!("repeat_vector");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, features) = flat_input(inputs, emit)?;
        check_sizes("steps:", &[self.n], 1)?;
        if !holds_at_most(&[self.n, features], MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {:?}, more than {MOST_VALUES} values",
                [self.n, features]
            ))
            .with_hint("repeat it less often"));
        }
        let picture = [1, 1, features];
        let shape = picture.into();
        let row = emit.op(Reshape { shape }, &[input], &[])?;
        let longer = Interpolation::new(picture, [1, self.n], Method::Nearest);
        let repeated = emit.op(UpSample(longer), &[row], &[])?;
        as_sequence(repeated, emit)
    }
}
