use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_rate};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// While training, sets each value to 0 with probability *p* = `rate`, and leaves the others as they
/// are; when predicting, it rests. With it, an autoencoder learns to mend what was lost (Vincent,
/// Larochelle, Bengio and Manzagol 2008, section 2.3; they set a fixed number of values to 0, and letra
/// each for itself). Unlike [`Dropout`](super::Dropout), it does not scale.
///
/// Any shape. ∂*x* is ∂*y* where the value was kept, 0 elsewhere.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8]).add(MaskingNoise::new(0.25)).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaskingNoise {
    rate: f32,
}

impl MaskingNoise {
    /// Sets values to 0 with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        MaskingNoise { rate }
    }
}

impl Layer for MaskingNoise {
    named!("masking_noise");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share that is set to 0")?;
        let (input, _) = emit.single_input(inputs)?;
        let corrupt = ops::Corrupt {
            rate: self.rate,
            salt: false,
        };
        emit.output(corrupt, &[input], &[])
    }
}
