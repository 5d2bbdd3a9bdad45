use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{KINDS, Schedule, from_configuration};
use crate::Error;
use crate::check::{check_name, check_range, type_of};

/// A learning rate: a number, or a schedule. Both turn into one by themselves.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::{CosineDecay, WarmUp};
///
/// let steady = Adam::new(0.001);
/// let falling = Sgd::new(CosineDecay::new(0.1, 1_000));
/// let gentle = Adam::new(WarmUp::new(100, CosineDecay::new(0.01, 1_000)));
/// # let _ = (steady, falling, gentle);
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct LearningRate(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Number(f32),
    Schedule(Arc<dyn Schedule>),
    /// One of a file that letra does not have: a registry may.
    Unknown(String, serde_json::Value),
}

/// Makes the schedule of a kind with a saved configuration.
type MakeSchedule<'a> = dyn Fn(&str, serde_json::Value) -> Result<Box<dyn Schedule>, String> + 'a;

/// In a file, a number is a number, as it was before there were schedules.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Number(f32),
    Schedule {
        kind: String,
        configuration: serde_json::Value,
    },
}

impl LearningRate {
    /// The rate of a step, counted from 0, in double precision.
    pub fn at(&self, step: u64) -> f64 {
        match &self.0 {
            Kind::Number(rate) => f64::from(*rate),
            Kind::Schedule(schedule) => schedule.rate(step),
            Kind::Unknown(..) => f64::NAN,
        }
    }

    /// Puts the schedules of a registry in the places of those that letra does not know.
    ///
    /// # Errors
    /// When the registry does not have one either, or cannot read it.
    pub(crate) fn resolve(&mut self, make: &MakeSchedule<'_>) -> Result<(), String> {
        if let Kind::Unknown(kind, configuration) = &mut self.0 {
            self.0 = Kind::Schedule(make(kind, configuration.take())?.into());
        }
        match &mut self.0 {
            Kind::Schedule(schedule) => Arc::get_mut(schedule)
                .and_then(|schedule| schedule.learning_rate())
                .map_or(Ok(()), |rate| rate.resolve(make)),
            _ => Ok(()),
        }
    }

    /// Whether the number or the schedule's settings make sense, and the first rate is one.
    ///
    /// # Errors
    /// When the number is negative or none, or a setting of the schedule is out of range.
    pub fn check(&self) -> Result<(), Error> {
        match &self.0 {
            Kind::Number(rate) => {
                check_range("learning rate", *rate, 0.0.., "a number of 0 or more")
            }
            Kind::Schedule(schedule) => {
                schedule.check()?;
                let kind = schedule.kind();
                let letras = KINDS.contains(&kind).then(|| {
                    let made = from_configuration(kind, schedule.configuration());
                    made.map(|made| type_of(&*made))
                });
                check_name("a schedule", kind, &**schedule, letras)?;
                check_step(schedule.rate(0), 0).map(|_| ())
            }
            Kind::Unknown(kind, _) => Err(Error::configuration(format!(
                "there is no schedule named \"{kind}\""
            ))
            .with_hint("make one of a type of your own")),
        }
    }
}

/// The rate of a step, counted from 0.
///
/// # Errors
/// When it is negative or not a number.
pub(crate) fn check_step(rate: f64, step: u64) -> Result<f32, Error> {
    match rate >= 0.0 && rate <= f64::from(f32::MAX) {
        true => Ok(rate as f32),
        false => Err(Error::configuration(format!(
            "the learning rate of step {} is {rate}",
            step.saturating_add(1)
        ))
        .with_hint("a schedule must give a number of 0 or more")),
    }
}

impl From<f32> for LearningRate {
    fn from(rate: f32) -> Self {
        LearningRate(Kind::Number(rate))
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        LearningRate(Kind::Number(rate as f32))
    }
}

impl<S: Schedule + 'static> From<S> for LearningRate {
    fn from(schedule: S) -> Self {
        LearningRate(Kind::Schedule(Arc::new(schedule)))
    }
}

impl TryFrom<Saved> for LearningRate {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        Ok(LearningRate(match saved {
            Saved::Number(rate) => Kind::Number(rate),
            Saved::Schedule {
                kind,
                configuration,
            } => match KINDS.contains(&kind.as_str()) {
                true => Kind::Schedule(from_configuration(&kind, configuration)?.into()),
                false => Kind::Unknown(kind, configuration),
            },
        }))
    }
}

impl From<LearningRate> for Saved {
    fn from(rate: LearningRate) -> Self {
        match rate.0 {
            Kind::Number(rate) => Saved::Number(rate),
            Kind::Schedule(schedule) => Saved::Schedule {
                kind: schedule.kind().into(),
                configuration: schedule.configuration(),
            },
            Kind::Unknown(kind, configuration) => Saved::Schedule {
                kind,
                configuration,
            },
        }
    }
}
