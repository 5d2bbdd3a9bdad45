//! Training steps: shards over workers, gradients over lanes, one pass over the parameters.

use std::sync::Mutex;

use super::join::for_each;
use super::pass::{Buffers, InputRows, Place};
use super::rows::{Batch, gather_targets, gather_weights};
use super::shard::{Run, Shard, ShardPass, Worker, own};
use super::update::{self, Gradients, Piece, Rule, Task, tasks};
use super::{Layout, Purpose};
use crate::Error;
use crate::buffer::Buffer;
use crate::dataset::Inputs;
use crate::graph::Graph;
use crate::losses::Loss;
use crate::metrics::Metric;

/// Sums over the samples of a batch.
#[derive(Debug, Clone, Default)]
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

/// Numbers that a plan's memory depends on beside the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Target values of a sample for each output; 0 for classes.
    pub(crate) target_values: Vec<usize>,
    /// Number of metrics of all outputs.
    pub(crate) metrics: usize,
}

/// The gradient sums of some shards, one after the other.
pub(super) struct Lane {
    pub(super) gradients: Buffer,
    losses: Vec<f64>,
    metrics: Vec<f64>,
}

/// What an output is measured by.
#[derive(Debug)]
pub(crate) struct Objective {
    pub(crate) loss: Box<dyn Loss>,
    /// Of the loss in the sum over the outputs.
    pub(crate) weight: f32,
    pub(crate) metrics: Vec<Box<dyn Metric>>,
}

/// Neighbouring shards share a lane.
struct Shares {
    shards: usize,
    /// Shards a lane; the last may have fewer.
    each: usize,
    /// Lanes in use.
    lanes: usize,
}

/// A plan for training on batches of up to a given size, with all its memory.
pub(crate) struct TrainingPlan {
    pub(crate) layout: Layout,
    pub(crate) batch: usize,
    pub(crate) sizes: Sizes,
    workers: Vec<Mutex<Worker>>,
    shards: Vec<Shard>,
    lanes: Vec<Lane>,
    tasks: Vec<Task>,
    prepared: Buffer,
    /// Norms of the parameters' gradients.
    norms: Vec<f64>,
    /// Room for a number a unit.
    column_sums: Vec<f32>,
    /// Sums over the batch, for layers that need them.
    sums: Vec<f64>,
    /// Of the last step.
    pub(crate) result: StepResult,
}

impl TrainingPlan {
    pub(crate) fn new(
        graph: &Graph,
        batch: usize,
        purpose: Purpose,
        threads: usize,
        sizes: Sizes,
    ) -> Result<Self, Error> {
        let layout = Layout::new(graph, batch, purpose)?;
        let shards = batch.div_ceil(layout.shard);
        Ok(TrainingPlan {
            batch,
            workers: (0..threads)
                .map(|_| Mutex::new(Worker::new(&layout, &sizes.target_values)))
                .collect(),
            shards: (0..shards).map(|_| Shard::new(&layout)).collect(),
            lanes: (0..layout.lanes)
                .map(|_| Lane {
                    gradients: Buffer::zeros(layout.lane_values),
                    losses: vec![0.0; sizes.target_values.len()],
                    metrics: vec![0.0; sizes.metrics],
                })
                .collect(),
            tasks: tasks(&layout),
            norms: vec![0.0; layout.parameters.len()],
            column_sums: vec![0.0; most_units(&layout)],
            prepared: Buffer::zeros(layout.prepared_values),
            sums: vec![0.0; layout.sums],
            result: StepResult::new(&sizes),
            sizes,
            layout,
        })
    }

    /// One step: gradients of the batch, then the rule's update, piece by piece.
    pub(crate) fn step(
        &mut self,
        objective: &[Objective],
        batch: Batch<'_>,
        mut state: Piece<'_>,
        seed: u64,
        step: u64,
        rule: Option<Rule<'_>>,
    ) -> &StepResult {
        self.layout.prepare(state.parameters, &mut self.prepared);
        let used = self.pass(objective, batch, state.parameters, seed, step);
        self.sum(objective, batch.samples(), used);
        if rule.is_some() && !self.result.loss.is_finite() {
            // The parameters stay as they are, so that one can see where it came from.
            return &self.result;
        }
        if rule.is_some() {
            let samples = batch.samples();
            self.layout
                .update_states(state.parameters, &self.sums, samples, step);
        }
        let (layout, lanes) = (&self.layout, &self.lanes[..used]);
        let gradients = Gradients::new(layout, lanes, &self.shards, &self.workers, batch);
        update::collect(&mut self.tasks, state.reborrow(), &gradients, rule);
        self.result.loss += self.tasks.iter().map(|task| task.penalty).sum::<f64>()
            + update::frozen_penalty(&self.layout, state.parameters);
        let Some(rule) = rule else {
            return &self.result;
        };
        if rule.wants_probe() {
            update::displace(&mut self.tasks, state.reborrow(), rule);
            self.layout.prepare(state.probe[0], &mut self.prepared);
            self.pass(objective, batch, state.probe[0], seed, step);
        }
        if rule.wants_all() {
            let (layout, lanes) = (&self.layout, &self.lanes[..used]);
            let gradients = Gradients::new(layout, lanes, &self.shards, &self.workers, batch);
            let probe = rule.wants_probe().then_some(&gradients);
            update::update(
                &mut self.tasks,
                state.reborrow(),
                probe,
                &mut self.norms,
                rule,
            );
        }
        update::constrain(&self.layout, state.parameters, &mut self.column_sums);
        &self.result
    }

