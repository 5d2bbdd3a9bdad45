use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): every value
/// first shrinks by its share λ of the rate, *w* ← *w* − *r* λ *w*, then takes [`super::Adam`]'s step.
///
/// Unlike an L2 penalty, the decay is not divided by the root of the second moment. All
/// parameters decay, biases too, as in Keras and PyTorch. Defaults are Keras's: λ 0.004,
/// β₁ 0.9, β₂ 0.999, ε 10⁻⁷.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdamW {
    rate: LearningRate,
    weight_decay: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
}

impl AdamW {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        AdamW {
            rate: rate.into(),
            weight_decay: 0.004,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
        }
    }

    /// The share λ of the rate by which each value shrinks in a step, 0 or more.
    pub fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Decay of the averages of the gradient and of its square, each from 0 to below 1.
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        (self.beta_1, self.beta_2) = (beta_1, beta_2);
        self
    }

    /// The small number in the denominator, above 0.
    pub fn epsilon(mut self, epsilon: f32) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for AdamW {
    named!("adam_w");

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_range(
            "weight decay",
            self.weight_decay,
            0.0..,
            "a number of 0 or more",
        )?;
        check_decay("beta_1", self.beta_1)?;
        check_decay("beta_2", self.beta_2)?;
        check_epsilon(self.epsilon)
    }

    fn rate(&self, step: u64) -> f64 {
        self.rate.at(step)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn update(&self, update: Update<'_>) {
        let settings = optimizer::Adam {
            rate: update.rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            step: update.step + 1,
        };
        let [first, second, ..] = update.slots;
        optimizer::adam(update.parameters, update.gradients, first, second, settings);
    }
}
