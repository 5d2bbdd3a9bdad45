use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Activate;

/// Leaky rectified linear: *y* = *x* where *x* > 0, and `negative_slope` · *x* elsewhere (Maas,
/// Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013).
///
/// Any shape. The gradient passes with the same factor. Keras's default slope is 0.3.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([2]).add(LeakyRelu::new(0.25)).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![-4.0, 2.0])?)?;
/// assert_eq!(given.data(), [-1.0, 2.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeakyRelu {
    negative_slope: f32,
}

impl LeakyRelu {
    /// With the given slope where *x* is not above 0: a finite number of 0 or more.
    pub fn new(negative_slope: f32) -> Self {
        LeakyRelu { negative_slope }
    }
}

impl Default for LeakyRelu {
    /// Keras's slope, 0.3.
    fn default() -> Self {
        LeakyRelu::new(0.3)
    }
}

impl Layer for LeakyRelu {
    named!("leaky_relu");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("a negative slope of", self.negative_slope)?;
        let (input, _) = emit.single_input(inputs)?;
        emit.output(Activate::leaky_relu(self.negative_slope), &[input], &[])
    }
}