    /// All shards forward and backward, phase by phase; returns the number of lanes that
    /// were used.
    fn pass(
        &mut self,
        objective: &[Objective],
        batch: Batch<'_>,
        parameters: &[f32],
        seed: u64,
        step: u64,
    ) -> usize {
        let Shares { shards, lanes, .. } = self.shares(batch.samples());
        for number in 0..self.layout.phases.len() {
            self.phase(number, objective, batch, parameters, seed, step);
            let phase = &self.layout.phases[number];
            if let Some(node) = phase.sums {
                let [forward, backward] = &self.layout.nodes[node].sums;
                let range = match number >= self.layout.phases.len() / 2 {
                    true => backward,
                    false => forward,
                };
                let sums = &mut self.sums[range.clone()];
                sums.fill(0.0);
                for shard in &self.shards[..shards] {
                    for (sum, value) in sums.iter_mut().zip(&shard.sums[range.clone()]) {
                        *sum += value;
                    }
                }
            }
        }
        lanes
    }

    /// How the shards of a batch are dealt out.
    fn shares(&self, samples: usize) -> Shares {
        let shards = samples.div_ceil(self.layout.shard);
        let each = shards.div_ceil(self.lanes.len());
        Shares {
            shards,
            each,
            lanes: shards.div_ceil(each),
        }
    }

    fn phase(
        &mut self,
        number: usize,
        objective: &[Objective],
        batch: Batch<'_>,
        parameters: &[f32],
        seed: u64,
        step: u64,
    ) {
        let Shares {
            shards,
            each,
            lanes,
        } = self.shares(batch.samples());
        let run = Run {
            parameters,
            prepared: &self.prepared,
            seed,
            step,
            training: true,
            batch: batch.samples(),
            sums: &self.sums,
        };
        let layout = &self.layout;
        let phase = PhasePass {
            layout,
            run,
            number,
            reads_inputs: layout.reads_inputs(&layout.phases[number]),
            objective,
            batch,
        };
        let things = (0, &mut self.shards[..shards], &mut self.lanes[..lanes]);
        for_each(
            lanes,
            things,
            &|(first, shards, lanes), count| {
                let (left, right) = shards.split_at_mut(count * each);
                let (left_lanes, right_lanes) = lanes.split_at_mut(count);
                (
                    (first, left, left_lanes),
                    (first + count, right, right_lanes),
                )
            },
            &|(number, shards, lanes)| {
                let lane = &mut lanes[0];
                if layout.phases[phase.number].middle {
                    lane.gradients.fill(0.0);
                    lane.losses.fill(0.0);
                    lane.metrics.fill(0.0);
                }
                let mut worker = own(&self.workers);
                for (index, shard) in shards.iter_mut().enumerate() {
                    let first = (number * each + index) * layout.shard;
                    phase.run(first, &mut worker, shard, lane);
                }
            },
        );
    }

    fn sum(&mut self, objective: &[Objective], samples: usize, used: usize) {
        let lanes = &self.lanes[..used];
        let (result, outputs) = (&mut self.result, &self.layout.outputs);
        for (index, sum) in result.losses.iter_mut().enumerate() {
            *sum = lanes.iter().map(|lane| lane.losses[index]).sum();
        }
        for (index, sum) in result.metrics.iter_mut().enumerate() {
            *sum = lanes.iter().map(|lane| lane.metrics[index]).sum();
        }
        result.finish(samples, objective, |index| outputs[index].values);
    }

    /// Only forward, as when predicting; for an inspection, whose batch is one shard.
    pub(crate) fn forward(&mut self, parameters: &[f32], inputs: Inputs<'_>) {
        self.forward_and_back(parameters, inputs, |_, _| ());
    }

