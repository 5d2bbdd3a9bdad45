//! Evaluating, and whether data fits the losses and metrics.

use super::{Scores, Trainer};
use crate::Error;
use crate::dataset::{Dataset, Targets};
use crate::losses::TargetRows;
use crate::plan::StepResult;

impl Trainer {
    /// Loss and metrics over a data set; nothing is trained.
    ///
    /// # Errors
    /// When the data does not fit the network.
    pub fn evaluate(&self, data: &Dataset) -> Result<Scores, Error> {
        self.check_data(data)?;
        let outputs = self.measured().outputs_and_penalties(data.into())?;
        let mut result = StepResult::new(&self.sizes(data));
        let mut sums = result.metrics.iter_mut();
        for (index, (objective, targets)) in
            self.objective.iter().zip(data.all_targets()).enumerate()
        {
            let (output, units) = (&outputs[index], self.measured().units(index));
            let targets = match targets {
                Targets::Classes { labels, .. } => TargetRows::Classes(labels),
                Targets::Values(values) => TargetRows::Values(values.data()),
            };
            let scale = objective.loss.scale(data.samples(), units);
            let mut gradient = vec![0.0; output.len()];
            let (loss, gradient) = (&objective.loss, &mut gradient);
            result.losses[index] = match &data.sample_weights {
                None => loss.evaluate(units, output, targets, scale, gradient),
                Some(weights) => {
                    loss.evaluate_weighted(units, output, targets, weights, scale, gradient)
                }
            };
            for (metric, sum) in objective.metrics.iter().zip(sums.by_ref()) {
                *sum = metric.sum(units, output, targets);
            }
        }
        let units = |index: usize| self.measured().units(index);
        result.finish(data.samples(), &self.objective, units);
        let activities = outputs[self.objective.len()..].iter().flatten();
        let activities: f64 = activities.copied().map(f64::from).sum();
        result.loss += self.penalty() + activities / data.samples() as f64;
        Ok(self.scores(&result))
    }

    /// Checks that data fits the network, the losses and the metrics.
    pub(crate) fn check_data(&self, data: &Dataset) -> Result<(), Error> {
        self.check_inputs(data.into())?;
        data.check()?;
        if data.samples() == 0 {
            return Err(Error::data("the data set is empty").with_hint("give at least one sample"));
        }
        let (targets, outputs) = (data.all_targets().count(), self.measured().outputs());
        if targets != outputs {
            return Err(Error::data(format!(
                "the network has {outputs} outputs but the data has targets for {targets}"
            ))
            .with_hint("give targets for each"));
        }
        for (index, (objective, targets)) in
            self.objective.iter().zip(data.all_targets()).enumerate()
        {
            let units = self.measured().units(index);
            objective.loss.check(units, targets)?;
            let mut metrics = objective.metrics.iter();
            metrics.try_for_each(|metric| metric.check(units, targets))?;
        }
        Ok(())
    }
}
