use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate, check_setting, check_share, check_steps};
use crate::Error;

/// Cosine decay with warm restarts (Loshchilov and Hutter 2017, eq. 5): when the rate has
/// come down it jumps up again, and the next descent takes longer.
///
/// Descent *i* (from 0) takes *T* · `t_mul`ⁱ steps and starts at `m_mul`ⁱ of the initial
/// rate; a share *f* through it,
///
/// *r* = *r*₀ · ((1 − α) · `m_mul`ⁱ · ½ (1 + cos(π *f*)) + α).
///
/// Keras's defaults: `t_mul` 2, `m_mul` 1, α 0.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{CosineDecayRestarts, Schedule};
///
/// let schedule = CosineDecayRestarts::new(0.1, 100);
/// assert!((schedule.rate(0) - 0.1).abs() < 1e-6);
/// assert!((schedule.rate(50) - 0.05).abs() < 1e-6);
/// assert!((schedule.rate(100) - 0.1).abs() < 1e-6);
/// let compile = Compile::new(Sgd::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CosineDecayRestarts {
    initial_learning_rate: f64,
    first_decay_steps: u64,
    t_mul: f64,
    m_mul: f64,
    alpha: f64,
}

impl CosineDecayRestarts {
    /// From the given rate, 0 or more; the first descent takes `first_decay_steps` steps,
    /// at least 1.
    pub fn new(initial_learning_rate: f64, first_decay_steps: u64) -> Self {
        CosineDecayRestarts {
            initial_learning_rate,
            first_decay_steps,
            t_mul: 2.0,
            m_mul: 1.0,
            alpha: 0.0,
        }
    }

    settings! {
        /// How many times longer each descent is than the one before, at least 1.
        t_mul: f64,
        /// What the rate after a restart is multiplied by, compared to the one before; 0 or
        /// more.
        m_mul: f64,
        /// The share of the initial rate below which none falls, from 0 to 1.
        alpha: f64,
    }
}

impl Schedule for CosineDecayRestarts {
    named!("cosine_decay_restarts");

    fn check(&self) -> Result<(), Error> {
        check_rate(self.kind(), "initial rate", self.initial_learning_rate)?;
        check_steps(self.kind(), "first decay steps", self.first_decay_steps)?;
        check_setting(
            self.kind(),
            "t_mul",
            self.t_mul,
            self.t_mul >= 1.0,
            "at least 1",
        )?;
        check_setting(
            self.kind(),
            "m_mul",
            self.m_mul,
            self.m_mul >= 0.0,
            "0 or more",
        )?;
        check_share(self.kind(), "alpha", self.alpha)
    }

    fn rate(&self, step: u64) -> f64 {
        // The share of the descent that is done, in first descents.
        let mut share = step as f64 / self.first_decay_steps as f64;
        let restarts = if self.t_mul == 1.0 {
            share.floor()
        } else {
            // Descents before this one took (1 − t_mulⁱ) / (1 − t_mul) first descents.
            (libm::log(1.0 + share * (self.t_mul - 1.0)) / libm::log(self.t_mul) + 1e-9).floor()
        };
        if self.t_mul == 1.0 {
            share -= restarts;
        } else {
            let longer = libm::pow(self.t_mul, restarts);
            share = ((share - (longer - 1.0) / (self.t_mul - 1.0)) / longer).max(0.0);
        }
        let cosine = 0.5 * libm::pow(self.m_mul, restarts) * (1.0 + libm::cos(PI * share));
        self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)
    }
}
