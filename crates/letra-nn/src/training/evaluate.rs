//! Evaluating, and whether data fits the losses and metrics.

use std::borrow::Cow;

use super::{Scores, Trainer};
use crate::Error;
use crate::dataset::{Dataset, Targets};
use crate::losses::{Loss, LossRows, TargetRows};
use crate::metrics::Metric;
use crate::places::Places;
use crate::plan::{Batch, StepResult};
use crate::rows::Rows;
use crate::targets::{Task, units};

impl Trainer {
    /// Loss and metrics over a data set; nothing is trained. Each sample is for itself: layers that are
    /// [stateful](crate::layers::Lstm::stateful) begin with zeros.
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
        let places = self.places(data, None)?;
        let batch = Batch::new(data, &places, Rows::Contiguous(0, data.samples()));
        let rows = |index: usize| {
            let [values, units] = sizes(index);
            [batch.counted(index, values / units.max(1)), units]
        };
        let (mut room, mut scattered) = (Vec::new(), Vec::new());
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
            let scale = objective.scale(data.samples(), rows(index)[0], units);
            let counting = batch.counting(index, 0..data.samples(), &mut scattered);
            let mut gradient = vec![0.0; output.len()];
            let rows = LossRows {
                samples: data.samples(),
                units,
                output,
                targets,
                weights: counting.weights,
                mask: counting.mask,
            };
            let loss = &objective.loss;
            result.losses[index] = loss.evaluate_samples(&rows, scale, &mut gradient);
            let (own, others) = std::mem::take(&mut states).split_at_mut(objective.metrics.len());
            states = others;
            objective.measure(&rows, &mut room, own);
        }
        result.finish(data.samples(), &self.objective, rows);
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

    /// How much the places of each output count: by the data's own weights, those of classes, and the
    /// masks. The data has been checked.
    pub(super) fn places(
        &self,
        data: &Dataset,
        class_weights: Option<&[f32]>,
    ) -> Result<Vec<Option<Places>>, Error> {
        let measured = self.measured();
        let weights: Option<Cow<'_, [f32]>> = match class_weights {
            Some(weights) => {
                let task = self.objective[0].loss.task();
                let output = measured.one_output_shape(0);
                Some(data.class_weighted(weights, task, output)?.into())
            }
            None => data.sample_weights.as_deref().map(Cow::Borrowed),
        };
        let masks = measured.output_masks(data.into())?;
        let mut all = Vec::new();
        for (index, (mask, targets)) in masks.into_iter().zip(data.all_targets()).enumerate() {
            let rows = measured.units(index) / units(measured.one_output_shape(index)).max(1);
            let loss = &self.objective[index].loss;
            if let Some(weights) = &weights {
                check_weights(&**loss, data.samples(), weights.len())?;
            }
            let places = Places::new(data.samples(), rows, weights.as_deref(), mask.as_deref())?;
            if let Some(counted) = places.as_ref().and_then(Places::counted_each) {
                loss.check_lengths(targets, counted)?;
            }
            all.push(places);
        }
        Ok(all)
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
            objective
                .loss
                .check_shape(output, data.samples(), targets)?;
            let mut metrics = objective.metrics.iter();
            metrics.try_for_each(|metric| {
                check_takes(&**metric, task)?;
                metric.check(units, task, targets)
            })?;
        }
        Ok(())
    }
}

/// Refuses weights of places where a loss is about whole samples.
fn check_weights(loss: &dyn Loss, samples: usize, weights: usize) -> Result<(), Error> {
    match matches!(loss.task(), Task::Sequences { .. }) && weights != samples {
        false => Ok(()),
        true => Err(Error::data(format!(
            "each sample has {} weights, but the loss {} is about a sample as a whole",
            weights / samples.max(1),
            loss.kind()
        ))
        .with_hint("give one weight a sample")),
    }
}

/// Refuses a metric that cannot be told of what the loss takes the outputs for.
fn check_takes(metric: &dyn Metric, task: Task) -> Result<(), Error> {
    match (metric.takes(task), task) {
        (true, _) => Ok(()),
        (false, Task::Sequences { .. }) => Err(Error::configuration(format!(
            "the metric {} wants a target for each step, but the loss is given labels of sequences",
            metric.name()
        ))
        .with_hint("measure LabelErrorRate")),
        (false, _) => Err(Error::configuration(format!(
            "the metric {} is about labels of sequences, which the loss is not",
            metric.name()
        ))
        .with_hint("take the loss Ctc, or measure Accuracy")),
    }
}
