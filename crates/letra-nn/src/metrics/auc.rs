use std::cmp::Ordering;

use super::averaging::Averaging;
use super::{Direction, Metric, MetricRows, MetricState, Task, check_questions};
use crate::Error;
use crate::dataset::Targets;

/// The area under a curve that a threshold draws on its way from the highest to the lowest
/// prediction.
///
/// [`Auc::roc`] is that of true over false positives, the chance that a positive has a higher
/// prediction than a negative, where equal ones count half (Hanley and McNeil 1982, "The meaning and
/// use of the area under a receiver operating characteristic curve"). [`Auc::precision_recall`] is
/// the average precision Σ (*R*ₙ − *R*ₙ₋₁) *P*ₙ over the thresholds, as scikit-learn has it: straight
/// lines between the points would promise too much (Davis and Goadrich 2006, "The relationship
/// between precision-recall and ROC curves").
///
/// Both are exact over the whole pass; for that, the predictions of the pass are kept, two numbers
/// for each and one a row. Several labels are taken together unless an average is asked for; of
/// several classes, each is held against all others. Without a positive or without a negative there
/// is no such area, and the result is no number. It sees predictions, probabilities where the loss
/// takes logits.
///
/// ```
/// use letra_nn::metrics::{Auc, Metric, MetricRows, TargetRows, Task};
///
/// let said = [0.9, 0.6, 0.6, 0.1];
/// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 0.0]);
/// let rows = MetricRows::new(1, &said, targets, Task::Labels { threshold: 0.5 })?;
/// assert_eq!(Auc::roc().of(&rows), 0.875);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    curve: Curve,
    average: Averaging,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    Roc,
    PrecisionRecall,
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Curve::Roc => "auc",
            Curve::PrecisionRecall => "pr_auc",
        }
    }
}

/// A prediction, whether it is of a positive, and how much it counts.
type Score = (f32, bool, f64);

impl Auc {
    /// The area under the receiver operating characteristic.
    pub fn roc() -> Self {
        Auc {
            curve: Curve::Roc,
            average: Averaging::default(),
        }
    }

    /// The area under the curve of precision over recall.
    pub fn precision_recall() -> Self {
        Auc {
            curve: Curve::PrecisionRecall,
            average: Averaging::default(),
        }
    }

    /// How several labels or classes make one number.
    pub fn average(mut self, average: Averaging) -> Self {
        self.average = average;
        self
    }

    fn area(&self, mut scores: Vec<Score>) -> f64 {
        if scores.iter().any(|(score, ..)| score.is_nan()) {
            return f64::NAN;
        }
        scores.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(Ordering::Equal));
        let weight = |scores: &[Score], wanted: bool| -> f64 {
            let of_kind = scores.iter().filter(|(_, positive, _)| *positive == wanted);
            of_kind.map(|(.., weight)| weight).sum()
        };
        let (positives, negatives) = (weight(&scores, true), weight(&scores, false));
        let (mut right, mut wrong, mut area) = (0.0, 0.0, 0.0);
        // Equal predictions pass the threshold together.
        for equal in scores.chunk_by(|one, other| one.0 == other.0) {
            let (more_right, more_wrong) = (weight(equal, true), weight(equal, false));
            area += match self.curve {
                Curve::Roc => more_wrong * (right + 0.5 * more_right),
                Curve::PrecisionRecall if more_right == 0.0 => 0.0,
                Curve::PrecisionRecall => {
                    let said = right + more_right + wrong + more_wrong;
                    more_right * (right + more_right) / said
                }
            };
            right += more_right;
            wrong += more_wrong;
        }
        match self.curve {
            Curve::Roc => area / (positives * negatives),
            Curve::PrecisionRecall => area / positives,
        }
    }
}

pub(super) fn from_name(name: &str) -> Option<Auc> {
    let curves = [Curve::Roc, Curve::PrecisionRecall].into_iter();
    let mut known = curves.filter_map(|curve| {
        let average = Averaging::from_name(name, curve.name())?;
        Some(Auc { curve, average })
    });
    known.next()
}

