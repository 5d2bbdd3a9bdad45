use super::{Direction, Metric, MetricRows, MetricState, Task, check_probabilities};
use crate::Error;
use crate::dataset::Targets;

/// The Brier score: the mean of (*p* − *t*)² over the predicted probabilities, summed over the
/// classes where one of several is the answer, so that it goes from 0 to 2 there (Brier 1950,
/// "Verification of forecasts expressed in terms of probability").
///
/// Of one value, or of several labels, it is the mean over all values, from 0 to 1; scikit-learn's
/// `brier_score_loss` has the same scales. It sees predictions, probabilities where the loss takes
/// logits.
///
/// ```
/// use letra_nn::metrics::{BrierScore, Metric, MetricRows, TargetRows, Task};
///
/// let said = [0.75, 0.25, 0.5, 0.5];
/// let rows = MetricRows::new(2, &said, TargetRows::Classes(&[0, 1]), Task::Classes)?;
/// assert_eq!(BrierScore.of(&rows), 0.3125);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BrierScore;

pub(super) fn from_name(name: &str) -> Option<BrierScore> {
    (name == "brier_score").then_some(BrierScore)
}

impl Metric for BrierScore {
    fn name(&self) -> String {
        "brier_score".into()
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        check_probabilities("the Brier score", units, task, targets)
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let share = match rows.decision() {
            Task::Classes => 1.0,
            _ => 1.0 / rows.units() as f64,
        };
        rows.add_mean(state, |row| share * rows.squared_error(row));
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}
