//! Metrics: what people read while the loss is made small. One file each.

use std::any::Any;
use std::fmt::Debug;

use crate::Error;
use crate::dataset::Targets;

pub use crate::targets::{Direction, TargetRows, Task};

// The modules stand here, and not in the table below, so that rustfmt sees their files.
#[macro_use]
mod counts;

mod accuracy;
mod auc;
mod averaging;
mod binary_accuracy;
mod brier_score;
mod confusion_matrix;
mod cosine_similarity;
mod edit_distance;
mod expected_calibration_error;
mod f1_score;
mod label_error_rate;
mod log_loss;
mod mean_absolute_error;
mod mean_squared_error;
mod precision;
mod r2_score;
mod recall;
mod root_mean_squared_error;
mod state;
mod top_k_accuracy;
mod weighted;

pub use averaging::Averaging;
pub use confusion_matrix::ConfusionMatrix;
pub use edit_distance::edit_distance;
pub use state::{MetricRows, MetricState};
pub(crate) use weighted::Weighted;

macro_rules! metrics {
    ($($file:ident: $metric:ident,)*) => {
        $(pub use $file::$metric;)*

        /// The metric of the given name, as saved models hold it.
        pub(crate) fn from_name(name: &str) -> Result<Box<dyn Metric>, String> {
            $(if let Some(metric) = $file::from_name(name) {
                return Ok(Box::new(metric));
            })*
            Err(format!("this version of letra has no metric named \"{name}\""))
        }
    };
}

metrics! {
    accuracy: Accuracy,
    auc: Auc,
    binary_accuracy: BinaryAccuracy,
    brier_score: BrierScore,
    cosine_similarity: CosineSimilarity,
    expected_calibration_error: ExpectedCalibrationError,
    f1_score: F1Score,
    label_error_rate: LabelErrorRate,
    log_loss: LogLoss,
    mean_absolute_error: MeanAbsoluteError,
    mean_squared_error: MeanSquaredError,
    precision: Precision,
    r2_score: R2Score,
    recall: Recall,
    root_mean_squared_error: RootMeanSquaredError,
    top_k_accuracy: TopKAccuracy,
}

/// A number over all that a network answers in a pass: over a data set, or an epoch of a training.
///
/// It sees **predictions**, as [`Network::predict`](crate::Network::predict) gives them: where the
/// loss takes logits, they are probabilities. While a network is trained, they are those that came
/// before each step.
///
/// What is gathered from some rows, in whatever number of batches, is added up, and one result
/// comes of it at the end; so it is that of the whole pass, and not a mean of those of batches.
///
/// ```
/// use letra_nn::metrics::{Direction, Metric, MetricRows, MetricState};
///
/// /// How far the worst of each row's values is off, in the mean.
/// #[derive(Debug, Clone)]
/// struct LargestError;
///
/// impl Metric for LargestError {
///     fn name(&self) -> String {
///         "largest_error".into()
///     }
///
///     fn direction(&self) -> Direction {
///         Direction::Min
///     }
///
///     fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
///         rows.add_mean(state, |row| {
///             let off = |unit| rows.prediction(row)[unit] - rows.target(row, unit);
///             (0..rows.units()).map(|unit| f64::from(off(unit).abs())).fold(0.0, f64::max)
///         });
///     }
///
///     fn result(&self, state: &MetricState) -> f64 {
///         state.mean()
///     }
/// }
/// ```
pub trait Metric: Any + Debug + Send + Sync {
    /// Name in logs, tables and saved models; settings are part of it.
    fn name(&self) -> String;

    /// Which way the metric becomes better, for what stops at the best epoch or keeps it.
    fn direction(&self) -> Direction;

    /// Whether the metric makes sense for outputs of `units` values a row, which say `task`, and
    /// such targets, whose shape is the output's.
    ///
    /// # Errors
    /// When it does not; says what would.
    fn check(&self, _units: usize, _task: Task, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the metric is about outputs that say `task`: any that have a target for each row, unless
    /// a metric says otherwise.
    fn takes(&self, task: Task) -> bool {
        !matches!(task, Task::Sequences { .. })
    }

    /// Whether all that the metric looks at is which of a row's values are the larger, so that
    /// logits do in the place of probabilities, and softmax can be spared.
    fn needs_only_order(&self, _units: usize, _task: Task) -> bool {
        false
    }

    /// Whether the rows come with the weights of their samples; see
    /// [`Compile::weighted_metric`](crate::Compile::weighted_metric).
    fn is_weighted(&self) -> bool {
        false
    }

    /// Adds what some rows say.
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState);

