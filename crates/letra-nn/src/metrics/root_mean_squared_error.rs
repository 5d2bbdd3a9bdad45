use super::mean_squared_error::add_squares;
use super::{Direction, Metric, MetricRows, MetricState};

/// The root of the mean over all values of (*y* − *t*)²: an error in the targets' own measure, in
/// which large ones count more. It is that of the whole pass, and not a mean of roots.
///
/// It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{Metric, MetricRows, RootMeanSquaredError, TargetRows, Task};
///
/// let targets = TargetRows::Values(&[2.0, 4.0]);
/// let rows = MetricRows::new(1, &[1.0, 11.0], targets, Task::Values)?;
/// assert_eq!(RootMeanSquaredError.of(&rows), 5.0);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RootMeanSquaredError;

pub(super) fn from_name(name: &str) -> Option<RootMeanSquaredError> {
    (name == "root_mean_squared_error").then_some(RootMeanSquaredError)
}

impl Metric for RootMeanSquaredError {
    fn name(&self) -> String {
        "root_mean_squared_error".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        add_squares(rows, state);
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean().sqrt()
    }
}
