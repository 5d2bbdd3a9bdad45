use super::{Direction, Metric, MetricRows, MetricState, Task};
use super::{check_questions, check_threshold, split_threshold, with_threshold};
use crate::Error;
use crate::dataset::Targets;

/// Share of the values that are on the same side of the threshold as their targets, the mean over
/// all values.
///
/// [`Accuracy`](super::Accuracy) is this where the loss takes values for questions each; it is there
/// to be asked for where the loss does not, or for another threshold, which predictions alone are
/// held to. It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{BinaryAccuracy, Metric, MetricRows, TargetRows, Task};
///
/// let said = [0.9, 0.6, 0.4, 0.2];
/// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 0.0]);
/// let rows = MetricRows::new(2, &said, targets, Task::Labels { threshold: 0.5 })?;
/// assert_eq!(BinaryAccuracy::new().of(&rows), 0.5);
/// assert_eq!(BinaryAccuracy::new().threshold(0.3).of(&rows), 0.75);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BinaryAccuracy {
    threshold: Option<f32>,
}

impl BinaryAccuracy {
    /// At the loss's own threshold, 0.5 for probabilities.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a prediction must be above to count as a yes.
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = Some(threshold);
        self
    }
}

pub(super) fn from_name(name: &str) -> Option<BinaryAccuracy> {
    let (name, threshold) = split_threshold(name)?;
    (name == "binary_accuracy").then_some(BinaryAccuracy { threshold })
}

/// Adds the share of each row's values whose predictions are above the threshold, or not, as the
/// targets say.
pub(super) fn add_binary(rows: &MetricRows<'_>, threshold: f32, state: &mut MetricState) {
    rows.add_mean(state, |row| {
        let values = rows.prediction(row).iter().enumerate();
        let right =
            values.filter(|&(unit, value)| (*value > threshold) == rows.is_positive(row, unit));
        right.count() as f64 / rows.units() as f64
    });
}

impl Metric for BinaryAccuracy {
    fn name(&self) -> String {
        with_threshold("binary_accuracy".into(), self.threshold)
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        check_threshold(self.threshold)?;
        check_questions("binary accuracy", units, task, targets)
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let own = match rows.task() {
            Task::Labels { threshold } => threshold,
            _ => 0.5,
        };
        add_binary(rows, self.threshold.unwrap_or(own), state);
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