    /// The number, by all that was gathered. It is no number where it is not defined, such as for
    /// weights that are all 0.
    fn result(&self, state: &MetricState) -> f64;

    /// The number for some rows alone.
    fn of(&self, rows: &MetricRows<'_>) -> f64 {
        let mut state = MetricState::default();
        self.update(rows, &mut state);
        self.result(&state)
    }
}

impl<M: Metric + ?Sized> Metric for Box<M> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn direction(&self) -> Direction {
        (**self).direction()
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        (**self).check(units, task, targets)
    }

    fn takes(&self, task: Task) -> bool {
        (**self).takes(task)
    }

    fn needs_only_order(&self, units: usize, task: Task) -> bool {
        (**self).needs_only_order(units, task)
    }

    fn is_weighted(&self) -> bool {
        (**self).is_weighted()
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        (**self).update(rows, state);
    }

    fn result(&self, state: &MetricState) -> f64 {
        (**self).result(state)
    }
}

/// The name of a metric with a setting, `base` where it has none.
fn with_threshold(base: String, threshold: Option<f32>) -> String {
    match threshold {
        Some(threshold) => format!("{base}_at_{threshold}"),
        None => base,
    }
}

/// A name without its threshold, and that.
fn split_threshold(name: &str) -> Option<(&str, Option<f32>)> {
    match name.split_once("_at_") {
        Some((base, threshold)) => Some((base, Some(threshold.parse().ok()?))),
        None => Some((name, None)),
    }
}

/// Refuses a threshold that is no number.
fn check_threshold(threshold: Option<f32>) -> Result<(), Error> {
    match threshold {
        Some(threshold) if !threshold.is_finite() => Err(Error::configuration(format!(
            "a metric has the threshold {threshold}"
        ))
        .with_hint("choose one between the predictions for no and for yes, such as 0.5")),
        _ => Ok(()),
    }
}

/// Refuses a metric's name that logs and tables have for something else, or cannot hold.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let is_taken = ["loss", "epoch", "steps"].contains(&name);
    let is_odd = name.is_empty()
        || name.starts_with("val_")
        || name.contains(|letter: char| letter.is_control() || ",\"".contains(letter));
    match is_taken || is_odd {
        false => Ok(()),
        true => Err(
            Error::configuration(format!("a metric is called {name:?}")).with_hint(
                "give it a name that logs have for nothing else, without val_ before it, commas and quotes",
            ),
        ),
    }
}

/// Refuses targets that are neither yes nor no, where `what` takes a row's only value for a question.
fn check_questions(what: &str, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
    let (Task::Values, Targets::Values(values)) = (task, targets) else {
        return Ok(());
    };
    // Several may be shares of classes; one alone is yes or no.
    let known = |value: &f32| match units {
        1 => *value == 0.0 || *value == 1.0 || value.is_nan(),
        _ => !(*value < 0.0 || *value > 1.0),
    };
    match values.data().iter().position(|value| !known(value)) {
        Some(index) => Err(Error::configuration(format!(
            "{what} {}, but sample {} has {}",
            match units {
                1 => "of a single output wants targets 0 and 1",
                _ => "wants classes, as targets from 0 to 1",
            },
            index / values.sample_values().max(1),
            values.data()[index]
        ))
        .with_hint("measure MeanAbsoluteError, RootMeanSquaredError or R2Score")),
        None => Ok(()),
    }
}

/// Refuses margins where `what` wants probabilities.
fn check_probabilities(
    what: &str,
    units: usize,
    task: Task,
    targets: &Targets,
) -> Result<(), Error> {
    match task {
        Task::Labels { threshold } if threshold != 0.5 => Err(Error::configuration(format!(
            "{what} wants probabilities, but the loss takes what is above {threshold} for a yes"
        ))
        .with_hint("take BinaryCrossEntropy, or leave the metric out")),
        _ => check_questions(what, units, task, targets),
    }
}

/// Refuses answers that are not one of several classes a row.
fn check_one_of_classes(what: &str, units: usize, task: Task) -> Result<(), Error> {
    match task.decision(units) {
        Task::Classes => Ok(()),
        _ => Err(Error::configuration(format!(
            "{what} wants one of several classes a row, but each output answers yes or no"
        ))
        .with_hint("measure BinaryAccuracy, F1Score or Auc")),
    }
}
