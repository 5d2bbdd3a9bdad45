use serde::{Deserialize, Serialize};

use super::{Adam, Optimizer, Update};
use crate::Error;
use crate::check::check_range;
use crate::schedules::LearningRate;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): every value
/// first shrinks by its share λ of the rate, *w* ← *w* − *r* λ *w*, then takes [`super::Adam`]'s step.
///
/// Unlike an L2 penalty, the decay is not divided by the root of the second moment. All
/// parameters decay, biases too, as in Keras and PyTorch. Defaults are Keras's: λ 0.004,
/// β₁ 0.9, β₂ 0.999, ε 10⁻⁷.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let line = Dataset::values(
///     Tensor::new([4, 1], vec![0.0, 1.0, 2.0, 3.0])?,
///     Tensor::new([4, 1], vec![1.0, 3.0, 5.0, 7.0])?,
/// )?;
/// let mut network = Sequential::new([1])
///     .add(Dense::new(1))
///     .compile(Compile::new(AdamW::new(0.05).weight_decay(0.01)).loss(MeanSquaredError).seed(1))?;
/// let before = network.evaluate(&line)?.loss;
/// network.fit(&line, Fit::epochs(50))?;
/// assert!(network.evaluate(&line)?.loss < before);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdamW {
    weight_decay: f32,
    #[serde(flatten)]
    adam: Adam,
}

impl AdamW {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        AdamW {
            weight_decay: 0.004,
            adam: Adam::new(rate),
        }
    }

    /// The share λ of the rate by which each value shrinks in a step, 0 or more.
    pub fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// As [`Adam::betas`].
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        self.adam = self.adam.betas(beta_1, beta_2);
        self
    }

    /// As [`Adam::epsilon`].
    pub fn epsilon(mut self, epsilon: f32) -> Self {
        self.adam = self.adam.epsilon(epsilon);
        self
    }

    /// As [`Adam::amsgrad`].
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.adam = self.adam.amsgrad(amsgrad);
        self
    }
}

impl Optimizer for AdamW {
    named!("adam_w");

    fn learning_rate(&mut self) -> Option<&mut LearningRate> {
        self.adam.learning_rate()
    }

    fn check(&self) -> Result<(), Error> {
        let range = "a number of 0 or more";
        check_range("weight decay", self.weight_decay, 0.0.., range)?;
        self.adam.check()
    }

    fn rate(&self, step: u64) -> f64 {
        self.adam.rate(step)
    }

    fn slots(&self) -> &'static [&'static str] {
        self.adam.slots()
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        self.adam.decayed_update(self.weight_decay, update)
    }
}
