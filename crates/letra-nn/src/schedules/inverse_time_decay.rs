use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate, check_steps};
use crate::Error;

/// Inverse time decay: *r* = *r*₀ / (1 + *d* · *t* / *T*)ᵖ, the quotient *t* / *T* rounded
/// down with `staircase`. As Keras has it, where *p* is always 1; Ganin et al. 2016, section 5.2.2, anneal the
/// rate with *d* = 10 over all steps of a training and *p* = 0.75.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{InverseTimeDecay, Schedule};
///
/// let schedule = InverseTimeDecay::new(0.1, 100, 1.0);
/// assert!((schedule.rate(0) - 0.1).abs() < 1e-6);
/// assert!((schedule.rate(100) - 0.05).abs() < 1e-6);
/// let compile = Compile::new(Sgd::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InverseTimeDecay {
    initial_learning_rate: f64,
    decay_steps: u64,
    decay_rate: f64,
    staircase: bool,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    power: f64,
}

fn one() -> f64 {
    1.0
}

fn is_one(power: &f64) -> bool {
    *power == 1.0
}

impl InverseTimeDecay {
    /// From the given rate, 0 or more; each `decay_steps` steps, at least 1, add
    /// `decay_rate`, 0 or more, to what the rate is divided by.
    pub fn new(initial_learning_rate: f64, decay_steps: u64, decay_rate: f64) -> Self {
        InverseTimeDecay {
            initial_learning_rate,
            decay_steps,
            decay_rate,
            staircase: false,
            power: 1.0,
        }
    }

    /// The power *p*, 0 or more, of what the rate is divided by; 1 at first.
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Whether the rate falls at once every `decay_steps` steps instead of steadily.
    pub fn staircase(mut self, staircase: bool) -> Self {
        self.staircase = staircase;
        self
    }
}

impl Schedule for InverseTimeDecay {
    named!("inverse_time_decay");

    fn check(&self) -> Result<(), Error> {
        check_rate(self.kind(), "initial rate", self.initial_learning_rate)?;
        check_steps(self.kind(), "decay steps", self.decay_steps)?;
        check_rate(self.kind(), "decay rate", self.decay_rate)?;
        check_rate(self.kind(), "power", self.power)
    }

    fn rate(&self, step: u64) -> f64 {
        let periods = match self.staircase {
            true => (step / self.decay_steps) as f64,
            false => step as f64 / self.decay_steps as f64,
        };
        let divisor = 1.0 + self.decay_rate * periods;
        match self.power == 1.0 {
            true => self.initial_learning_rate / divisor,
            false => self.initial_learning_rate / libm::pow(divisor, self.power),
        }
    }
}
