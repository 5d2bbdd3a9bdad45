//! Training steps: shards over workers, gradients over lanes, one pass over the parameters.

use std::ops::Range;
use std::sync::Mutex;

use rayon::prelude::*;

use super::pass::{Buffers, ParameterGradient, Place};
use super::shard::{Run, Shard, ShardPass, Worker};
use super::{Layout, Purpose};
use crate::dataset::{Dataset, Targets};
use crate::graph::Graph;
use crate::kernels::reduce;
use crate::losses::{Loss, TargetRows};
use crate::metrics::Metric;
use crate::optimizers::{Optimizer, SLOTS};
use crate::{Error, Tensor};

/// Parameters are updated in pieces of about this many numbers.
const TASK_VALUES: usize = 16 * 1024;

/// Samples of a data set that make up a batch.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// Neighbours, read where they are.
    Contiguous(usize, usize),
    /// Scattered, gathered first.
    Scattered(&'a [usize]),
}

impl Rows<'_> {
    fn count(&self) -> usize {
        match self {
            Rows::Contiguous(_, count) => *count,
            Rows::Scattered(indices) => indices.len(),
        }
    }
}

/// Sums over the samples of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepResult {
    /// Samples in the batch.
    pub(crate) samples: usize,
    /// The loss of the batch, as the optimizer sees it.
    pub(crate) loss: f64,
    /// Sum over the samples of each metric.
    pub(crate) metrics: Vec<f64>,
}

/// The gradient sums of some shards, one after the other.
struct Lane {
    gradients: Vec<f32>,
    loss: f64,
    metrics: Vec<f64>,
}

/// A piece of the parameters and where its gradient comes from.
struct Task {
    range: Range<usize>,
    source: Source,
}

enum Source {
    /// The lanes' arrays, from this index on.
    Lanes(usize),
    /// These rows of the deferred parameter of a node.
    Deferred { node: usize, rows: Range<usize> },
}

/// Parameters, their gradient, and the optimizer's state, or the same piece of each.
pub(crate) struct Piece<'a> {
    pub(crate) parameters: &'a mut [f32],
    pub(crate) gradients: &'a mut [f32],
    pub(crate) slots: [&'a mut [f32]; SLOTS],
}

impl<'a> Piece<'a> {
    fn split_at(self, middle: usize) -> (Piece<'a>, Piece<'a>) {
        let (left_parameters, right_parameters) = self.parameters.split_at_mut(middle);
        let (left_gradients, right_gradients) = self.gradients.split_at_mut(middle);
        let mut right_slots: [&mut [f32]; SLOTS] = Default::default();
        let mut left_slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, (left, right)) in self
            .slots
            .into_iter()
            .zip(left_slots.iter_mut().zip(&mut right_slots))
        {
            let middle = middle.min(slot.len());
            (*left, *right) = slot.split_at_mut(middle);
        }
        (
            Piece {
                parameters: left_parameters,
                gradients: left_gradients,
                slots: left_slots,
            },
            Piece {
                parameters: right_parameters,
                gradients: right_gradients,
                slots: right_slots,
            },
        )
    }
}

/// What a batch is measured by.
#[derive(Clone, Copy)]
pub(crate) struct Objective<'a> {
    pub(crate) loss: &'a dyn Loss,
    pub(crate) metrics: &'a [Box<dyn Metric>],
}

/// A plan for training on batches of up to a given size, with all its memory.
pub(crate) struct TrainingPlan {
    pub(crate) layout: Layout,
    pub(crate) batch: usize,
    /// Target values of a sample; 0 for classes.
    pub(crate) target_values: usize,
    workers: Vec<Mutex<Worker>>,
    shards: Vec<Shard>,
    lanes: Vec<Lane>,
    tasks: Vec<Task>,
    prepared: Vec<f32>,
}