    /// Forward as when predicting, and then `back` through the only shard of an inspection,
    /// with room for gradients of parameters.
    pub(crate) fn forward_and_back(
        &mut self,
        parameters: &[f32],
        inputs: Inputs<'_>,
        back: impl FnOnce(&mut ShardPass<'_>, &mut [f32]),
    ) {
        self.layout.prepare(parameters, &mut self.prepared);
        let mut worker = self.workers[0].lock().expect("no worker panicked");
        let mut pass = ShardPass {
            layout: &self.layout,
            run: Run {
                parameters,
                prepared: &self.prepared,
                seed: 0,
                step: 0,
                training: false,
                batch: 0,
                sums: &self.sums,
            },
            worker: &mut worker,
            shard: &mut self.shards[0].buffers,
            sums: &mut [],
            input: InputRows::InPlace(inputs, 0),
            samples: inputs.samples(),
            first_sample: 0,
        };
        pass.forward();
        back(&mut pass, &mut self.lanes[0].gradients);
    }

    /// Copy of a value or gradient of the only shard of an inspection.
    pub(crate) fn inspect(&self, place: Place, values: usize, inputs: Inputs<'_>) -> Vec<f32> {
        let worker = self.workers[0].lock().expect("no worker panicked");
        let buffers = Buffers {
            input: InputRows::InPlace(inputs, 0),
            worker: &worker.buffers,
            shard: &self.shards[0].buffers,
        };
        buffers.get(place, self.batch * values).to_vec()
    }
}

/// The largest last axis of a parameter.
fn most_units(layout: &Layout) -> usize {
    let units = layout
        .parameters
        .iter()
        .filter_map(|known| known.shape.last());
    units.copied().max().unwrap_or(0)
}

/// One phase of a step, the same for all shards.
struct PhasePass<'a> {
    layout: &'a Layout,
    run: Run<'a>,
    number: usize,
    reads_inputs: bool,
    objective: &'a [Objective],
    batch: Batch<'a>,
}

impl PhasePass<'_> {
    /// Takes the shard that begins with sample `first` of the batch through the phase.
    fn run(&self, first: usize, worker: &mut Worker, shard: &mut Shard, lane: &mut Lane) {
        let (layout, batch) = (self.layout, self.batch);
        let phase = &layout.phases[self.number];
        let samples = layout.shard.min(batch.samples() - first);
        let mut labels = std::mem::take(&mut worker.labels);
        let mut targets = std::mem::take(&mut worker.targets);
        let mut weights = std::mem::take(&mut worker.weights);
        let mut gathered = std::mem::take(&mut worker.inputs);
        let input = match self.reads_inputs {
            true => batch.inputs(first..first + samples, &mut gathered),
            false => InputRows::Gathered(&[]),
        };
        let mut pass = ShardPass {
            layout,
            run: self.run,
            worker,
            shard: &mut shard.buffers,
            sums: &mut shard.sums,
            input,
            samples,
            first_sample: first,
        };
        pass.forward_nodes(phase.forward.clone());
        let forward = self.number < layout.phases.len() / 2;
        if phase.middle {
            let weights = gather_weights(batch, first, samples, &mut weights);
            let mut sums = &mut lane.metrics[..];
            let targets_of = batch
                .data
                .all_targets()
                .zip(labels.iter_mut().zip(&mut targets));
            for (index, (objective, (target, (labels, values)))) in
                self.objective.iter().zip(targets_of).enumerate()
            {
                let target = gather_targets(target, batch.rows, first, samples, labels, values);
                let units = layout.outputs[index].values;
                let scale = objective.loss.scale(batch.samples(), units) * objective.weight;
                let (own, others) = std::mem::take(&mut sums).split_at_mut(objective.metrics.len());
                sums = others;
                lane.losses[index] += pass.with_output_gradient(index, |output, gradient| {
                    for (metric, sum) in objective.metrics.iter().zip(own) {
                        *sum += metric.sum(units, output, target);
                    }
                    let loss = &objective.loss;
                    match weights {
                        None => loss.evaluate(units, output, target, scale, gradient),
                        Some(weights) => {
                            loss.evaluate_weighted(units, output, target, weights, scale, gradient)
                        }
                    }
                });
            }
        }
        pass.backward_nodes(phase.backward.clone(), &mut lane.gradients);
        match phase.sums {
            Some(node) if forward => pass.forward_sums(node),
            Some(node) => pass.backward_sums(node, &mut lane.gradients),
            None => {}
        }
        worker.inputs = gathered;
        worker.labels = labels;
        worker.targets = targets;
        worker.weights = weights;
    }
}
