//! Right and wrong answers counted for each of an output's values: what precision and recall are
//! made of.

use super::averaging::Averaging;
use super::state::{MetricRows, MetricState};
use super::{Task, check_questions, check_threshold};
use crate::Error;
use crate::dataset::Targets;

/// What was rightly said, wrongly said and missed.
pub(super) type Counts = [f64; 3];

/// One number over another; 0 where there is nothing, as in Keras.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    match whole == 0.0 {
        true => 0.0,
        false => part / whole,
    }
}

/// Adds the counts of some rows. A value is a yes above the threshold; without one, where the loss
/// has it, or where it is the largest.
pub(super) fn count(rows: &MetricRows<'_>, threshold: Option<f32>, state: &mut MetricState) {
    let counts = state.sums_of(3 * rows.units());
    let threshold = threshold.or(match rows.decision() {
        Task::Labels { threshold } => Some(threshold),
        _ => None,
    });
    for row in 0..rows.count() {
        let (weight, largest) = (rows.weight(row), rows.predicted_class(row));
        for (unit, counts) in counts.chunks_exact_mut(3).enumerate() {
            let said = match threshold {
                Some(threshold) => rows.prediction(row)[unit] > threshold,
                None => unit == largest,
            };
            match (said, rows.is_positive(row, unit)) {
                (true, true) => counts[0] += weight,
                (true, false) => counts[1] += weight,
                (false, true) => counts[2] += weight,
                (false, false) => {}
            }
        }
    }
}

/// The number that `formula` makes of the counts, by the average that was asked for.
pub(super) fn averaged(
    average: Averaging,
    state: &MetricState,
    formula: impl Fn(Counts) -> f64,
) -> f64 {
    let counts = state.sums.chunks_exact(3).map(|counts| {
        let counts: Counts = counts.try_into().expect("three a class");
        counts
    });
    average.over(counts, formula, |sum, counts| {
        sum.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    })
}

/// Whether the settings make sense for an output.
pub(super) fn check(
    what: &str,
    (average, threshold): (Averaging, Option<f32>),
    units: usize,
    task: Task,
    targets: &Targets,
) -> Result<(), Error> {
    check_threshold(threshold)?;
    average.check(units)?;
    check_questions(what, units, task, targets)
}

/// Declares a metric that is a formula of [`Counts`].
macro_rules! counted_metric {
    ($(#[$documentation:meta])* $metric:ident, $name:literal, $formula:expr) => {
        use super::averaging::Averaging;
        use super::counts;
        use super::{Direction, Metric, MetricRows, MetricState, Task};
        use crate::Error;
        use crate::dataset::Targets;

        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct $metric {
            average: Averaging,
            threshold: Option<f32>,
        }

        impl $metric {
            /// Of all values together; a yes is what the loss takes for one.
            pub fn new() -> Self {
                Self::default()
            }

            /// How several values or classes make one number.
            pub fn average(mut self, average: Averaging) -> Self {
                self.average = average;
                self
            }

            /// What a prediction must be above to count as a yes.
            pub fn threshold(mut self, threshold: f32) -> Self {
                self.threshold = Some(threshold);
                self
            }
        }

        pub(super) fn from_name(name: &str) -> Option<$metric> {
            let (name, threshold) = super::split_threshold(name)?;
            let average = Averaging::from_name(name, $name)?;
            Some($metric { average, threshold })
        }

        impl Metric for $metric {
            fn name(&self) -> String {
                super::with_threshold(self.average.name($name), self.threshold)
            }

            fn direction(&self) -> Direction {
                Direction::Max
            }

            fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
                let settings = (self.average, self.threshold);
                counts::check($name, settings, units, task, targets)
            }

            fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
                counts::count(rows, self.threshold, state);
            }

            fn result(&self, state: &MetricState) -> f64 {
                counts::averaged(self.average, state, $formula)
            }
        }
    };
}
