use std::fmt;

use crate::Error;
use crate::shape::{MOST_VALUES, holds_at_most};

/// How often each class was taken for each other.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let matrix = ConfusionMatrix::new(&[0, 0, 1, 1], &[0, 1, 1, 1], 2)?;
/// assert_eq!((matrix.count(0, 1), matrix.accuracy()), (1, 0.75));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<usize>,
}

impl ConfusionMatrix {
    /// Counts pairs of the true and the predicted class.
    ///
    /// # Errors
    /// When there are more of one than of the other, or one is not below `classes`.
    pub fn new(labels: &[u32], predicted: &[u32], classes: usize) -> Result<Self, Error> {
        if labels.len() != predicted.len() {
            return Err(Error::data(format!(
                "{} labels but {} predictions",
                labels.len(),
                predicted.len()
            ))
            .with_hint("give one prediction a label"));
        }
        if !holds_at_most(&[classes, classes], MOST_VALUES) {
            return Err(Error::data(format!(
                "a table of {classes} by {classes} classes does not fit into memory"
            ))
            .with_hint("number the classes from 0 on"));
        }
        let mut counts = vec![0; classes * classes];
        for (&label, &prediction) in labels.iter().zip(predicted) {
            if label.max(prediction) as usize >= classes {
                return Err(Error::data(format!(
                    "class {} is out of range",
                    label.max(prediction)
                ))
                .with_hint(format!("with {classes} classes, they go from 0")));
            }
            counts[label as usize * classes + prediction as usize] += 1;
        }
        Ok(ConfusionMatrix { classes, counts })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many samples of class `actual` were taken for class `predicted`.
    ///
    /// # Panics
    /// When a class is out of range.
    pub fn count(&self, actual: usize, predicted: usize) -> usize {
        self.counts[actual * self.classes..][..self.classes][predicted]
    }

    /// Share of the samples on the diagonal; 0 without samples.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.classes)
            .map(|class| self.count(class, class))
            .sum();
        right as f64 / self.counts.iter().sum::<usize>().max(1) as f64
    }
}

impl fmt::Display for ConfusionMatrix {
    /// A row for each true class, a column for each predicted one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .counts
            .iter()
            .max()
            .map_or(1, |most| most.to_string().len());
        for row in self.counts.chunks(self.classes.max(1)) {
            let cells: Vec<String> = row.iter().map(|count| format!("{count:>width$}")).collect();
            writeln!(formatter, "{}", cells.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_true_and_predicted_class() {
        let matrix = ConfusionMatrix::new(&[0, 0, 1, 2], &[0, 1, 1, 0], 3).unwrap();
        assert_eq!(
            [matrix.count(0, 1), matrix.count(2, 0), matrix.count(1, 2)],
            [1, 1, 0]
        );
        assert_eq!(matrix.accuracy(), 0.5);
        assert_eq!(matrix.to_string(), "1 1 0\n0 1 0\n1 0 0\n");
        assert!(ConfusionMatrix::new(&[3], &[0], 3).is_err());
        for classes in [1 << 40, usize::MAX] {
            let error = ConfusionMatrix::new(&[3], &[0], classes).unwrap_err();
            assert!(error.to_string().contains("into memory"), "{error}");
        }
        assert!(ConfusionMatrix::new(&[1], &[], 3).is_err());
    }
}
