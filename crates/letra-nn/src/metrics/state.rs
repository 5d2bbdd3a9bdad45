//! What metrics see, and what they gather of it.

use serde::{Deserialize, Serialize};

use super::Task;
use crate::Error;
use crate::number;
use crate::targets::{TargetRows, before_blank, largest, target_class};

/// Some rows of predictions and their targets: a row is a sample or, where the output has several
/// axes, one of its places, such as a step or a pixel.
///
/// ```
/// use letra_nn::metrics::{BinaryAccuracy, Metric, MetricRows, TargetRows, Task};
///
/// // Four answers to one question each, as a metric sees them.
/// let question = Task::Labels { threshold: 0.5 };
/// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 1.0]);
/// let rows = MetricRows::new(1, &[0.9, 0.2, 0.4, 0.7], targets, question)?;
/// assert_eq!(BinaryAccuracy::new().of(&rows), 0.75);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MetricRows<'a> {
    units: usize,
    predictions: &'a [f32],
    targets: TargetRows<'a>,
    task: Task,
    samples: usize,
    /// Where the rows of each sample end, where they do not have as many each.
    ends: Option<&'a [usize]>,
    /// Of samples, each with as many rows.
    weights: Option<&'a [f32]>,
}

impl<'a> MetricRows<'a> {
    /// Rows of `units` values each, which say `task`.
    ///
    /// ```
    /// use letra_nn::metrics::{Accuracy, Metric, MetricRows, TargetRows, Task};
    ///
    /// let predictions = [0.2, 0.7, 0.1, 0.5, 0.3, 0.2];
    /// let rows = MetricRows::new(3, &predictions, TargetRows::Classes(&[1, 2]), Task::Classes)?;
    /// assert_eq!(Accuracy.of(&rows), 0.5);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is not a target for each row, or a class is none of `units`.
    pub fn new(
        units: usize,
        predictions: &'a [f32],
        targets: TargetRows<'a>,
        task: Task,
    ) -> Result<Self, Error> {
        let fits = match targets {
            TargetRows::Values(values) => values.len() == predictions.len(),
            TargetRows::Classes(labels) => {
                labels.len().checked_mul(units) == Some(predictions.len())
                    && labels.iter().all(|&label| (label as usize) < units)
            }
        };
        match fits && units > 0 && predictions.len().is_multiple_of(units) {
            true => Ok(Self::checked(units, predictions, targets, task)),
            false => Err(Error::data(format!(
                "{} predictions, {units} a row, do not go with the targets",
                predictions.len()
            ))
            .with_hint("give a row of as many targets, or one of as many classes, for each")),
        }
    }

    /// The same where the numbers are known to fit.
    pub(crate) fn checked(
        units: usize,
        predictions: &'a [f32],
        targets: TargetRows<'a>,
        task: Task,
    ) -> Self {
        MetricRows {
            units,
            predictions,
            targets,
            task,
            samples: 1,
            ends: None,
            weights: None,
        }
    }

    /// Of so many samples, each with as many rows, or with rows up to those that `ends` says.
    pub(crate) fn of_samples(mut self, samples: usize, ends: Option<&'a [usize]>) -> Self {
        (self.samples, self.ends) = (samples, ends);
        self
    }

    /// With weights of the samples, each with as many rows.
    pub(crate) fn weighted(mut self, weights: Option<&'a [f32]>) -> Self {
        self.weights = weights;
        self
    }

    /// Rows `[samples, steps, units]` and the labels of each sample, as many as are most, the blank
    /// after the others' last: what a metric of [`Task::Sequences`] sees.
    ///
    /// ```
    /// use letra_nn::metrics::{LabelErrorRate, Metric, MetricRows};
    ///
    /// // Two samples of two steps; class 0 is the blank.
    /// let said = [0.1, 0.9, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3];
    /// let rows = MetricRows::of_sequences(2, 2, &said, &[1, 1], 0)?;
    /// assert_eq!(LabelErrorRate.of(&rows), 0.5);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there are not as many rows and labels for each sample, or a label is none of `units`.
    pub fn of_sequences(
        samples: usize,
        units: usize,
        predictions: &'a [f32],
        labels: &'a [u32],
        blank: u32,
    ) -> Result<Self, Error> {
        let whole = |values: usize, each: usize| each > 0 && values.is_multiple_of(each);
        let fits = whole(predictions.len(), units)
            && whole(predictions.len() / units, samples)
            && whole(labels.len(), samples)
            && labels.iter().all(|&label| (label as usize) < units);
        match fits {
            true => {
                let labels = TargetRows::Classes(labels);
                let task = Task::Sequences { blank };
                Ok(Self::checked(units, predictions, labels, task).of_samples(samples, None))
            }
            false => Err(Error::data(format!(
                "{} predictions, {units} a step, and {} labels do not go with {samples} samples",
                predictions.len(),
                labels.len()
            ))
            .with_hint("give as many steps and labels for each sample, the last labels blanks")),
        }
    }

