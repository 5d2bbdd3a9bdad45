use super::{Direction, Metric, MetricRows, MetricState, Task, check_one_of_classes};
use crate::Error;
use crate::dataset::Targets;

/// Share of the rows whose class is among the `k` largest outputs.
///
/// ```
/// use letra_nn::metrics::{Metric, MetricRows, TargetRows, Task, TopKAccuracy};
///
/// let said = [0.5, 0.3, 0.2, 0.1, 0.2, 0.7];
/// let rows = MetricRows::new(3, &said, TargetRows::Classes(&[1, 0]), Task::Classes)?;
/// assert_eq!(TopKAccuracy::new(2).of(&rows), 0.5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
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

pub(super) fn from_name(name: &str) -> Option<TopKAccuracy> {
    let k = name.strip_prefix("top_")?.strip_suffix("_accuracy")?;
    Some(TopKAccuracy::new(k.parse().ok()?))
}

impl Metric for TopKAccuracy {
    fn name(&self) -> String {
        format!("top_{}_accuracy", self.k)
    }

    fn direction(&self) -> Direction {
        Direction::Max
    }

    fn check(&self, units: usize, task: Task, _targets: &Targets) -> Result<(), Error> {
        if !(1..=units).contains(&self.k) {
            return Err(Error::configuration(format!(
                "top-k accuracy with k = {} makes no sense for {units} outputs",
                self.k
            ))
            .with_hint(format!("choose k from 1 to {units}")));
        }
        check_one_of_classes("top-k accuracy", units, task)
    }

    fn needs_only_order(&self, _units: usize, _task: Task) -> bool {
        true
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        rows.add_mean(state, |row| {
            let (values, class) = (rows.prediction(row), rows.target_class(row));
            // Of equal outputs the first counts as the larger, as in `Accuracy`.
            let larger = values.iter().enumerate().filter(|&(index, value)| {
                *value > values[class] || (*value == values[class] && index < class)
            });
            f64::from(larger.count() < self.k)
        });
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TargetRows;

    #[test]
    fn a_class_counts_while_fewer_than_k_are_larger() {
        let output = [0.5, 0.3, 0.2, 0.1, 0.2, 0.7];
        let targets = TargetRows::Classes(&[1, 0]);
        let rows = MetricRows::new(3, &output, targets, Task::Classes).unwrap();
        let share = |k| TopKAccuracy::new(k).of(&rows);
        assert_eq!([share(1), share(2), share(3)], [0.0, 0.5, 1.0]);
    }

    #[test]
    fn k_beyond_the_outputs_is_refused() {
        let targets = Targets::Classes {
            labels: vec![],
            count: 3,
        };
        for (k, task) in [
            (4, Task::Classes),
            (0, Task::Classes),
            (2, Task::Labels { threshold: 0.5 }),
        ] {
            assert!(TopKAccuracy::new(k).check(3, task, &targets).is_err());
        }
    }
}
