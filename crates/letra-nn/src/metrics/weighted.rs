use super::{Direction, Metric, MetricRows, MetricState, Task};
use crate::Error;
use crate::dataset::Targets;

/// A metric in which each sample counts by its weight.
#[derive(Debug)]
pub(crate) struct Weighted(pub(crate) Box<dyn Metric>);

impl Weighted {
    /// What the name of a weighted metric begins with.
    pub(crate) const PREFIX: &str = "weighted_";
}

impl Metric for Weighted {
    fn name(&self) -> String {
        format!("{}{}", Self::PREFIX, self.0.name())
    }

    fn direction(&self) -> Direction {
        self.0.direction()
    }

    fn check(&self, units: usize, task: Task, targets: &Targets) -> Result<(), Error> {
        self.0.check(units, task, targets)
    }

    fn takes(&self, task: Task) -> bool {
        self.0.takes(task)
    }

    fn needs_only_order(&self, units: usize, task: Task) -> bool {
        self.0.needs_only_order(units, task)
    }

    fn is_weighted(&self) -> bool {
        true
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        self.0.update(rows, state);
    }

    fn result(&self, state: &MetricState) -> f64 {
        self.0.result(state)
    }
}
