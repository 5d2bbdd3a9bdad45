use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate, check_share, check_steps};
use crate::Error;

/// Half a cosine from the initial rate down to a share α of it (Loshchilov and Hutter 2017,
/// eq. 5, without restarts): in step *t* of *T*
///
/// *r* = *r*₀ · ((1 − α) · ½ (1 + cos(π min(*t*, *T*) / *T*)) + α).
///
/// Afterwards it stays where it is. Keras's default is α = 0.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{CosineDecay, Schedule};
///
/// let schedule = CosineDecay::new(0.1, 100);
/// assert!((schedule.rate(0) - 0.1).abs() < 1e-6);
/// assert!((schedule.rate(50) - 0.05).abs() < 1e-6);
/// assert!((schedule.rate(100) - 0.0).abs() < 1e-6);
/// let compile = Compile::new(Sgd::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CosineDecay {
    initial_learning_rate: f64,
    decay_steps: u64,
    alpha: f64,
}

impl CosineDecay {
    /// From the given rate, 0 or more, to 0 in `decay_steps` steps, at least 1.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        CosineDecay {
            initial_learning_rate,
            decay_steps,
            alpha: 0.0,
        }
    }

    /// The share of the initial rate that remains, from 0 to 1.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }
}

impl Schedule for CosineDecay {
    named!("cosine_decay");

    fn check(&self) -> Result<(), Error> {
        check_rate(self.kind(), "initial rate", self.initial_learning_rate)?;
        check_steps(self.kind(), "decay steps", self.decay_steps)?;
        check_share(self.kind(), "alpha", self.alpha)
    }

    fn rate(&self, step: u64) -> f64 {
        let share = step.min(self.decay_steps) as f64 / self.decay_steps as f64;
        let cosine = 0.5 * (1.0 + libm::cos(PI * share));
        self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)
    }
}
