use super::{Direction, Metric, MetricRows, MetricState};

/// Share of the targets' mean square that rounding may leave of no variance at all.
const ROUNDING: f64 = 1e-14;

/// The coefficient of determination *R*² = 1 − Σ (*t* − *y*)² / Σ (*t* − *t̄*)²: the share of the
/// targets' variance that the predictions tell. It is 1 at best, 0 for the targets' mean, and below
/// for what is worse; the mean over the values of the last axis.
///
/// Where the targets are all the same, it is 1 if they are met and 0 if not, as in scikit-learn. It
/// sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{Metric, MetricRows, R2Score, TargetRows, Task};
///
/// let targets = TargetRows::Values(&[1.0, 2.0, 3.0]);
/// let rows = MetricRows::new(1, &[1.0, 2.5, 3.0], targets, Task::Values)?;
/// assert_eq!(R2Score.of(&rows), 0.875);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct R2Score;

pub(super) fn from_name(name: &str) -> Option<R2Score> {
    (name == "r2_score").then_some(R2Score)
}

impl Metric for R2Score {
    fn name(&self) -> String {
        "r2_score".into()
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    /// Sums a value of the last axis: weights, and by them targets, their squares, and squared
    /// errors.
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let sums = state.sums_of(4 * rows.units());
        for row in 0..rows.count() {
            let weight = rows.weight(row);
            for (unit, sums) in sums.chunks_exact_mut(4).enumerate() {
                let t = f64::from(rows.target(row, unit));
                let error = f64::from(rows.prediction(row)[unit]) - t;
                sums[0] += weight;
                sums[1] += weight * t;
                sums[2] += weight * t * t;
                sums[3] += weight * error * error;
            }
        }
    }

    fn result(&self, state: &MetricState) -> f64 {
        let scores = state.sums.chunks_exact(4).map(|sums| {
            let variation = sums[2] - sums[1] * sums[1] / sums[0];
            match variation <= ROUNDING * sums[2] {
                false => 1.0 - sums[3] / variation,
                true => f64::from(sums[3] == 0.0),
            }
        });
        let units = scores.len() as f64;
        scores.sum::<f64>() / units
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{TargetRows, Task};

    #[test]
    fn targets_without_variance() {
        let of = |said: &[f32]| {
            let targets = TargetRows::Values(&[0.1, 0.1, 0.1]);
            R2Score.of(&MetricRows::new(1, said, targets, Task::Values).unwrap())
        };
        assert_eq!(of(&[0.1, 0.1, 0.1]), 1.0);
        assert_eq!(of(&[0.1, 0.2, 0.1]), 0.0);
    }
}
