use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Adamax (Kingma and Ba 2015, section 7.1, algorithm 2): [`super::Adam`] with the largest
/// gradient of late, which decays, in place of the root of the mean square,
///
/// *m* ← β₁ *m* + (1 − β₁) *g*, *u* ← max(β₂ *u*, |*g*|),
/// *w* ← *w* − *r* / (1 − β₁ᵗ) · *m* / (*u* + ε), *t* counting from 1.
///
/// The paper has no ε. Defaults are Keras's: β₁ 0.9, β₂ 0.999, ε 10⁻⁷.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let compile = Compile::new(Adamax::new(0.002)).loss(MeanSquaredError);
/// assert!(Sequential::new([3]).add(Dense::new(1)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Adamax {
    rate: LearningRate,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
}

impl Adamax {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001, the
    /// paper's 0.002.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Adamax {
            rate: rate.into(),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
        }
    }

    /// Decay of the average of the gradient and of the largest one, each from 0 to below 1.
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        (self.beta_1, self.beta_2) = (beta_1, beta_2);
        self
    }

    settings! {
        /// The small number in the denominator, above 0.
        epsilon: f32,
    }
}

impl Optimizer for Adamax {
    named!("adamax", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("beta_1", self.beta_1)?;
        check_decay("beta_2", self.beta_2)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "norm"]
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        let settings = optimizer::Adamax {
            rate: update.rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            step: update.step + 1,
        };
        let [first, norms, ..] = update.slots;
        optimizer::adamax(update.parameters, update.gradients, first, norms, settings)
    }
}
