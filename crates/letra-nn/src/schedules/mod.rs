//! Schedules: how the learning rate changes from step to step. One file each.
//!
//! Names, defaults and meanings are Keras's. Steps are steps of the optimizer, counted
//! from 0; a number is a schedule that never changes.

mod learning_rate;

use std::any::Any;
use std::fmt::Debug;

use crate::Error;

pub use learning_rate::LearningRate;
pub(crate) use learning_rate::check_step;

// The modules stand here, and not in the table below, so that rustfmt sees their files.
mod cosine_decay;
mod cosine_decay_restarts;
mod exponential_decay;
mod inverse_time_decay;
mod one_cycle;
mod piecewise_constant_decay;
mod polynomial_decay;
mod warm_up;

macro_rules! schedules {
    ($($file:ident: $schedule:ident,)*) => {
        $(pub use $file::$schedule;)*

        /// The kinds of all.
        pub(crate) const KINDS: &[&str] = &[$(stringify!($file)),*];

        /// The schedule of the given kind with a saved configuration.
        pub(crate) fn from_configuration(
            kind: &str,
            configuration: serde_json::Value,
        ) -> Result<Box<dyn Schedule>, String> {
            match kind {
                $(stringify!($file) => serde_json::from_value::<$schedule>(configuration)
                    .map(|schedule| Box::new(schedule) as Box<dyn Schedule>)
                    .map_err(|error| format!("the schedule's configuration cannot be read: {error}")),)*
                _ => Err(format!("this version of letra has no schedule named \"{kind}\"")),
            }
        }
    };
}

schedules! {
    cosine_decay: CosineDecay,
    cosine_decay_restarts: CosineDecayRestarts,
    exponential_decay: ExponentialDecay,
    inverse_time_decay: InverseTimeDecay,
    one_cycle: OneCycle,
    piecewise_constant_decay: PiecewiseConstantDecay,
    polynomial_decay: PolynomialDecay,
    warm_up: WarmUp,
}

/// The learning rate as a function of the step.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::Schedule;
///
/// /// The rate falls as 1 / √step (Vaswani et al. 2017, without the warm-up).
/// #[derive(Debug)]
/// struct RootDecay(f64);
///
/// impl Schedule for RootDecay {
///     fn kind(&self) -> &'static str {
///         "root_decay"
///     }
///
///     fn configuration(&self) -> serde_json::Value {
///         serde_json::json!(self.0)
///     }
///
///     fn check(&self) -> Result<(), Error> {
///         Ok(())
///     }
///
///     fn rate(&self, step: u64) -> f64 {
///         self.0 / (step as f64 + 1.0).sqrt()
///     }
/// }
///
/// let compile = Compile::new(Sgd::new(RootDecay(0.1)));
/// ```
pub trait Schedule: Any + Debug + Send + Sync {
    /// Name of the schedule, the same as its file's.
    fn kind(&self) -> &'static str;

    /// The configuration as it is saved.
    fn configuration(&self) -> serde_json::Value;

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// When one does not; says which, and its range.
    fn check(&self) -> Result<(), Error>;

    /// The rate of a step, counted from 0: a finite number of 0 or more.
    fn rate(&self, step: u64) -> f64;

    /// The learning rate that it builds on, if it has one: it may hold a schedule of one's own.
    fn learning_rate(&mut self) -> Option<&mut LearningRate> {
        None
    }
}

/// An error unless `fine`; `value` is the setting called `name` of a schedule.
fn check_setting(kind: &str, name: &str, value: f64, fine: bool, words: &str) -> Result<(), Error> {
    match value.is_finite() && fine {
        true => Ok(()),
        false => Err(
            Error::configuration(format!("the schedule {kind} has {name} {value}"))
                .with_hint(format!("it must be {words}")),
        ),
    }
}

/// As [`check_setting`], for a learning rate.
fn check_rate(kind: &str, name: &str, value: f64) -> Result<(), Error> {
    check_setting(kind, name, value, value >= 0.0, "a number of 0 or more")
}

/// As [`check_setting`], for a share.
fn check_share(kind: &str, name: &str, value: f64) -> Result<(), Error> {
    let fine = (0.0..=1.0).contains(&value);
    check_setting(kind, name, value, fine, "from 0 to 1")
}

/// An error unless there is a step at least.
fn check_steps(kind: &str, name: &str, steps: u64) -> Result<(), Error> {
    check_setting(kind, name, steps as f64, steps > 0, "at least 1")
}

#[cfg(test)]
mod tests;
