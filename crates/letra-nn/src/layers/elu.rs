use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Activate;

/// Exponential linear: *y* = *x* where *x* > 0, and α (eˣ − 1) elsewhere (Clevert, Unterthiner
/// and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
/// 2016, eq. 15).
///
/// Any shape. The derivative is 1 where *x* > 0, and *y* + α elsewhere. Keras's default for
/// α is 1.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(Elu::new(0.5)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![f32::NEG_INFINITY, 2.0])?)?;
/// assert_eq!(given.data(), [-0.5, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Elu {
    alpha: f32,
}

impl Elu {
    /// With the given α, a finite number of 0 or more: far below 0, *y* is −α.
    pub fn new(alpha: f32) -> Self {
        Elu { alpha }
    }
}

impl Default for Elu {
    /// Keras's α, 1.
    fn default() -> Self {
        Elu::new(1.0)
    }
}

impl Layer for Elu {
    named!("elu");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("an alpha of", self.alpha)?;
        let (input, _) = emit.single_input(inputs)?;
        emit.output(Activate::elu(self.alpha), &[input], &[])
    }
}
