use super::Metric;
use crate::Error;
use crate::dataset::Targets;
use crate::targets::{TargetRows, target_class};

/// Share of the samples whose class is among the `k` largest outputs.
#[derive(Debug, Clone, Copy)]
pub struct TopKAccuracy {
    k: usize,
}

impl TopKAccuracy {
    /// Among the `k` largest, at least 1 and at most the number of outputs.
    pub fn new(k: usize) -> Self {
        TopKAccuracy { k }
    }
}

impl Metric for TopKAccuracy {
    fn name(&self) -> String {
        format!("top_{}_accuracy", self.k)
    }

    fn check(&self, units: usize, _targets: &Targets) -> Result<(), Error> {
        match (1..=units).contains(&self.k) {
            true => Ok(()),
            false => Err(Error::configuration(format!(
                "top-k accuracy with k = {} makes no sense for {units} outputs",
                self.k
            ))
            .with_hint(format!("choose k from 1 to {units}"))),
        }
    }

    fn sum(&self, units: usize, output: &[f32], targets: TargetRows<'_>) -> f64 {
        output
            .chunks_exact(units)
            .enumerate()
            .filter(|(sample, row)| {
                let class = target_class(units, targets, *sample);
                // Of equal outputs the first counts as the larger, as in `Accuracy`.
                let larger = row
                    .iter()
                    .enumerate()
                    .filter(|&(index, value)| {
                        *value > row[class] || (*value == row[class] && index < class)
                    })
                    .count();
                larger < self.k
            })
            .count() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_counts_while_fewer_than_k_are_larger() {
        let output = [0.5, 0.3, 0.2, 0.1, 0.2, 0.7];
        let targets = TargetRows::Classes(&[1, 0]);
        let hits = |k| TopKAccuracy::new(k).sum(3, &output, targets);
        assert_eq!([hits(1), hits(2), hits(3)], [0.0, 1.0, 2.0]);
    }

    #[test]
    fn k_beyond_the_outputs_is_refused() {
        let targets = Targets::Classes {
            labels: vec![],
            count: 3,
        };
        assert!(TopKAccuracy::new(4).check(3, &targets).is_err());
        assert!(TopKAccuracy::new(0).check(3, &targets).is_err());
    }
}
