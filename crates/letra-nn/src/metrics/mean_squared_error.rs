use super::{Direction, Metric, MetricRows, MetricState};

pub use crate::losses::MeanSquaredError;

pub(super) fn from_name(name: &str) -> Option<MeanSquaredError> {
    (name == "mean_squared_error").then_some(MeanSquaredError)
}

/// Adds the mean over each row's values of the squared error.
pub(super) fn add_squares(rows: &MetricRows<'_>, state: &mut MetricState) {
    rows.add_mean(state, |row| rows.squared_error(row) / rows.units() as f64);
}

/// As a metric, of the predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{MeanSquaredError, Metric, MetricRows, TargetRows, Task};
///
/// let targets = TargetRows::Values(&[2.0, 4.0]);
/// let rows = MetricRows::new(1, &[1.0, 6.0], targets, Task::Values)?;
/// assert_eq!(MeanSquaredError.of(&rows), 2.5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
impl Metric for MeanSquaredError {
    fn name(&self) -> String {
        "mean_squared_error".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        add_squares(rows, state);
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