impl Metric for Auc {
    fn name(&self) -> String {
        self.average.name(self.curve.name())
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        self.average.check(units)?;
        check_questions("the area under a curve", units, task, targets)
    }

    /// Keeps each row's weight, predictions and, in between, whether they are of positives.
    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let [count] = state.sums();
        *count += rows.count() as f64;
        for row in 0..rows.count() {
            state.values.push(rows.weight(row) as f32);
            for (unit, &prediction) in rows.prediction(row).iter().enumerate() {
                let positive = f32::from(rows.is_positive(row, unit));
                state.values.extend([prediction, positive]);
            }
        }
    }

    fn result(&self, state: &MetricState) -> f64 {
        let rows = state.sums.first().map_or(0, |count| *count as usize);
        let width = state.values.len() / rows.max(1);
        let scores = |unit: usize| -> Vec<Score> {
            let rows = state.values.chunks_exact(width);
            rows.map(|row| {
                (
                    row[1 + 2 * unit],
                    row[2 + 2 * unit] > 0.0,
                    f64::from(row[0]),
                )
            })
            .collect()
        };
        let units = (0..width / 2).map(scores);
        self.average.over(
            units,
            |scores| self.area(scores),
            |all, more| all.extend(more),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TargetRows;

    const QUESTION: Task = Task::Labels { threshold: 0.5 };

    fn rows<'a>(units: usize, said: &'a [f32], targets: &'a [f32]) -> MetricRows<'a> {
        MetricRows::new(units, said, TargetRows::Values(targets), QUESTION).unwrap()
    }

    #[test]
    fn equal_predictions_count_half() {
        let of = |said: &[f32], targets: &[f32]| Auc::roc().of(&rows(1, said, targets));
        assert_eq!(of(&[0.5; 4], &[1.0, 0.0, 1.0, 0.0]), 0.5);
        assert_eq!(of(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]), 0.75);
        assert_eq!(of(&[0.1, 0.9], &[0.0, 1.0]), 1.0);
        assert!(of(&[0.1, 0.9], &[1.0, 1.0]).is_nan());
        assert!(of(&[f32::NAN, 0.9], &[0.0, 1.0]).is_nan());
    }

    #[test]
    fn precision_is_averaged_over_the_steps_of_recall() {
        let of =
            |said: &[f32], targets: &[f32]| Auc::precision_recall().of(&rows(1, said, targets));
        let found = of(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]);
        assert_eq!(found, 0.5 * 1.0 + 0.5 * 2.0 / 3.0);
        assert_eq!(of(&[0.5; 4], &[1.0, 0.0, 0.0, 0.0]), 0.25);
        assert!(of(&[0.5], &[0.0]).is_nan());
    }

    #[test]
    fn a_mean_leaves_out_labels_without_positives() {
        let said = [0.9, 0.4, 0.2, 0.3];
        let rows = rows(2, &said, &[1.0, 0.0, 0.0, 0.0]);
        let of = |average| Auc::roc().average(average).of(&rows);
        assert_eq!(of(Averaging::Macro), 1.0);
        assert!(of(Averaging::Class(1)).is_nan());
        assert_eq!(of(Averaging::Micro), 1.0);
    }

    #[test]
    fn weights_count_as_so_many_samples() {
        let (said, targets) = ([0.8, 0.6, 0.6, 0.3], [1.0, 0.0, 1.0, 0.0]);
        let repeated = [0.8, 0.6, 0.6, 0.6, 0.6, 0.3, 0.3];
        let repeated_targets = [1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0];
        let weights = [1.0, 1.0, 3.0, 2.0];
        for auc in [Auc::roc(), Auc::precision_recall()] {
            let weighted = rows(1, &said, &targets).weighted(Some(&weights));
            let found = auc.of(&weighted) - auc.of(&rows(1, &repeated, &repeated_targets));
            assert!(found.abs() < 1e-15, "{auc:?}: {found}");
        }
    }
}
