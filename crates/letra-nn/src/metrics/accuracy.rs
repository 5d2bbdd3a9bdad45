use super::Metric;
use crate::Error;
use crate::dataset::Targets;
use crate::targets::{TargetRows, largest, target_class};

/// Share of the samples whose largest output is that of their class.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> String {
        "accuracy".into()
    }

    fn check(&self, _units: usize, _targets: &Targets) -> Result<(), Error> {
        Ok(())
    }

    fn sum(&self, units: usize, output: &[f32], targets: TargetRows<'_>) -> f64 {
        output
            .chunks_exact(units)
            .enumerate()
            .filter(|(sample, row)| largest(row) == target_class(units, targets, *sample))
            .count() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_hits_for_labels_and_for_one_hot_rows() {
        let output = [0.1, 0.9, 0.8, 0.2, 0.3, 0.7];
        let labels = TargetRows::Classes(&[1, 1, 1]);
        assert_eq!(Accuracy.sum(2, &output, labels), 2.0);
        let rows = TargetRows::Values(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(Accuracy.sum(2, &output, rows), 2.0);
    }
}
