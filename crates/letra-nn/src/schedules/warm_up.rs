use serde::{Deserialize, Serialize};

use super::{LearningRate, Schedule, check_rate, check_steps};
use crate::Error;

/// A gentle start in front of another schedule: the rate rises in a straight line to the
/// other's first rate (Goyal et al. 2017, section 2.2; the form is that of the warm-up in
/// Keras's `CosineDecay`).
///
/// In step *t* of *W*, *r* = *a* + (*r*₀ − *a*) · *t* / *W*; then the other schedule, from
/// its own step 0 on. Keras's default for *a* is 0: the first step then changes nothing.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{CosineDecay, Schedule, WarmUp};
///
/// let schedule = WarmUp::new(10, CosineDecay::new(0.1, 100));
/// assert!(schedule.rate(0) < schedule.rate(5) && schedule.rate(5) < schedule.rate(10));
/// let compile = Compile::new(Adam::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WarmUp {
    steps: u64,
    from: f64,
    then: LearningRate,
}

impl WarmUp {
    /// From 0 in `steps` steps, at least 1, to `then`: a number or a schedule.
    pub fn new(steps: u64, then: impl Into<LearningRate>) -> Self {
        WarmUp {
            steps,
            from: 0.0,
            then: then.into(),
        }
    }

    /// The rate of the first step, 0 or more.
    pub fn starting_at(mut self, rate: f64) -> Self {
        self.from = rate;
        self
    }
}

impl Schedule for WarmUp {
    named!("warm_up");

    fn learning_rate(&mut self) -> Option<&mut LearningRate> {
        Some(&mut self.then)
    }

    fn check(&self) -> Result<(), Error> {
        check_steps(self.kind(), "steps", self.steps)?;
        check_rate(self.kind(), "first rate", self.from)?;
        self.then.check()
    }

    fn rate(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.then.at(step - self.steps);
        }
        let share = step as f64 / self.steps as f64;
        self.from + (self.then.at(0) - self.from) * share
    }
}
