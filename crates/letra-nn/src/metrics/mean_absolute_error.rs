use super::{Direction, Metric, MetricRows, MetricState};

pub use crate::losses::MeanAbsoluteError;

pub(super) fn from_name(name: &str) -> Option<MeanAbsoluteError> {
    (name == "mean_absolute_error").then_some(MeanAbsoluteError)
}

/// As a metric, of the predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{MeanAbsoluteError, Metric, MetricRows, TargetRows, Task};
///
/// let targets = TargetRows::Values(&[2.0, 4.0]);
/// let rows = MetricRows::new(1, &[1.0, 6.0], targets, Task::Values)?;
/// assert_eq!(MeanAbsoluteError.of(&rows), 1.5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
impl Metric for MeanAbsoluteError {
    fn name(&self) -> String {
        "mean_absolute_error".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            let values = rows.prediction(row).iter().enumerate();
            let errors =
                values.map(|(unit, &y)| (f64::from(y) - f64::from(rows.target(row, unit))).abs());
            errors.sum::<f64>() / rows.units() as f64
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
