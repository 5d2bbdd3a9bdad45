//! What a step of training is measured by, and what it gives.

use serde::{Deserialize, Serialize};

use crate::kernels::activation::{self, ActivationKind};
use crate::losses::{Loss, LossRows};
use crate::metrics::{Metric, MetricRows, MetricState};

/// Sums over the samples of a batch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StepResult {
    /// Samples in the batch.
    pub(crate) samples: usize,
    /// The loss of the batch, as the optimizer sees it: that of the outputs, weighted.
    pub(crate) loss: f64,
    /// The loss of each output.
    pub(crate) losses: Vec<f64>,
    /// What each metric has gathered, output by output.
    pub(crate) metrics: Vec<MetricState>,
}

impl StepResult {
    /// From the sums over the samples of each output's loss, and the metrics.
    pub(crate) fn new(sizes: &Sizes) -> Self {
        StepResult {
            losses: vec![0.0; sizes.target_values.len()],
            metrics: vec![MetricState::default(); sizes.metrics],
            ..StepResult::default()
        }
    }

    /// Turns the outputs' sums into the losses of a batch, and adds them up. `units` gives the
    /// values of a sample of an output, and those of its last axis.
    pub(crate) fn finish(
        &mut self,
        samples: usize,
        objective: &[Objective],
        units: impl Fn(usize) -> [usize; 2],
    ) {
        self.samples = samples;
        self.loss = 0.0;
        for (index, (loss, objective)) in self.losses.iter_mut().zip(objective).enumerate() {
            *loss *= f64::from(objective.scale(samples, units(index)));
            self.loss += f64::from(objective.weight) * *loss;
        }
    }

    /// Adds another batch's, for the sums of an epoch: losses count as often as they have samples.
    pub(crate) fn add(&mut self, batch: &StepResult) {
        let samples = batch.samples as f64;
        self.samples += batch.samples;
        self.loss += batch.loss * samples;
        self.losses.resize(batch.losses.len(), 0.0);
        for (sum, loss) in self.losses.iter_mut().zip(&batch.losses) {
            *sum += loss * samples;
        }
        self.metrics
            .resize_with(batch.metrics.len(), MetricState::default);
        for (sum, state) in self.metrics.iter_mut().zip(&batch.metrics) {
            sum.merge(state);
        }
    }
}

/// Numbers that a plan's memory depends on beside the ops.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Target values of a sample for each output; 0 for classes.
    pub(crate) target_values: Vec<usize>,
    /// Number of metrics of all outputs.
    pub(crate) metrics: usize,
}

/// What an output is measured by.
#[derive(Debug)]
pub(crate) struct Objective {
    pub(crate) loss: Box<dyn Loss>,
    /// Of the loss in the sum over the outputs.
    pub(crate) weight: f32,
    pub(crate) metrics: Vec<Box<dyn Metric>>,
}

impl Objective {
    /// The loss's factor for a batch of outputs of so many values a sample, and on the last axis.
    pub(crate) fn scale(&self, samples: usize, [values, units]: [usize; 2]) -> f32 {
        self.loss.batch_scale(samples, values / units.max(1), units)
    }

    /// Lets the metrics see some rows of the output. `states` has one a metric, `room` is used for
    /// predictions, where the outputs are others and a metric asks for more than their order.
    pub(crate) fn measure(
        &self,
        given: &LossRows<'_>,
        room: &mut Vec<f32>,
        states: &mut [MetricState],
    ) {
        let (units, output) = (given.units, given.output);
        let (task, function) = (self.loss.task(), self.loss.output_function());
        let same = |metric: &dyn Metric| {
            function == ActivationKind::Linear || metric.needs_only_order(units, task)
        };
        if !self.metrics.iter().all(|metric| same(&**metric)) {
            room.clear();
            room.extend_from_slice(output);
            activation::forward(function, units, room, &mut []);
        }
        for (metric, state) in self.metrics.iter().zip(states) {
            let predictions = match same(&**metric) {
                true => output,
                false => &room[..],
            };
            let rows = MetricRows::checked(units, predictions, given.targets, task);
            let weights = given.weights.filter(|_| metric.is_weighted());
            metric.update(&rows.of_samples(given.samples).weighted(weights), state);
        }
    }
}
