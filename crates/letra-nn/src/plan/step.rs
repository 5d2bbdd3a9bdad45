//! What a step of training is measured by, and what it gives.

use serde::{Deserialize, Serialize};

use crate::kernels::activation::{self, ActivationKind};
use crate::losses::{Loss, LossRows};
use crate::metrics::{Metric, MetricRows, MetricState};
use crate::targets::{TargetRows, Task};

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
            *loss *= f64::from(objective.scale(samples, rows, units));
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
    /// The loss's factor for a batch of so many samples, and rows that are no padding, of so many values.
    pub(crate) fn scale(&self, samples: usize, rows: usize, units: usize) -> f32 {
        // Of nothing but padding, the loss is 0.
        self.loss.batch_scale(samples, rows.max(1), units)
    }

    /// Lets the metrics see some rows of the output, but for padding. `states` has one a metric, `room`
    /// is used for predictions, where the outputs are others and a metric asks for more than their
    /// order.
    pub(crate) fn measure(
        &self,
        given: &LossRows<'_>,
        room: &mut Vec<f32>,
        states: &mut [MetricState],
    ) {
        if self.metrics.is_empty() {
            return;
        }
        let task = self.loss.task();
        match given.mask.filter(|mask| mask.contains(&0.0)) {
            Some(mask) => {
                let counted = CountedRows::new(given, mask, task);
                self.measure_counted(&counted.rows(), counted.ends.as_deref(), room, states);
            }
            None => self.measure_counted(given, None, room, states),
        }
    }

    /// The same of rows that all count. `ends` says where each sample's end, where they do not have as
    /// many each.
    fn measure_counted(
        &self,
        given: &LossRows<'_>,
        ends: Option<&[usize]>,
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
            let rows = rows.of_samples(given.samples, ends);
            let weights = given.weights.filter(|_| metric.is_weighted());
            metric.update(&rows.weighted(weights), state);
        }
    }
}

/// The rows of an output that are no padding.
struct CountedRows {
    samples: usize,
    units: usize,
    output: Vec<f32>,
    targets: CountedTargets,
    weights: Option<Vec<f32>>,
    /// Where the rows of each sample end, where the targets are those of whole samples.
    ends: Option<Vec<usize>>,
}

/// Their targets.
enum CountedTargets {
    Classes(Vec<u32>),
    Values(Vec<f32>),
}

impl CountedRows {
    /// Of some rows, which a mask has as many numbers for.
    fn new(given: &LossRows<'_>, mask: &[f32], task: Task) -> Self {
        let counts = |row: &usize| mask[*row] != 0.0;
        let rows = || (0..mask.len()).filter(counts);
        let units = given.units;
        let values = |all: &[f32]| {
            let values = |row: usize| &all[row * units..(row + 1) * units];
            rows().flat_map(values).copied().collect()
        };
        let weights = given.weights;
        let counted = CountedRows {
            samples: given.samples,
            units,
            output: values(given.output),
            targets: match given.targets {
                TargetRows::Classes(labels) if matches!(task, Task::Sequences { .. }) => {
                    CountedTargets::Classes(labels.to_vec())
                }
                TargetRows::Classes(labels) => {
                    CountedTargets::Classes(rows().map(|row| labels[row]).collect())
                }
                TargetRows::Values(all) => CountedTargets::Values(values(all)),
            },
            weights: weights.map(|weights| rows().map(|row| weights[row]).collect()),
            ends: None,
        };
        match task {
            Task::Sequences { .. } => counted.of_whole_samples(given, mask),
            _ => counted,
        }
    }

    /// With weights of samples, and where the rows of each end.
    fn of_whole_samples(mut self, given: &LossRows<'_>, mask: &[f32]) -> Self {
        let samples = 0..given.samples;
        let mut end = 0;
        let steps = mask.chunks_exact((mask.len() / given.samples.max(1)).max(1));
        let ends = steps.map(|mask| {
            end += mask.iter().filter(|counts| **counts != 0.0).count();
            end
        });
        self.ends = Some(ends.collect());
        let weights = given.weights;
        self.weights = weights.map(|_| samples.map(|sample| given.weight(sample)).collect());
        self
    }

    fn rows(&self) -> LossRows<'_> {
        LossRows {
            samples: self.samples,
            units: self.units,
            output: &self.output,
            targets: match &self.targets {
                CountedTargets::Classes(labels) => TargetRows::Classes(labels),
                CountedTargets::Values(values) => TargetRows::Values(values),
            },
            weights: self.weights.as_deref(),
            mask: None,
        }
    }
}
