use serde::{Deserialize, Serialize};

use super::{Optimizer, Update, check_decay, check_epsilon};
use crate::Error;
use crate::kernels::optimizer;
use crate::schedules::LearningRate;

/// Adam (Kingma and Ba 2015, algorithm 1, with the order of operations of its section 2):
///
/// *m* ← β₁ *m* + (1 − β₁) *g*, *v* ← β₂ *v* + (1 − β₂) *g*²,
/// *w* ← *w* − *r* √(1 − β₂ᵗ) / (1 − β₁ᵗ) · *m* / (√*v* + ε), *t* counting from 1.
///
/// With [`Adam::amsgrad`] the largest *v* so far takes its place (Reddi, Kale and Kumar 2018,
/// algorithm 2), *v̂* ← max(*v̂*, *v*), so that no value's own rate ever grows; as in Keras, the
/// largest is taken before the correction by 1 − β₂ᵗ, which the paper leaves out.
///
/// Defaults are Keras's: β₁ 0.9, β₂ 0.999, ε 10⁻⁷, no AMSGrad.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let compile = Compile::new(Adam::new(0.001).amsgrad(true)).loss(MeanSquaredError);
/// assert!(Sequential::new([3]).add(Dense::new(1)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Adam {
    rate: LearningRate,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    /// Not in files from before there was such a thing, nor in those of networks without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    amsgrad: bool,
}

impl Adam {
    /// At the given learning rate, 0 or more, or by a schedule; Keras's default is 0.001.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Adam {
            rate: rate.into(),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            amsgrad: false,
        }
    }

    /// Decay of the averages of the gradient and of its square, each from 0 to below 1.
    pub fn betas(mut self, beta_1: f32, beta_2: f32) -> Self {
        (self.beta_1, self.beta_2) = (beta_1, beta_2);
        self
    }

    settings! {
        /// The small number in the denominator, above 0.
        epsilon: f32,
        /// Whether the gradient is divided by the largest second moment so far instead of the last.
        amsgrad: bool,
    }

    /// An update before which each value shrinks by a share of the rate; whether all values are finite then.
    pub(super) fn decayed_update(&self, weight_decay: f32, update: Update<'_>) -> bool {
        let settings = optimizer::Adam {
            rate: update.rate,
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
            weight_decay,
            step: update.step + 1,
        };
        let [first, second, largest, ..] = update.slots;
        let (parameters, gradients) = (update.parameters, update.gradients);
        match self.amsgrad {
            true => optimizer::amsgrad(parameters, gradients, first, second, largest, settings),
            false => optimizer::adam(parameters, gradients, first, second, settings),
        }
    }
}

impl Optimizer for Adam {
    named!("adam", rate);

    fn check(&self) -> Result<(), Error> {
        self.rate.check()?;
        check_decay("beta_1", self.beta_1)?;
        check_decay("beta_2", self.beta_2)?;
        check_epsilon(self.epsilon)
    }

    fn slots(&self) -> &'static [&'static str] {
        match self.amsgrad {
            true => &["first_moment", "second_moment", "largest_second_moment"],
            false => &["first_moment", "second_moment"],
        }
    }

    fn update(&self, update: Update<'_>) {
        self.update_finite(update);
    }

    fn update_finite(&self, update: Update<'_>) -> bool {
        self.decayed_update(0.0, update)
    }
}
