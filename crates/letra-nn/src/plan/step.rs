//! What a step of training is measured by, and what it gives.

use serde::{Deserialize, Serialize};

use crate::losses::Loss;
use crate::metrics::Metric;

/// Sums over the samples of a batch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StepResult {
    /// Samples in the batch.
    pub(crate) samples: usize,
    /// The loss of the batch, as the optimizer sees it: that of the outputs, weighted.
    pub(crate) loss: f64,
    /// The loss of each output.
    pub(crate) losses: Vec<f64>,
    /// Sum over the samples of each metric, output by output.
    pub(crate) metrics: Vec<f64>,
}

impl StepResult {
    /// From the sums over the samples of each output's loss, and the metrics.
    pub(crate) fn new(sizes: &Sizes) -> Self {
        StepResult {
            losses: vec![0.0; sizes.target_values.len()],
            metrics: vec![0.0; sizes.metrics],
            ..StepResult::default()
        }
    }

    /// Turns the outputs' sums into the losses of a batch, and adds them up.
    pub(crate) fn finish(
        &mut self,
        samples: usize,
        objective: &[Objective],
        units: impl Fn(usize) -> usize,
    ) {
        self.samples = samples;
        self.loss = 0.0;
        for (index, (loss, objective)) in self.losses.iter_mut().zip(objective).enumerate() {
            *loss *= f64::from(objective.loss.scale(samples, units(index)));
            self.loss += f64::from(objective.weight) * *loss;
        }
    }
}

impl StepResult {
    /// Adds another batch's, for the sums of an epoch: losses count as often as they have samples.
    pub(crate) fn add(&mut self, batch: &StepResult) {
        let samples = batch.samples as f64;
        self.samples += batch.samples;
        self.loss += batch.loss * samples;
        self.losses.resize(batch.losses.len(), 0.0);
        for (sum, loss) in self.losses.iter_mut().zip(&batch.losses) {
            *sum += loss * samples;
        }
        self.metrics.resize(batch.metrics.len(), 0.0);
        for (sum, value) in self.metrics.iter_mut().zip(&batch.metrics) {
            *sum += value;
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
