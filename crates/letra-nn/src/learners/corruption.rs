use crate::graph::Value;
use crate::layers::{GaussianNoise, MaskingNoise, SaltAndPepperNoise};
use crate::network::{IntoPart, Model};

/// What is done to the inputs of a denoising autoencoder while it learns to give back what they were
/// (Vincent, Larochelle, Bengio and Manzagol 2008, section 2.3; Vincent, Larochelle, Lajoie, Bengio and
/// Manzagol 2010, section 3.3).
///
/// ```
/// use letra_nn::learners::{Autoencoder, Corruption};
/// use letra_nn::prelude::*;
///
/// let encoder = Sequential::new([6]).add(Dense::new(4).sigmoid());
/// let decoder = Sequential::new([4]).add(Dense::new(6));
/// let denoising = Autoencoder::new(encoder, decoder)
///     .corruption(Corruption::Masking(0.25))
///     .compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Corruption {
    /// Each value is set to 0 with this probability, from 0 up to but not including 1:
    /// [`MaskingNoise`].
    Masking(f32),
    /// 0 or 1 stands in the place of each value with this probability: [`SaltAndPepperNoise`].
    SaltAndPepper(f32),
    /// A normal number of mean 0 and this standard deviation, 0 or more, is added to each value:
    /// [`GaussianNoise`].
    Gaussian(f32),
}

impl Corruption {
    /// The layer that does it, after a value of a model.
    pub(super) fn after(self, value: Value, model: &mut Model) -> Value {
        const NAME: &str = "corruption";
        match self {
            Corruption::Masking(rate) => model.layer(MaskingNoise::new(rate).named(NAME), [value]),
            Corruption::SaltAndPepper(rate) => {
                model.layer(SaltAndPepperNoise::new(rate).named(NAME), [value])
            }
            Corruption::Gaussian(stddev) => {
                model.layer(GaussianNoise::new(stddev).named(NAME), [value])
            }
        }
    }
}
