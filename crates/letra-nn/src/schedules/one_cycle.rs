use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate, check_setting, check_share, check_steps};
use crate::Error;

/// One cycle (Smith 2018, section 4): the rate rises to a maximum that would be too much at
/// once, falls again, and ends far below where it began.
///
/// Keras has no such schedule; the numbers and the form are those of PyTorch's
/// `OneCycleLR`: up from a 25th of the maximum in the first 30 % of the steps, down to a
/// 10,000th of that, along halves of a cosine. Smith's own form is straight lines
/// ([`OneCycle::linear`]). His cycle of the momentum, which runs the other way, is not
/// part of it. After the last step the rate stays as it is.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{OneCycle, Schedule};
///
/// let schedule = OneCycle::new(0.1, 100);
/// let most = (0..100).map(|step| schedule.rate(step)).fold(0.0, f64::max);
/// assert!((most - 0.1).abs() < 1e-3 && schedule.rate(99) < 0.001);
/// let compile = Compile::new(Sgd::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OneCycle {
    maximum: f64,
    steps: u64,
    rise: f64,
    initial_division: f64,
    final_division: f64,
    linear: bool,
}

impl OneCycle {
    /// With the given maximum, 0 or more, over `steps` steps, at least 1; a single step has the maximum.
    pub fn new(maximum: f64, steps: u64) -> Self {
        OneCycle {
            maximum,
            steps,
            rise: 0.3,
            initial_division: 25.0,
            final_division: 1e4,
            linear: false,
        }
    }

    /// The share of the steps in which the rate rises, from 0 to 1.
    pub fn rise(mut self, share: f64) -> Self {
        self.rise = share;
        self
    }

    /// The first rate is the maximum divided by `initial`, the last one the first divided
    /// by `last`; both above 0.
    pub fn divisions(mut self, initial: f64, last: f64) -> Self {
        (self.initial_division, self.final_division) = (initial, last);
        self
    }

    /// Straight lines instead of halves of a cosine.
    pub fn linear(mut self) -> Self {
        self.linear = true;
        self
    }
}

impl Schedule for OneCycle {
    named!("one_cycle");

    fn check(&self) -> Result<(), Error> {
        check_rate(self.kind(), "maximum", self.maximum)?;
        check_steps(self.kind(), "steps", self.steps)?;
        check_share(self.kind(), "rise", self.rise)?;
        for (name, value) in [
            ("initial division", self.initial_division),
            ("final division", self.final_division),
        ] {
            check_setting(self.kind(), name, value, value > 0.0, "above 0")?;
        }
        Ok(())
    }

    fn rate(&self, step: u64) -> f64 {
        if self.steps <= 1 {
            return self.maximum;
        }
        let first = self.maximum / self.initial_division;
        let last = first / self.final_division;
        let end = (self.steps - 1) as f64;
        let (peak, step) = (self.rise * self.steps as f64 - 1.0, (step as f64).min(end));
        let (from, to, share) = if step <= peak && peak > 0.0 {
            (first, self.maximum, step / peak)
        } else {
            (self.maximum, last, (step - peak) / (end - peak))
        };
        match self.linear {
            _ if share.is_nan() => to,
            true => from + (to - from) * share,
            false => to + (from - to) * 0.5 * (1.0 + libm::cos(PI * share)),
        }
    }
}
