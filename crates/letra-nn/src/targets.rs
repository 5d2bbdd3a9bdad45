//! What a network is to give for some samples, and how its answers are read.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::Shape;

/// What a yes is above, where nothing else is said: half of a probability.
pub(crate) const USUAL_THRESHOLD: f32 = 0.5;

/// What the values of an output's last axis say, and so how an answer is read from them. A
/// [`Loss`](crate::losses::Loss) tells it, and metrics go by it.
///
/// ```
/// use letra_nn::losses::{BinaryCrossEntropy, Loss, MeanSquaredError, Task};
///
/// let question = Task::Labels { threshold: 0.5 };
/// assert_eq!(BinaryCrossEntropy::new().task(), question);
/// assert_eq!(MeanSquaredError.task(), Task::Values);
/// // Where one answer is wanted of three quantities, the largest is it; of one, a yes above 0.5.
/// assert_eq!(Task::Values.decision(3), Task::Classes);
/// assert_eq!(Task::Values.decision(1), question);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Task {
    /// Quantities.
    Values,
    /// One of several classes: the one with the largest value is the answer.
    Classes,
    /// A question each, with the answer yes where the value is above the threshold, as it is for
    /// the targets: 0.5 for probabilities.
    Labels {
        /// What a yes is above.
        threshold: f32,
    },
    /// Classes a step, of which the most probable, or the best of all paths, spells the labels of a
    /// sequence: see [`Ctc`](crate::losses::Ctc).
    Sequences {
        /// The class that says nothing.
        blank: u32,
    },
}

impl Task {
    /// How an answer is read from `units` values where one is wanted, as Keras's accuracy does it:
    /// of quantities, one is a question with the threshold 0.5, and several are classes.
    pub fn decision(self, units: usize) -> Task {
        match self {
            Task::Labels { .. } | Task::Sequences { .. } => self,
            _ if units == 1 => Task::Labels {
                threshold: USUAL_THRESHOLD,
            },
            _ => Task::Classes,
        }
    }
}

/// Which way a number becomes better, as Keras's `mode` says it.
///
/// ```
/// # use letra_nn::prelude::*;
/// use letra_nn::metrics::Metric;
///
/// assert_eq!(R2Score.direction(), Direction::Max);
/// assert_eq!(LogLoss.direction(), Direction::Min);
/// // A callback goes by that, unless it is told otherwise.
/// let usual = EarlyStopping::new().monitor("val_log_loss");
/// let other = EarlyStopping::new().monitor("val_my_number").mode(Direction::Max);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The smaller the better.
    Min,
    /// The larger the better.
    Max,
}

/// Targets of some rows: a row is a sample or, where an output has several axes, a place of one.
///
/// ```
/// use letra_nn::losses::TargetRows;
///
/// /// The mean of the targets, as a loss of one's own may look at them.
/// fn mean(targets: TargetRows<'_>) -> f32 {
///     match targets {
///         TargetRows::Classes(labels) => labels.iter().sum::<u32>() as f32 / labels.len() as f32,
///         TargetRows::Values(values) => values.iter().sum::<f32>() / values.len() as f32,
///     }
/// }
/// assert_eq!(mean(TargetRows::Classes(&[1, 2, 3])), 2.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum TargetRows<'a> {
    /// A class each; for [`Ctc`](crate::losses::Ctc), as many labels for each sample.
    Classes(&'a [u32]),
    /// A row of values each.
    Values(&'a [f32]),
}

impl TargetRows<'_> {
    /// Target of a row for one of `units` outputs: for a class, its one-hot row.
    pub(crate) fn value(&self, units: usize, row: usize, unit: usize) -> f32 {
        match self {
            TargetRows::Classes(labels) => f32::from(u8::from(labels[row] as usize == unit)),
            TargetRows::Values(rows) => rows[row * units + unit],
        }
    }

    /// The targets of some rows.
    pub(crate) fn rows(&self, units: usize, rows: Range<usize>) -> TargetRows<'_> {
        match self {
            TargetRows::Classes(labels) => TargetRows::Classes(&labels[rows]),
            TargetRows::Values(values) => {
                TargetRows::Values(&values[rows.start * units..rows.end * units])
            }
        }
    }
}

/// Index of the largest value, the first of equals.
pub(crate) fn largest(row: &[f32]) -> usize {
    let Some(&first) = row.first() else {
        return 0;
    };
    let (mut best, mut most) = (0, first);
    for (index, &value) in row.iter().enumerate() {
        // Without a jump, which nobody could foresee.
        best = if value > most { index } else { best };
        most = if value > most { value } else { most };
    }
    best
}

/// The labels of a sequence, without the blanks that fill up its row.
pub(crate) fn before_blank(labels: &[u32], blank: u32) -> &[u32] {
    let end = labels.iter().position(|&label| label == blank);
    &labels[..end.unwrap_or(labels.len())]
}

/// Class that a row's target names: its label, or the largest of its values.
pub(crate) fn target_class(units: usize, targets: TargetRows<'_>, row: usize) -> usize {
    match targets {
        TargetRows::Classes(labels) => labels[row] as usize,
        TargetRows::Values(rows) => largest(&rows[row * units..(row + 1) * units]),
    }
}

/// Size of an output's last axis: the values that one answer is read from.
pub(crate) fn units(output: &Shape) -> usize {
    output.sizes().last().copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_the_largest() {
        assert_eq!(largest(&[1.0, 3.0, 3.0, 2.0]), 1);
        assert_eq!(largest(&[f32::NEG_INFINITY; 3]), 0);
        assert_eq!(largest(&[f32::NAN, 3.0]), 0);
        assert_eq!(largest(&[1.0, f32::NAN, 3.0]), 2);
        assert_eq!(largest(&[]), 0);
    }
}
