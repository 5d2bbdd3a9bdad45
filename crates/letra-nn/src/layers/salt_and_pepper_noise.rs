use serde::{Deserialize, Serialize};

use super::{Layer, MaskUse, check_rate};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops;

/// While training, puts 0 or 1, each as often, in the place of a value with probability *p* = `rate`,
/// and leaves the others as they are; when predicting, it rests (Vincent, Larochelle, Lajoie, Bengio and
/// Manzagol, "Stacked denoising autoencoders", 2010, section 3.3). For values from 0 to 1.
///
/// Any shape. ∂*x* is ∂*y* where the value was kept, 0 elsewhere.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([8]).add(SaltAndPepperNoise::new(0.25)).build(0)?;
/// assert_eq!(network.output_shape(), [8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SaltAndPepperNoise {
    rate: f32,
}

impl SaltAndPepperNoise {
    /// Replaces values with probability `rate`, from 0 up to but not including 1.
    pub fn new(rate: f32) -> Self {
        SaltAndPepperNoise { rate }
    }
}

impl Layer for SaltAndPepperNoise {
    named!("salt_and_pepper_noise");

    fn masking(&self) -> MaskUse {
        MaskUse::Passes
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_rate(self.rate, "share that is replaced")?;
        let (input, _) = emit.single_input(inputs)?;
        let corrupt = ops::Corrupt {
            rate: self.rate,
            salt: true,
        };
        emit.output(corrupt, &[input], &[])
    }
}
