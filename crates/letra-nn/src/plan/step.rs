//! What a step of training is measured by, and what it gives.

use serde::{Deserialize, Serialize};

use crate::kernels::activation::{self, ActivationKind};
use crate::losses::Loss;
use crate::metrics::{Metric, MetricRows, MetricState};
use crate::places::Counting;
use crate::targets::TargetRows;

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

    /// Turns the outputs' sums into the losses of a batch, and adds them up. `rows` gives the rows of
    /// an output that are no padding, and the values of each.
    pub(crate) fn finish(
        &mut self,
        samples: usize,
        objective: &[Objective],
        rows: impl Fn(usize) -> [usize; 2],
    ) {
        self.samples = samples;
        self.loss = 0.0;
        for (index, (loss, objective)) in self.losses.iter_mut().zip(objective).enumerate() {
            let [rows, units] = rows(index);
            *loss *= f64::from(objective.scale(rows, units));
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
    /// The loss's factor for a batch of so many rows that are no padding, of so many values.
    pub(crate) fn scale(&self, rows: usize, units: usize) -> f32 {
        // Of nothing but padding, the loss is 0.
        self.loss.scale(rows.max(1), units)
    }

    /// Lets the metrics see some rows of the output, but for padding. `states` has one a metric, `room`
    /// is used for predictions, where the outputs are others and a metric asks for more than their
    /// order.
    pub(crate) fn measure(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        counting: Counting<'_>,
        room: &mut Vec<f32>,
        states: &mut [MetricState],
    ) {
        if self.metrics.is_empty() {
            return;
        }
        if let Some(mask) = counting.mask.filter(|mask| mask.contains(&0.0)) {
            let counted = CountedRows::new(units, output, targets, counting.weights, mask);
            let weights = Counting {
                weights: counted.weights.as_deref(),
                mask: None,
            };
            let targets = counted.targets.rows();
            return self.measure(units, &counted.output, targets, weights, room, states);
        }
        let weights = counting.weights;
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
            let rows = MetricRows::checked(units, predictions, targets, task);
            let weights = weights.filter(|_| metric.is_weighted());
            metric.update(&rows.weighted(weights), state);
        }
    }

    /// The loss over some rows, and its gradient.
    pub(crate) fn lose(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        counting: Counting<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        match counting.weights {
            None => self.loss.evaluate(units, output, targets, scale, gradient),
            Some(weights) => {
                let loss = &self.loss;
                loss.evaluate_weighted(units, output, targets, weights, scale, gradient)
            }
        }
    }
}

/// The rows of an output that are no padding.
struct CountedRows {
    output: Vec<f32>,
    targets: CountedTargets,
    weights: Option<Vec<f32>>,
}

/// Their targets.
enum CountedTargets {
    Classes(Vec<u32>),
    Values(Vec<f32>),
}

impl CountedTargets {
    fn rows(&self) -> TargetRows<'_> {
        match self {
            CountedTargets::Classes(labels) => TargetRows::Classes(labels),
            CountedTargets::Values(values) => TargetRows::Values(values),
        }
    }
}

impl CountedRows {
    /// Of rows of so many values, which a mask has as many numbers for.
    fn new(
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        weights: Option<&[f32]>,
        mask: &[f32],
    ) -> Self {
        let counts = |row: &usize| mask[*row] != 0.0;
        let rows = || (0..mask.len()).filter(counts);
        let values = |all: &[f32]| {
            let values = |row: usize| &all[row * units..(row + 1) * units];
            rows().flat_map(values).copied().collect()
        };
        CountedRows {
            output: values(output),
            targets: match targets {
                TargetRows::Classes(labels) => {
                    CountedTargets::Classes(rows().map(|row| labels[row]).collect())
                }
                TargetRows::Values(all) => CountedTargets::Values(values(all)),
            },
            weights: weights.map(|weights| rows().map(|row| weights[row]).collect()),
        }
    }
}