impl TrainingPlan {
    pub(crate) fn new(
        graph: &Graph,
        batch: usize,
        purpose: Purpose,
        threads: usize,
        target_values: usize,
        metrics: usize,
    ) -> Result<Self, Error> {
        let layout = Layout::new(graph, batch, purpose)?;
        let shards = batch.div_ceil(layout.shard);
        Ok(TrainingPlan {
            batch,
            target_values,
            workers: (0..threads)
                .map(|_| Mutex::new(Worker::new(&layout, target_values)))
                .collect(),
            shards: (0..shards).map(|_| Shard::new(&layout)).collect(),
            lanes: (0..layout.lanes)
                .map(|_| Lane {
                    gradients: vec![0.0; layout.lane_values],
                    loss: 0.0,
                    metrics: vec![0.0; metrics],
                })
                .collect(),
            tasks: tasks(&layout),
            prepared: vec![0.0; layout.prepared_values],
            layout,
        })
    }

    /// One step: gradients of the batch, then the optimizer's update, piece by piece.
    pub(crate) fn step(
        &mut self,
        objective: Objective<'_>,
        data: &Dataset,
        rows: Rows<'_>,
        state: Piece<'_>,
        seed: u64,
        step: u64,
        optimizer: Option<&dyn Optimizer>,
    ) -> StepResult {
        self.layout.prepare(state.parameters, &mut self.prepared);
        let used = self.pass(objective, data, rows, state.parameters, seed, step);
        let result = self.sums(objective, rows.count(), used);
        let gradients = Gradients {
            layout: &self.layout,
            lanes: &self.lanes[..used],
            shards: &self.shards[..rows.count().div_ceil(self.layout.shard)],
            data: data.inputs.data(),
            first: match rows {
                Rows::Contiguous(first, _) => Some(first),
                Rows::Scattered(_) => None,
            },
        };
        run_tasks(&self.tasks, 0, state, &|task, piece: Piece<'_>| {
            gradients.collect(task, piece.gradients);
            if let Some(optimizer) = optimizer {
                optimizer.update(step, piece.parameters, piece.gradients, piece.slots);
            }
        });
        result
    }

    /// All shards forward and backward; returns the number of lanes that were used.
    fn pass(
        &mut self,
        objective: Objective<'_>,
        data: &Dataset,
        rows: Rows<'_>,
        parameters: &[f32],
        seed: u64,
        step: u64,
    ) -> usize {
        let run = Run {
            parameters,
            prepared: &self.prepared,
            seed,
            step,
            training: true,
        };
        let layout = &self.layout;
        let scale = objective.loss.scale(rows.count(), layout.output_values);
        let shards = rows.count().div_ceil(layout.shard);
        let each = shards.div_ceil(self.lanes.len());
        self.shards[..shards]
            .par_chunks_mut(each)
            .zip(self.lanes.par_iter_mut())
            .enumerate()
            .with_max_len(1)
            .for_each(|(number, (shards, lane))| {
                lane.gradients.fill(0.0);
                lane.loss = 0.0;
                lane.metrics.fill(0.0);
                let thread = rayon::current_thread_index().unwrap_or(0);
                // An inspection has one shard and one worker, whichever thread comes.
                let thread = thread.min(self.workers.len() - 1);
                let mut worker = self.workers[thread].lock().expect("no worker panicked");
                for (index, shard) in shards.iter_mut().enumerate() {
                    let first = (number * each + index) * layout.shard;
                    run_shard(
                        layout,
                        run,
                        objective,
                        scale,
                        data,
                        rows,
                        first,
                        &mut worker,
                        shard,
                        lane,
                    );
                }
            });
        shards.div_ceil(each)
    }

    fn sums(&self, objective: Objective<'_>, samples: usize, used: usize) -> StepResult {
        let lanes = &self.lanes[..used];
        let scale = f64::from(objective.loss.scale(samples, self.layout.output_values));
        StepResult {
            samples,
            loss: lanes.iter().map(|lane| lane.loss).sum::<f64>() * scale,
            metrics: (0..objective.metrics.len())
                .map(|metric| lanes.iter().map(|lane| lane.metrics[metric]).sum())
                .collect(),
        }
    }

    /// Only forward, as when predicting; for an inspection, whose batch is one shard.
    pub(crate) fn forward(&mut self, parameters: &[f32], inputs: &Tensor) {
        self.layout.prepare(parameters, &mut self.prepared);
        let mut worker = self.workers[0].lock().expect("no worker panicked");
        ShardPass {
            layout: &self.layout,
            run: Run {
                parameters,
                prepared: &self.prepared,
                seed: 0,
                step: 0,
                training: false,
            },
            worker: &mut worker,
            shard: &mut self.shards[0].buffers,
            input: inputs.data(),
            samples: inputs.samples(),
            first_sample: 0,
        }
        .forward();
    }

    /// Copy of a value or gradient of the only shard of an inspection.
    pub(crate) fn inspect(&self, place: Place, values: usize, inputs: &Tensor) -> Vec<f32> {
        let worker = self.workers[0].lock().expect("no worker panicked");
        let buffers = Buffers {
            input: inputs.data(),
            worker: &worker.buffers,
            shard: &self.shards[0].buffers,
        };
        buffers.get(place, self.batch * values).to_vec()
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "the one call above would only wrap them in a struct"
)]
fn run_shard(
    layout: &Layout,
    run: Run<'_>,
    objective: Objective<'_>,
    scale: f32,
    data: &Dataset,
    rows: Rows<'_>,
    first: usize,
    worker: &mut Worker,
    shard: &mut Shard,
    lane: &mut Lane,
) {
    let samples = layout.shard.min(rows.count() - first);
    let mut labels = std::mem::take(&mut worker.labels);
    let mut targets = std::mem::take(&mut worker.targets);
    let mut gathered = std::mem::take(&mut shard.input);
    let input = gather_inputs(data, rows, first, samples, &mut gathered);
    let target = gather_targets(data, rows, first, samples, &mut labels, &mut targets);
    shard.samples = samples;
    let mut pass = ShardPass {
        layout,
        run,
        worker,
        shard: &mut shard.buffers,
        input,
        samples,
        first_sample: first,
    };
    pass.forward();
    lane.loss += pass.with_output_gradient(|output, gradient| {
        for (metric, sum) in objective.metrics.iter().zip(&mut lane.metrics) {
            *sum += metric.sum(layout.output_values, output, target);
        }
        objective
            .loss
            .evaluate(layout.output_values, output, target, scale, gradient)
    });
    pass.backward(&mut lane.gradients);
    shard.input = gathered;
    worker.labels = labels;
    worker.targets = targets;
}

