//! What a network is to give for some samples, and how its answers are read.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::dataset::Targets;
use crate::{Error, Shape};

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
}

impl Task {
    /// How an answer is read from `units` values where one is wanted, as Keras's accuracy does it:
    /// of quantities, one is a question with the threshold 0.5, and several are classes.
    pub fn decision(self, units: usize) -> Task {
        match self {
            Task::Labels { .. } => self,
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
#[derive(Debug, Clone, Copy)]
pub enum TargetRows<'a> {
    /// A class each.
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

impl Targets {
    /// Whether one unit is to tell two classes apart: their labels are then its targets, 0 or 1.
    pub(crate) fn are_values_of(&self, units: usize) -> bool {
        matches!(self, Targets::Classes { count: 2, .. } if units == 1)
    }

    /// Labels of one of `samples` samples.
    pub(crate) fn labels_each(&self, samples: usize) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len() / samples.max(1),
            Targets::Values(_) => 0,
        }
    }

    /// Checks that there is a target for each value, or each place, of an output. A last axis of
    /// one value may be left out, as in Keras.
    pub(crate) fn check_shape(&self, output: &Shape, samples: usize) -> Result<(), Error> {
        let sizes = output.sizes();
        let Targets::Values(values) = self else {
            return self.check_places(output, samples);
        };
        let given = values.shape().get(1..).unwrap_or_default();
        let without_last = sizes.split_last().filter(|(last, _)| **last == 1);
        if given == sizes || without_last.is_some_and(|(_, others)| given == others) {
            return Ok(());
        }
        let message = match sizes {
            [units] => format!(
                "the network gives {units} values a sample but the targets have {}",
                values.sample_values()
            ),
            _ => format!(
                "the network gives outputs of shape {output} a sample but the targets have {given:?}"
            ),
        };
        let wanted = [&[samples], sizes].concat();
        let places = output.values() / units(output).max(1);
        let hint = match values.sample_values() == places {
            true => "make them equal, or give classes by Dataset::classes",
            false => "make them equal",
        };
        Err(Error::shape(&wanted, values.shape(), message).with_hint(hint))
    }

    fn check_places(&self, output: &Shape, samples: usize) -> Result<(), Error> {
        let places = output.values() / units(output).max(1);
        let labels = self.labels_each(samples);
        if places == labels {
            return Ok(());
        }
        let hint = match places {
            1 => "give a label a sample, or let the last layers keep the axes of the places",
            _ => {
                "give a label a place, or take the places together before the last layer, as \
                  Flatten does"
            }
        };
        Err(Error::data(format!(
            "the network answers for {places} places of a sample, as its output has shape \
             {output}, but the data has {labels} labels for each"
        ))
        .with_hint(hint))
    }
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

    #[test]
    fn targets_are_held_to_the_outputs_shape() {
        let values = |shape: &[usize]| Targets::Values(crate::Tensor::zeros(shape));
        let fits = |targets: Targets, output: &[usize]| {
            targets.check_shape(&Shape::new(output), 2).is_ok()
        };
        for (shape, output, wanted) in [
            (&[2, 3][..], &[3][..], true),
            (&[2], &[1], true),
            (&[2, 1], &[1], true),
            (&[2, 3, 4], &[3, 4], true),
            (&[2, 3], &[3, 1], true),
            (&[2, 12], &[3, 4], false),
            (&[2, 4, 3], &[3, 4], false),
            (&[2, 3], &[1, 3], false),
            (&[2], &[3], false),
        ] {
            assert_eq!(fits(values(shape), output), wanted, "{shape:?}, {output:?}");
        }
        let labels = |count: usize| Targets::Classes {
            labels: vec![0; count],
            count: 5,
        };
        assert!(fits(labels(2), &[5]) && fits(labels(12), &[2, 3, 5]));
        assert!(!fits(labels(4), &[5]) && !fits(labels(2), &[3, 5]));
    }
}
