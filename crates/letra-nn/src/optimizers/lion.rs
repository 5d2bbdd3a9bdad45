use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay};
use crate::Error;
use crate::check::check_range;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2): every
/// value takes a step of the same size, in the direction of a momentum,
///
/// *w* ← *w* − *r* (sign(β₁ *m* + (1 − β₁) *g*) + λ *w*), *m* ← β₂ *m* + (1 − β₂) *g*.
///
/// The sign of 0 is 0; a gradient that is not finite makes its value no number, so that it is seen.
/// It keeps one array of state where Adam keeps two. The paper advises a rate 3 to 10 times
/// smaller than Adam's, and a weight decay λ as many times larger. Defaults are Keras's: β₁ 0.9,
/// β₂ 0.99, no weight decay; all parameters decay, as there.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let compile = Compile::new(Lion::new(0.0001).weight_decay(0.1)).loss(MeanSquaredError);
/// assert!(Sequential::new([3]).add(Dense::new(1)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lion {
    rate: LearningRate,
    beta_1: f32,
    beta_2: f32,
    weight_decay: f32,
}

impl Lion {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001, the
    /// paper's 0.0001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Lion {
            rate: rate.into(),
            beta_1: 0.9,
            beta_2: 0.99,
            weight_decay: 0.0,
        }
    }

    /// The share of the momentum in a step and the decay of the momentum, each from 0 to below 1.
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        (self.beta_1, self.beta_2) = (beta_1, beta_2);
        self
    }

    settings! {
        /// The share λ of the rate by which each value shrinks in a step, 0 or more.
        weight_decay: f32,
    }
}

impl Optimizer for Lion {
    named!("lion", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("beta_1", self.beta_1)?;
        check_decay("beta_2", self.beta_2)?;
        let range = "a number of 0 or more";
        check_range("weight decay", self.weight_decay, 0.0.., range)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let settings = optimizer::Lion {
            rate: update.rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            weight_decay: self.weight_decay,
        };
        let [momenta, ..] = update.slots;
        optimizer::lion(update.parameters, update.gradients, momenta, settings)
    }
}
