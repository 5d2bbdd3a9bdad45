use std::ops::ControlFlow;

use super::{AdversarialCallback, AdversarialEpoch};
use crate::{Error, Tensor};

/// Draws samples of the same noise after each epoch, so that one sees a generator learn: an
/// [`AdversarialCallback`] that hands the number of the epoch and the samples to a closure.
///
/// ```
/// use letra_nn::learners::{Adversarial, AdversarialFit, SameNoise};
/// use letra_nn::prelude::*;
///
/// let generator = Sequential::new([3]).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(1));
/// let mut pair = Adversarial::new(generator, discriminator)
///     .compile(Compile::new(Sgd::new(0.01)), Compile::new(Sgd::new(0.01)))?;
/// let data = Dataset::unlabelled(Tensor::zeros([8, 2]))?;
///
/// let mut seen = Vec::new();
/// let mut watch = SameNoise::new(16, 7, |_epoch, samples| {
///     seen.push(samples.clone());
///     Ok(())
/// });
/// pair.fit(&data, AdversarialFit::epochs(3).callback(&mut watch))?;
/// assert_eq!((seen.len(), seen[0].shape()), (3, &[16, 2][..]));
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct SameNoise<F> {
    samples: usize,
    seed: u64,
    conditions: Vec<Tensor>,
    show: F,
}

impl<F: FnMut(usize, &Tensor) -> Result<(), Error> + Send> SameNoise<F> {
    /// So many samples, of noise drawn by the seed.
    pub fn new(samples: usize, seed: u64, show: F) -> Self {
        SameNoise {
            samples,
            seed,
            conditions: Vec::new(),
            show,
        }
    }

    /// The conditions of the samples, `[samples, …]` each, for a generator that takes some.
    pub fn conditions(mut self, conditions: Vec<Tensor>) -> Self {
        self.conditions = conditions;
        self
    }
}

impl<F: FnMut(usize, &Tensor) -> Result<(), Error> + Send> AdversarialCallback for SameNoise<F> {
    fn on_epoch_end(&mut self, epoch: &AdversarialEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        let noise = epoch.trainer.noise(self.samples, self.seed);
        let samples = epoch.trainer.generate(&noise, &self.conditions)?;
        (self.show)(epoch.number, &samples)?;
        Ok(ControlFlow::Continue(()))
    }
}