fn gather_inputs<'a>(
    data: &'a Dataset,
    rows: Rows<'_>,
    first: usize,
    samples: usize,
    gathered: &'a mut Vec<f32>,
) -> &'a [f32] {
    let values = data.inputs.sample_values();
    match rows {
        Rows::Contiguous(start, _) => {
            &data.inputs.data()[(start + first) * values..(start + first + samples) * values]
        }
        Rows::Scattered(indices) => {
            gathered.resize(samples * values, 0.0);
            for (row, &index) in gathered.chunks_exact_mut(values).zip(&indices[first..]) {
                row.copy_from_slice(data.inputs.sample(index));
            }
            gathered
        }
    }
}

fn gather_targets<'a>(
    data: &'a Dataset,
    rows: Rows<'_>,
    first: usize,
    samples: usize,
    gathered_labels: &'a mut [u32],
    gathered_values: &'a mut [f32],
) -> TargetRows<'a> {
    match (&data.targets, rows) {
        (Targets::Classes { labels, .. }, Rows::Contiguous(start, _)) => {
            TargetRows::Classes(&labels[start + first..start + first + samples])
        }
        (Targets::Values(values), Rows::Contiguous(start, _)) => {
            let width = values.sample_values();
            let range = (start + first) * width..(start + first + samples) * width;
            TargetRows::Values(&values.data()[range])
        }
        (Targets::Classes { labels, .. }, Rows::Scattered(indices)) => {
            let gathered = &mut gathered_labels[..samples];
            for (label, &index) in gathered.iter_mut().zip(&indices[first..]) {
                *label = labels[index];
            }
            TargetRows::Classes(gathered)
        }
        (Targets::Values(values), Rows::Scattered(indices)) => {
            let width = values.sample_values();
            let gathered = &mut gathered_values[..samples * width];
            for (row, &index) in gathered.chunks_exact_mut(width).zip(&indices[first..]) {
                row.copy_from_slice(values.sample(index));
            }
            TargetRows::Values(gathered)
        }
    }
}

