//! Evaluating, and whether data fits the losses and metrics.

use super::{Scores, Trainer};
use crate::Error;
use crate::dataset::{Dataset, Targets};
use crate::losses::TargetRows;
use crate::plan::StepResult;
use crate::targets::units;

impl Trainer {
    /// Loss and metrics over a data set; nothing is trained.
    ///
    /// # Errors
    /// When the data does not fit the network, or the loss is no number because the data holds some
    /// that is none.
    pub fn evaluate(&self, data: &Dataset) -> Result<Scores, Error> {
        Self::explained(self.scores_of(data)?, data)
    }

    /// An error where the data is why a loss is no number.
    fn explained(scores: Scores, data: &Dataset) -> Result<Scores, Error> {
        match scores.loss.is_finite() {
            true => Ok(scores),
            false => data.check_finite().map(|()| scores),
        }
    }

    fn scores_of(&self, data: &Dataset) -> Result<Scores, Error> {
        self.check_data(data)?;
        let outputs = self.measured().outputs_and_penalties(data.into())?;
        let mut result = StepResult::new(&self.sizes(data));
        let mut states = &mut result.metrics[..];
        let sizes = |index: usize| {
            let measured = self.measured();
            [
                measured.units(index),
                units(measured.one_output_shape(index)),
            ]
        };
        let weights = data.sample_weights.as_deref();
        let mut room = Vec::new();
        for (index, (objective, targets)) in
            self.objective.iter().zip(data.all_targets()).enumerate()
        {
            let (output, [_, units]) = (&outputs[index], sizes(index));
            let own;
            let targets = match targets {
                Targets::Classes { labels, .. } if targets.are_values_of(units) => {
                    own = labels
                        .iter()
                        .map(|&label| label as f32)
                        .collect::<Vec<f32>>();
                    TargetRows::Values(&own)
                }
                Targets::Classes { labels, .. } => TargetRows::Classes(labels),
                Targets::Values(values) => TargetRows::Values(values.data()),
            };
            let scale = objective.scale(data.samples(), sizes(index));
            let mut gradient = vec![0.0; output.len()];
            result.losses[index] =
                objective.lose(units, output, targets, weights, scale, &mut gradient);
            let (own, others) = std::mem::take(&mut states).split_at_mut(objective.metrics.len());
            states = others;
            objective.measure(units, output, targets, weights, &mut room, own);
        }
        result.finish(data.samples(), &self.objective, sizes);
        let activities = outputs[self.objective.len()..].iter().flatten();
        let activities: f64 = activities.copied().map(f64::from).sum();
        result.loss += self.penalty() + activities / data.samples() as f64;
        Ok(self.scores(&result))
    }

    /// As [`Trainer::evaluate`], but refuses data that holds what is not finite, where the loss has
    /// come to that.
    pub(super) fn validate(&self, data: &Dataset) -> Result<Scores, Error> {
        let scores = self.scores_of(data)?;
        Self::explained(scores, data).map_err(|error| error.of("the validation data"))
    }

    /// The weight of each sample where classes have weights.
    pub(super) fn class_weighted(
        &self,
        data: &Dataset,
        weights: &[f32],
    ) -> Result<Vec<f32>, Error> {
        let task = self.objective[0].loss.task();
        data.class_weighted(weights, task, units(self.measured().one_output_shape(0)))
    }

    /// Checks that data fits the network, the losses and the metrics.
    pub(crate) fn check_data(&self, data: &Dataset) -> Result<(), Error> {
        self.check_inputs(data.into())?;
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
            let output = self.measured().one_output_shape(index);
            let (units, task) = (units(output), objective.loss.task());
            objective.loss.check(units, targets)?;
            targets.check_shape(output, data.samples())?;
            let mut metrics = objective.metrics.iter();
            metrics.try_for_each(|metric| metric.check(units, task, targets))?;
        }
        Ok(())
    }
}
