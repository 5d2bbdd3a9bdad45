use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate, check_setting, check_steps};
use crate::Error;

/// Polynomial decay: *r* = (*r*₀ − *r*₁) (1 − *t* / *T*)^*p* + *r*₁ down to *r*₁ at step *T*, and
/// *r*₁ from there on.
///
/// With `cycle` it goes on falling to *r*₁ again and again: after step *T* the rate jumps up, and
/// *T* is its next multiple that is not below *t*. As Keras has it; its defaults: *r*₁ 0.0001,
/// *p* 1, which is a straight line, and no cycle.
///
/// ```
/// use letra_nn::schedules::{PolynomialDecay, Schedule};
///
/// let line = PolynomialDecay::new(0.1, 100).end_learning_rate(0.0);
/// assert_eq!(line.rate(50), 0.05);
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolynomialDecay {
    initial_learning_rate: f64,
    decay_steps: u64,
    end_learning_rate: f64,
    power: f64,
    cycle: bool,
}

impl PolynomialDecay {
    /// From the given rate, 0 or more, in `decay_steps` steps, at least 1.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        PolynomialDecay {
            initial_learning_rate,
            decay_steps,
            end_learning_rate: 0.0001,
            power: 1.0,
            cycle: false,
        }
    }

    settings! {
        /// The rate *r*₁ that it comes to, 0 or more.
        end_learning_rate: f64,
        /// The power *p*, above 0.
        power: f64,
        /// Whether it begins again, slower each time.
        cycle: bool,
    }
}

impl Schedule for PolynomialDecay {
    named!("polynomial_decay");

    fn check(&self) -> Result<(), Error> {
        check_rate(self.kind(), "initial rate", self.initial_learning_rate)?;
        check_steps(self.kind(), "decay steps", self.decay_steps)?;
        check_rate(self.kind(), "end rate", self.end_learning_rate)?;
        check_setting(
            self.kind(),
            "power",
            self.power,
            self.power > 0.0,
            "above 0",
        )
    }

    fn rate(&self, step: u64) -> f64 {
        let periods = match self.cycle {
            true => step.div_ceil(self.decay_steps).max(1),
            false => 1,
        };
        let whole = self.decay_steps as f64 * periods as f64;
        let left = 1.0 - (step as f64 / whole).min(1.0);
        let height = self.initial_learning_rate - self.end_learning_rate;
        height * libm::pow(left, self.power) + self.end_learning_rate
    }
}