    /// Number of samples; 1 of rows that [`MetricRows::new`] made.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Of a task of sequences, the predictions of a sample, `[steps, units]`, without padding, and its
    /// labels, those before the first blank. Of any other there are no labels.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn sequence(&self, sample: usize) -> (&'a [f32], &'a [u32]) {
        let of_sample = |all: usize| {
            let each = all / self.samples;
            sample * each..(sample + 1) * each
        };
        let predictions = match self.ends {
            None => of_sample(self.predictions.len()),
            Some(ends) => {
                let start = sample.checked_sub(1).map_or(0, |last| ends[last]);
                start * self.units..ends[sample] * self.units
            }
        };
        let predictions = &self.predictions[predictions];
        match (self.targets, self.task) {
            (TargetRows::Classes(labels), Task::Sequences { blank }) => {
                let labels = &labels[of_sample(labels.len())];
                (predictions, before_blank(labels, blank))
            }
            _ => (predictions, &[]),
        }
    }

    /// The weight of a sample; 1 where all count alike.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn sample_weight(&self, sample: usize) -> f64 {
        self.weights
            .map_or(1.0, |weights| f64::from(weights[sample]))
    }

    /// Values of a row, the size of the output's last axis.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.predictions.len() / self.units
    }

    /// What the loss takes the values for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// How an answer is read from a row: see [`Task::decision`].
    pub fn decision(&self) -> Task {
        self.task.decision(self.units)
    }

    /// All predictions, row after row.
    pub fn predictions(&self) -> &'a [f32] {
        self.predictions
    }

    /// Whether some rows count more than others.
    pub(super) fn are_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// The predictions of a row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn prediction(&self, row: usize) -> &'a [f32] {
        &self.predictions[row * self.units..(row + 1) * self.units]
    }

    /// Target of one of a row's values; for a class, 1 at that and 0 elsewhere.
    ///
    /// # Panics
    /// When there is no such value.
    pub fn target(&self, row: usize, unit: usize) -> f32 {
        self.targets.value(self.units, row, unit)
    }

    /// The class that a row's target names: its label, or the largest of its values.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn target_class(&self, row: usize) -> usize {
        target_class(self.units, self.targets, row)
    }

    /// The class with the largest prediction of a row, the first of equals.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn predicted_class(&self, row: usize) -> usize {
        largest(self.prediction(row))
    }

    /// Whether the target of one of a row's values is a yes: the class of the row or, where the
    /// values are questions each, above the threshold.
    ///
    /// # Panics
    /// When there is no such value.
    pub fn is_positive(&self, row: usize, unit: usize) -> bool {
        match self.decision() {
            Task::Labels { threshold } => self.target(row, unit) > threshold,
            _ => self.target_class(row) == unit,
        }
    }

    /// The weight of a row, that of its sample; 1 where all count alike.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn weight(&self, row: usize) -> f64 {
        match (self.weights, self.ends) {
            (None, _) => 1.0,
            (Some(weights), Some(ends)) => {
                f64::from(weights[ends.partition_point(|end| *end <= row)])
            }
            (Some(weights), None) => {
                let places = self.count() / weights.len();
                f64::from(weights[row / places])
            }
        }
    }

    /// Sum over a row's values of the squared error.
    pub(super) fn squared_error(&self, row: usize) -> f64 {
        let values = self.prediction(row).iter().enumerate();
        let errors = values.map(|(unit, &y)| f64::from(y) - f64::from(self.target(row, unit)));
        errors.map(|error| error * error).sum()
    }

    /// Adds a number a row to a mean over the rows, by their weights; [`MetricState::mean`] is the
    /// mean.
    pub fn add_mean(&self, state: &mut MetricState, number: impl Fn(usize) -> f64) {
        let [sum, weights] = state.sums();
        for row in 0..self.count() {
            let weight = self.weight(row);
            *sum += weight * number(row);
            *weights += weight;
        }
    }
}

/// What a metric has gathered over some rows.
///
/// ```
/// use letra_nn::metrics::MetricState;
///
/// // A mean: a sum, and what it is divided by.
/// let mut state = MetricState::default();
/// let [sum, count] = state.sums();
/// *sum += 3.0;
/// *count += 2.0;
/// assert_eq!(state.mean(), 1.5);
/// ```
///
/// What several batches and threads gather is brought together in one fixed order, that of the
/// samples, however many threads there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetricState {
    /// Numbers that are added up; always as many, for outputs of the same shape.
    #[serde(with = "number::list")]
    pub sums: Vec<f64>,
    /// Numbers that are put one after the other, for a metric that must see all rows at once.
    #[serde(with = "number::list", skip_serializing_if = "Vec::is_empty", default)]
    pub values: Vec<f32>,
}

impl MetricState {
    /// The sums, 0 at first.
    ///
    /// # Panics
    /// When there are sums already and not as many.
    pub fn sums<const N: usize>(&mut self) -> &mut [f64; N] {
        let sums = self.sums_of(N);
        sums.try_into().expect("always as many sums")
    }

    /// As [`MetricState::sums`], where their number depends on the output.
    ///
    /// # Panics
    /// When there are sums already and not as many.
    pub fn sums_of(&mut self, count: usize) -> &mut [f64] {
        if self.sums.is_empty() {
            self.sums.resize(count, 0.0);
        }
        assert_eq!(self.sums.len(), count, "always as many sums");
        &mut self.sums
    }

    /// The first sum over the second, as [`MetricRows::add_mean`] leaves them.
    pub fn mean(&self) -> f64 {
        match self.sums[..] {
            [sum, weights, ..] => sum / weights,
            _ => f64::NAN,
        }
    }

    /// Adds what later rows have brought.
    pub fn merge(&mut self, later: &MetricState) {
        self.sums.resize(later.sums.len(), 0.0);
        for (sum, more) in self.sums.iter_mut().zip(&later.sums) {
            *sum += more;
        }
        self.values.extend_from_slice(&later.values);
    }

    /// Forgets all, but keeps the room.
    pub(crate) fn clear(&mut self) {
        self.sums.clear();
        self.values.clear();
    }
}