/// Where the gradient of a batch lies before it is put together.
struct Gradients<'a> {
    layout: &'a Layout,
    lanes: &'a [Lane],
    shards: &'a [Shard],
    data: &'a [f32],
    /// First row in the data set of a batch of neighbours.
    first: Option<usize>,
}

impl Gradients<'_> {
    fn collect(&self, task: &Task, gradient: &mut [f32]) {
        match &task.source {
            Source::Lanes(start) => {
                let range = *start..start + gradient.len();
                gradient.copy_from_slice(&self.lanes[0].gradients[range.clone()]);
                for lane in &self.lanes[1..] {
                    reduce::add(gradient, &lane.gradients[range.clone()]);
                }
            }
            Source::Deferred { node, rows } => self.collect_deferred(*node, rows, gradient),
        }
    }

    fn collect_deferred(&self, node: usize, rows: &Range<usize>, gradient: &mut [f32]) {
        let node = &self.layout.nodes[node];
        let (pixels, values) = (self.layout.input.values(), node.input_shapes[0].values());
        gradient.fill(0.0);
        for (index, shard) in self.shards.iter().enumerate() {
            let start = self
                .first
                .map(|first| (first + index * self.layout.shard) * pixels);
            let buffers = Buffers {
                input: match start {
                    Some(start) => &self.data[start..start + shard.samples * pixels],
                    None => &shard.input,
                },
                worker: &[],
                shard: &shard.buffers,
            };
            // Nobody reads the layer's output: its gradient is zero.
            let Some(place) = node.output_gradient else {
                return;
            };
            let keep = node.keep.map_or(&[][..], |(place, values)| {
                buffers.get(place, shard.samples * values)
            });
            node.layer.parameter_gradient(&mut ParameterGradient {
                samples: shard.samples,
                rows: rows.clone(),
                input: buffers.get(node.inputs[0], shard.samples * values),
                input_shape: &node.input_shapes[0],
                output_gradient: buffers.get(place, shard.samples * node.output_values),
                keep,
                gradient,
            });
        }
    }
}

/// Cuts the parameters into pieces, in their order.
fn tasks(layout: &Layout) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (number, node) in layout.nodes.iter().enumerate() {
        for (index, range) in node.parameters.iter().enumerate() {
            let deferred = node.deferred == Some(index);
            let row = if deferred { node.output_values } else { 1 };
            let step = (TASK_VALUES / row).max(1) * row;
            for start in range.clone().step_by(step) {
                let end = (start + step).min(range.end);
                let offset = start - range.start;
                let source = match deferred {
                    true => Source::Deferred {
                        node: number,
                        rows: offset / row..(end - range.start) / row,
                    },
                    false => Source::Lanes(node.gradients[index].start + offset),
                };
                tasks.push(Task {
                    range: start..end,
                    source,
                });
            }
        }
    }
    tasks.sort_by_key(|task| task.range.start);
    tasks
}

/// Runs the tasks on the pieces of `state`, which starts at parameter number `start`.
fn run_tasks<'a>(
    tasks: &[Task],
    start: usize,
    state: Piece<'a>,
    work: &(impl Fn(&Task, Piece<'a>) + Sync),
) {
    match tasks {
        [] => {}
        [task] => {
            let (_, piece) = state.split_at(task.range.start - start);
            let (piece, _) = piece.split_at(task.range.len());
            work(task, piece);
        }
        _ => {
            let (left, right) = tasks.split_at(tasks.len() / 2);
            let middle = right[0].range.start;
            let (left_state, right_state) = state.split_at(middle - start);
            rayon::join(
                || run_tasks(left, start, left_state, work),
                || run_tasks(right, middle, right_state, work),
            );
        }
    }
}
