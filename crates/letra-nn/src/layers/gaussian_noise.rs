use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_not_negative};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// While training, adds to each value a normal random number of mean 0 and standard
/// deviation `stddev`: *y* = *x* + *n* (Keras's layer; Bishop, "Training with noise is
/// equivalent to Tikhonov regularization", 1995, says what it does).
///
/// Any shape. The gradient passes as it is.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8]).add(GaussianNoise::new(0.1)).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GaussianNoise {
    stddev: f32,
}

impl GaussianNoise {
    /// Noise of the given standard deviation, 0 or more.
    pub fn new(stddev: f32) -> Self {
        GaussianNoise { stddev }
    }
}

impl Layer for GaussianNoise {
    named!("gaussian_noise");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_not_negative("standard deviation", self.stddev)?;
        let (input, _) = emit.single_input(inputs)?;
        let noise = ops::GaussianNoise {
            stddev: self.stddev,
        };
        emit.output(noise, &[input], &[])
    }
}
