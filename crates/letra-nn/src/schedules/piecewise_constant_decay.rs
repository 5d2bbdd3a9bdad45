use serde::{Deserialize, Serialize};

use super::{Schedule, check_rate};
use crate::Error;

/// A rate that changes at given steps and is constant in between, as Keras has it: the
/// first value up to and including the step of the first boundary, then the second, …
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{PiecewiseConstantDecay, Schedule};
///
/// let schedule = PiecewiseConstantDecay::new([100, 200], [0.1, 0.01, 0.001]);
/// assert!((schedule.rate(0) - 0.1).abs() < 1e-6);
/// assert!((schedule.rate(150) - 0.01).abs() < 1e-6);
/// assert!((schedule.rate(500) - 0.001).abs() < 1e-6);
/// let compile = Compile::new(Sgd::new(schedule));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PiecewiseConstantDecay {
    boundaries: Vec<u64>,
    values: Vec<f64>,
}

impl PiecewiseConstantDecay {
    /// With the given boundaries, in rising order, and rates of 0 or more, one more than
    /// there are boundaries.
    pub fn new(boundaries: impl Into<Vec<u64>>, values: impl Into<Vec<f64>>) -> Self {
        PiecewiseConstantDecay {
            boundaries: boundaries.into(),
            values: values.into(),
        }
    }
}

impl Schedule for PiecewiseConstantDecay {
    named!("piecewise_constant_decay");

    fn check(&self) -> Result<(), Error> {
        let (boundaries, values) = (self.boundaries.len(), self.values.len());
        if values != boundaries + 1 {
            return Err(Error::configuration(format!(
                "the schedule {} has {values} values for {boundaries} boundaries",
                self.kind()
            ))
            .with_hint("give one value more than boundaries"));
        }
        if !self.boundaries.is_sorted_by(|left, right| left < right) {
            return Err(Error::configuration(format!(
                "the schedule {} has boundaries {:?}",
                self.kind(),
                self.boundaries
            ))
            .with_hint("each must be above the one before"));
        }
        self.values
            .iter()
            .try_for_each(|&value| check_rate(self.kind(), "a value of", value))
    }

    fn rate(&self, step: u64) -> f64 {
        self.values[self.boundaries.partition_point(|&boundary| boundary < step)]
    }
}
