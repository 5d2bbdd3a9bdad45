use super::{Direction, Metric, MetricRows, MetricState, Task, check_probabilities};
use crate::Error;
use crate::dataset::Targets;

/// Bins, unless something else is said.
const USUAL_BINS: usize = 10;

/// The expected calibration error: how far probabilities are from what comes true. Predictions are
/// put into bins of equal width by their probability, and it is the mean over the bins of
/// |mean probability − share that came true|, by the number of predictions in each (Naeini, Cooper
/// and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning"; Guo et al.
/// 2017, "On calibration of modern neural networks", equation 5).
///
/// Of one of several classes, the probability is that of the answer, and true is a right answer. Of
/// one value, or of each of several labels, it is that of a yes. A bin holds its lower bound, and the
/// last one 1. It sees predictions, probabilities where the loss takes logits.
///
/// ```
/// use letra_nn::metrics::{ExpectedCalibrationError, Metric, MetricRows, TargetRows, Task};
///
/// // All four are said to be so by 75 %, and half of them are.
/// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 0.0]);
/// let rows = MetricRows::new(1, &[0.75; 4], targets, Task::Labels { threshold: 0.5 })?;
/// assert_eq!(ExpectedCalibrationError::new().of(&rows), 0.25);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedCalibrationError {
    bins: usize,
}

impl ExpectedCalibrationError {
    /// With 10 bins.
    #[expect(
        clippy::new_without_default,
        reason = "settings follow, as with all metrics"
    )]
    pub fn new() -> Self {
        ExpectedCalibrationError { bins: USUAL_BINS }
    }

    /// With another number of bins, from 1 to 10,000.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }
}

pub(super) fn from_name(name: &str) -> Option<ExpectedCalibrationError> {
    let bins = match name.strip_prefix("expected_calibration_error")? {
        "" => USUAL_BINS,
        rest => rest
            .strip_prefix("_of_")?
            .strip_suffix("_bins")?
            .parse()
            .ok()?,
    };
    Some(ExpectedCalibrationError { bins })
}

impl ExpectedCalibrationError {
    /// The bins, or as many as there may be: [`Metric::of`] takes what `check` refuses.
    fn counted_bins(&self) -> usize {
        self.bins.clamp(1, 10_000)
    }
}

impl Metric for ExpectedCalibrationError {
    fn name(&self) -> String {
        let name = "expected_calibration_error";
        match self.bins {
            USUAL_BINS => name.into(),
            bins => format!("{name}_of_{bins}_bins"),
        }
    }

    fn direction(&self) -> Direction {
        Direction::Min
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        if !(1..=10_000).contains(&self.bins) {
            return Err(Error::configuration(format!(
                "the calibration error is to have {} bins",
                self.bins
            ))
            .with_hint("choose from 1 to 10,000, such as 10"));
        }
        check_probabilities("the calibration error", units, task, targets)
    }

    /// Sums a bin: weights, and by them the probabilities and what came true.
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let sums = state.sums_of(3 * self.counted_bins());
        let mut add = |probability: f32, truth: f64, weight: f64| {
            // What is no number falls into the first bin, and shows there.
            let bin = (f64::from(probability) * self.counted_bins() as f64) as usize;
            let bin = bin.min(self.counted_bins() - 1);
            sums[3 * bin] += weight;
            sums[3 * bin + 1] += weight * f64::from(probability);
            sums[3 * bin + 2] += weight * truth;
        };
        for row in 0..rows.count() {
            let (values, weight) = (rows.prediction(row), rows.weight(row));
            if rows.decision() == Task::Classes {
                let class = rows.predicted_class(row);
                let right = f64::from(class == rows.target_class(row));
                add(values[class], right, weight);
                continue;
            }
            for (unit, &probability) in values.iter().enumerate() {
                add(probability, f64::from(rows.target(row, unit)), weight);
            }
        }
    }

    fn result(&self, state: &MetricState) -> f64 {
        let bins = || state.sums.chunks_exact(3);
        let weights: f64 = bins().map(|bin| bin[0]).sum();
        let gaps: f64 = bins().map(|bin| (bin[1] - bin[2]).abs()).sum();
        gaps / weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TargetRows;

    #[test]
    fn bins_hold_their_lower_bound() {
        let error = ExpectedCalibrationError::new().bins(2);
        assert_eq!(error.name(), "expected_calibration_error_of_2_bins");
        assert_eq!(from_name(&error.name()), Some(error));
        // Of the lower bin 0.25 against 1, of the upper (0.5 + 1) / 2 against 1/2.
        let targets = TargetRows::Values(&[1.0, 0.0, 1.0]);
        let task = Task::Labels { threshold: 0.5 };
        let rows = MetricRows::new(1, &[0.25, 0.5, 1.0], targets, task).unwrap();
        assert_eq!(error.of(&rows), (0.75 + 0.5) / 3.0);
    }

    #[test]
    fn of_classes_it_is_about_the_answer() {
        let said = [0.75, 0.25, 0.25, 0.75];
        let rows = MetricRows::new(2, &said, TargetRows::Classes(&[0, 0]), Task::Classes).unwrap();
        assert_eq!(ExpectedCalibrationError::new().of(&rows), 0.25);
        let zero = ExpectedCalibrationError::new().bins(0);
        let targets = Targets::Classes {
            labels: vec![],
            count: 2,
        };
        assert!(zero.check(2, Task::Classes, &targets).is_err());
    }
}
