//! Training steps: `gradients` takes shards over workers, `reduce` adds them up in the tree, and
//! `apply` is one pass over the parameters.

use std::sync::Mutex;

use super::join::for_each;
use super::layout::Layout;
use super::node::{Location, PlacedValue, PlannedNode, PlannedOutput, Purpose};
use super::rows::{Batch, CarriedRows, InputRows, gather_targets};
use super::shard::{Buffers, Run, Shard, ShardPass, Worker, worker_of_thread};
use super::step::{Objective, Sizes, StepResult};
use super::tree::{self, Leaf, Leaves};
use super::update::{self, Block, Gradients, Piece, Rule, blocks};
use crate::buffer::Buffer;
use crate::dataset::Inputs;
use crate::graph::OpGraph;
use crate::kernels::reduce::is_finite;
use crate::losses::LossRows;
use crate::metrics::MetricState;
use crate::tensor::Tensor;

/// Where the gradients of the outputs come from.
#[derive(Clone, Copy)]
pub(crate) enum Upstream<'a> {
    /// Losses over targets.
    Losses(&'a [Objective]),
    /// Gradients `[samples, …]` that the caller has computed, one an output.
    Given(&'a [Tensor]),
}

/// What a step of training is about: at which weights, at which point of the training.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) seed: u64,
    pub(crate) step: u64,
    /// Whether each weight learns; all that can where there is nothing.
    pub(crate) learning: &'a [bool],
}

/// A plan for training on batches of up to a given size, with all its memory.
pub(crate) struct TrainingPlan {
    pub(crate) layout: Layout,
    pub(crate) batch: usize,
    pub(crate) sizes: Sizes,
    workers: Vec<Mutex<Worker>>,
    shards: Vec<Shard>,
    leaves: Vec<Leaf>,
    blocks: Vec<Block>,
    prepared: Buffer,
    /// Norms of the parameters' gradients.
    norms: Vec<f64>,
    /// Room for a number a unit.
    column_sums: Vec<f32>,
    /// Sums over the batch, for ops that need them.
    sums: Vec<f64>,
    /// Samples of the batch that these are of, where no states have been changed by them yet.
    sums_of: usize,
    /// The revision of the weights in which those that zeros may hide were found finite.
    finite: Option<u64>,
    /// What the last batch carries on, `[samples, …]` each.
    pub(crate) carried: Vec<Vec<f32>>,
    /// Of the last step.
    pub(crate) result: StepResult,
}

impl TrainingPlan {
    pub(crate) fn new(
        graph: OpGraph,
        batch: usize,
        purpose: Purpose,
        threads: usize,
        sizes: Sizes,
    ) -> Self {
        Self::of_layout(Layout::new(graph, batch, purpose), batch, threads, sizes)
    }

    /// A plan whose memory is laid out, for batches of `batch` samples.
    pub(crate) fn of_layout(layout: Layout, batch: usize, threads: usize, sizes: Sizes) -> Self {
        let shards = batch.div_ceil(layout.shard);
        let leaf = |_| Leaf {
            gradients: Buffer::zeros(layout.leaf_values),
            losses: vec![0.0; sizes.target_values.len()],
            penalty: 0.0,
            metrics: vec![MetricState::default(); sizes.metrics],
            predictions: Vec::new(),
        };
        let blocks = blocks(&layout);
        let worker = |_| {
            let mut worker = Worker::new(&layout, &sizes.target_values);
            update::make_room(&mut worker, &blocks, &layout, shards);
            Mutex::new(worker)
        };
        TrainingPlan {
            batch,
            workers: (0..threads).map(worker).collect(),
            shards: (0..shards).map(|_| Shard::new(&layout)).collect(),
            leaves: (0..layout.leaves(batch).count()).map(leaf).collect(),
            blocks,
            norms: vec![0.0; layout.weights.len()],
            column_sums: vec![0.0; most_units(&layout)],
            prepared: Buffer::zeros(layout.prepared_values),
            sums: vec![0.0; layout.sums],
            sums_of: 0,
            finite: None,
            carried: vec![Vec::new(); layout.carried.len()],
            result: StepResult::new(&sizes),
            sizes,
            layout,
        }
    }

    /// One step: gradients of the batch, then the rule's update, piece by piece, where there is a
    /// rule. Otherwise the gradients are collected in the state's, and nothing changes.
    pub(crate) fn step(
        &mut self,
        upstream: Upstream<'_>,
        batch: Batch<'_>,
        mut state: Piece<'_>,
        at: At<'_>,
        rule: Option<Rule<'_>>,
    ) -> &StepResult {
        let samples = batch.samples();
        // A step's revision is the next after that of the weights it begins with.
        let finite = rule.is_some_and(|rule| self.finite == rule.revision.checked_sub(1));
        let batch = match finite {
            true => batch,
            false => self.hiding_no_weight(batch, state.parameters),
        };
        self.layout.prepare(state.parameters, &mut self.prepared);
        self.pass(upstream, batch, state.parameters, at);
        self.sum(upstream, batch);
        if rule.is_some() && !self.result.loss.is_finite() {
            // The parameters stay as they are, so that one can see where it came from.
            return &self.result;
        }
        self.carry(samples);
        self.sums_of = samples;
        if rule.is_some() {
            self.update_states(state.parameters, at.step);
        }
        let batch = self.hiding_no_gradient(batch);
        let gradients = self.split(batch, at);
        update::collect(gradients.0, state.reborrow(), &gradients.1, rule);
        self.result.loss += self.blocks.iter().map(|block| block.penalty).sum::<f64>()
            + update::still_penalty(&self.layout, state.parameters, at.learning);
        let Some(rule) = rule else {
            return &self.result;
        };
        if rule.wants_probe() {
            update::displace(&mut self.blocks, state.reborrow(), rule, at.learning);
            let batch = self.hiding_no_weight(batch, state.probe[0]);
            self.layout.prepare(state.probe[0], &mut self.prepared);
            self.pass(upstream, batch, state.probe[0], at);
        }
        if rule.wants_all() {
            let batch = self.hiding_no_gradient(batch);
            let mut norms = std::mem::take(&mut self.norms);
            let (blocks, gradients) = self.split(batch, at);
            let probe = rule.wants_probe().then_some(&gradients);
            update::update(
                blocks,
                state.reborrow(),
                probe,
                &mut norms,
                rule,
                at.learning,
            );
            self.norms = norms;
        }
        update::constrain(
            &self.layout,
            state.parameters,
            &mut self.column_sums,
            at.learning,
        );
        let finite = batch.sparse.is_some() && self.blocks.iter().all(|block| block.finite);
        self.finite = finite.then_some(rule.revision);
        &self.result
    }

    /// The batch as its non-zero values, unless a weight is infinite or no number: 0 · ∞ is no
    /// number, and where zeros are skipped none would see it.
    fn hiding_no_weight<'a>(&self, batch: Batch<'a>, weights: &[f32]) -> Batch<'a> {
        let finite = || {
            let mut ranges = self.layout.skipping_nodes().flat_map(|node| &node.ranges);
            ranges.all(|range| is_finite(&weights[range.clone()]))
        };
        Batch {
            sparse: batch.sparse.filter(|_| finite()),
            ..batch
        }
    }

    /// The same for the gradients that meet the batch once more in those of large weights.
    fn hiding_no_gradient<'a>(&self, batch: Batch<'a>) -> Batch<'a> {
        let samples = batch.samples();
        let finite = |node: &PlannedNode| {
            let location = node.output_gradients.first().map(|gradient| gradient.place);
            let Some(Location::Shard(index)) = location else {
                return true;
            };
            self.shards.iter().enumerate().all(|(number, shard)| {
                let first = (number * self.layout.shard).min(samples);
                let own = self.layout.shard.min(samples - first);
                is_finite(&shard.buffers[index][..own * node.outputs[0].values])
            })
        };
        let nodes = self.layout.skipping_nodes();
        let mut deferred = nodes.filter(|node| node.deferred.is_some());
        Batch {
            sparse: batch.sparse.filter(|_| deferred.all(finite)),
            ..batch
        }
    }

    /// Lets every op that has states change them by the last batch, if it has not yet.
    pub(crate) fn update_states(&mut self, values: &mut [f32], step: u64) {
        match std::mem::take(&mut self.sums_of) {
            0 => {}
            samples => self.layout.update_states(values, &self.sums, samples, step),
        }
    }

    /// The rule's update by gradients that are there already.
    pub(crate) fn apply(&mut self, mut state: Piece<'_>, rule: Rule<'_>, learning: &[bool]) {
        update::measure(&mut self.blocks, state.reborrow(), rule, learning);
        update::update(
            &mut self.blocks,
            state.reborrow(),
            None,
            &mut self.norms,
            rule,
            learning,
        );
        update::constrain(
            &self.layout,
            state.parameters,
            &mut self.column_sums,
            learning,
        );
    }

    /// The blocks, and what they collect gradients from.
    fn split<'a>(&'a mut self, batch: Batch<'a>, at: At<'a>) -> (&'a mut [Block], Gradients<'a>) {
        let leaves = self.layout.leaves(batch.samples());
        let gradients = Gradients {
            layout: &self.layout,
            leaves: &self.leaves[..leaves.count()],
            dealt: leaves,
            shards: &self.shards,
            workers: &self.workers,
            learning: at.learning,
            batch,
        };
        (&mut self.blocks, gradients)
    }

    /// All shards forward and backward, phase by phase.
    fn pass(&mut self, upstream: Upstream<'_>, batch: Batch<'_>, weights: &[f32], at: At<'_>) {
        let leaves = self.layout.leaves(batch.samples());
        for number in 0..self.layout.phases.len() {
            self.phase(number, upstream, batch, weights, at);
            let phase = &self.layout.phases[number];
            let Some(node) = phase.sums else { continue };
            let [forward, backward] = &self.layout.nodes[node].sums;
            let range = match number >= self.layout.phases.len() / 2 {
                true => backward,
                false => forward,
            };
            let shards = &self.shards;
            for place in range.clone() {
                let of_leaf = |leaf: usize| {
                    let shards = shards[leaves.shards_of(leaf)].iter();
                    shards.fold(0.0, |sum, shard| sum + shard.sums[place])
                };
                self.sums[place] = tree::sum(0, leaves.count(), &of_leaf);
            }
        }
    }

    fn phase(
        &mut self,
        number: usize,
        upstream: Upstream<'_>,
        batch: Batch<'_>,
        weights: &[f32],
        at: At<'_>,
    ) {
        let layout = &self.layout;
        let Leaves { shards, each } = layout.leaves(batch.samples());
        let count = shards.div_ceil(each);
        let phase = PhasePass {
            layout,
            run: Run {
                weights,
                prepared: &self.prepared,
                seed: at.seed,
                step: at.step,
                training: true,
                batch: batch.samples(),
                sums: &self.sums,
                learning: at.learning,
            },
            number,
            reads_inputs: layout.reads_inputs(&layout.phases[number]),
            upstream,
            batch,
        };
        let things = (0, &mut self.shards[..shards], &mut self.leaves[..count]);
        for_each(
            count,
            things,
            &|(first, shards, leaves), count| {
                let (left, right) = shards.split_at_mut(count * each);
                let (left_leaves, right_leaves) = leaves.split_at_mut(count);
                (
                    (first, left, left_leaves),
                    (first + count, right, right_leaves),
                )
            },
            &|(number, shards, leaves)| {
                let leaf = &mut leaves[0];
                if layout.phases[phase.number].middle {
                    leaf.gradients.fill(0.0);
                    leaf.losses.fill(0.0);
                    leaf.penalty = 0.0;
                    leaf.metrics.iter_mut().for_each(MetricState::clear);
                }
                let mut worker = worker_of_thread(&self.workers);
                for (index, shard) in shards.iter_mut().enumerate() {
                    let first = (number * each + index) * layout.shard;
                    phase.run(first, &mut worker, shard, leaf);
                }
            },
        );
    }

    /// Adds up what the leaves found of losses and metrics.
    fn sum(&mut self, upstream: Upstream<'_>, batch: Batch<'_>) {
        let samples = batch.samples();
        let count = self.layout.leaves(samples).count();
        let (leaves, outputs) = (&self.leaves, &self.layout.outputs);
        let result = &mut self.result;
        for (index, sum) in result.losses.iter_mut().enumerate() {
            *sum = tree::sum(0, count, &|leaf| leaves[leaf].losses[index]);
        }
        for (index, state) in result.metrics.iter_mut().enumerate() {
            let of = |leaf: usize| &leaves[leaf].metrics[index];
            // A leaf whose places are all padding may have none.
            let known = |leaf: usize, number| of(leaf).sums.get(number).copied().unwrap_or(0.0);
            let sum = |number| tree::sum(0, count, &|leaf| known(leaf, number));
            let sums = (0..count).map(|leaf| of(leaf).sums.len()).max();
            state.clear();
            state.sums.extend((0..sums.unwrap_or(0)).map(sum));
            (0..count).for_each(|leaf| state.values.extend_from_slice(&of(leaf).values));
        }
        let objective = match upstream {
            Upstream::Losses(objective) => objective,
            Upstream::Given(_) => &[],
        };
        result.finish(samples, objective, |index| {
            let PlannedOutput { values, units, .. } = outputs[index];
            [batch.counted(index, values / units.max(1)), units]
        });
        result.loss += tree::sum(0, count, &|leaf| leaves[leaf].penalty) / samples as f64;
    }

    /// A value that every shard keeps, all shards' rows together: `[samples, …]`.
    pub(crate) fn kept(&self, place: Location, values: usize, samples: usize) -> Vec<f32> {
        let mut rows = Vec::with_capacity(samples * values);
        self.bring_together(PlacedValue { place, values }, samples, &mut rows);
        rows
    }

    fn bring_together(&self, placed: PlacedValue, samples: usize, rows: &mut Vec<f32>) {
        let Location::Shard(index) = placed.place else {
            return;
        };
        for (number, shard) in self.shards.iter().enumerate() {
            let first = (number * self.layout.shard).min(samples);
            let own = self.layout.shard.min(samples - first);
            rows.extend_from_slice(&shard.buffers[index][..own * placed.values]);
        }
    }

    /// Keeps what the batch carries on.
    fn carry(&mut self, samples: usize) {
        let mut carried = std::mem::take(&mut self.carried);
        for (&placed, rows) in self.layout.carried.iter().zip(&mut carried) {
            rows.clear();
            self.bring_together(placed, samples, rows);
        }
        self.carried = carried;
    }

    /// Only forward, as when predicting; for an inspection, whose batch is one shard.
    pub(crate) fn forward(&mut self, weights: &[f32], inputs: Inputs<'_>) {
        self.forward_and_back(weights, inputs, |_, _| ());
    }

    /// Forward as when predicting, and then `back` through the only shard of an inspection,
    /// with room for gradients of parameters.
    pub(crate) fn forward_and_back(
        &mut self,
        weights: &[f32],
        inputs: Inputs<'_>,
        back: impl FnOnce(&mut ShardPass<'_>, &mut [f32]),
    ) {
        self.layout.prepare(weights, &mut self.prepared);
        let mut worker = self.workers[0].lock().expect("no worker panicked");
        let mut pass = ShardPass {
            layout: &self.layout,
            run: Run {
                weights,
                prepared: &self.prepared,
                seed: 0,
                step: 0,
                training: false,
                batch: 0,
                sums: &self.sums,
                learning: &[],
            },
            worker: &mut worker,
            shard: &mut self.shards[0].buffers,
            sums: &mut [],
            input: InputRows::InPlace(inputs, 0),
            carried: CarriedRows::zeros(&self.layout),
            samples: inputs.samples(),
            first_sample: 0,
        };
        pass.forward();
        back(&mut pass, &mut self.leaves[0].gradients);
    }

    /// Copy of a value of the only shard of an inspection.
    pub(crate) fn inspect(&self, value: usize, inputs: Inputs<'_>) -> Vec<f32> {
        let placed = self.layout.values[value].expect("an inspection has all values");
        self.inspect_place(placed.place, placed.values, inputs)
    }

    /// Copy of the gradient of a value of the only shard of an inspection; zeros where no output
    /// depends on it.
    pub(crate) fn inspect_gradient(&self, value: usize, inputs: Inputs<'_>) -> Vec<f32> {
        let placed = self.layout.values[value].expect("an inspection has all values");
        match self.layout.gradients[value] {
            Some(place) => self.inspect_place(place, placed.values, inputs),
            None => vec![0.0; self.batch * placed.values],
        }
    }

    fn inspect_place(&self, place: Location, values: usize, inputs: Inputs<'_>) -> Vec<f32> {
        let worker = self.workers[0].lock().expect("no worker panicked");
        let buffers = Buffers {
            input: InputRows::InPlace(inputs, 0),
            carried: CarriedRows::zeros(&self.layout),
            worker: &worker.buffers,
            shard: &self.shards[0].buffers,
        };
        buffers.get(place, self.batch * values).to_vec()
    }
}

/// The most units of a parameter.
fn most_units(layout: &Layout) -> usize {
    let units = layout.weights.iter().map(|known| known.units);
    units.max().unwrap_or(0)
}

/// One phase of a step, the same for all shards.
struct PhasePass<'a> {
    layout: &'a Layout,
    run: Run<'a>,
    number: usize,
    reads_inputs: bool,
    upstream: Upstream<'a>,
    batch: Batch<'a>,
}

impl PhasePass<'_> {
    /// Takes the shard that begins with sample `first` of the batch through the phase.
    fn run(&self, first: usize, worker: &mut Worker, shard: &mut Shard, leaf: &mut Leaf) {
        let (layout, batch) = (self.layout, self.batch);
        let phase = &layout.phases[self.number];
        let samples = layout.shard.min(batch.samples() - first);
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
            carried: CarriedRows::new(layout, batch.carried, batch.samples(), first),
            samples,
            first_sample: first,
        };
        pass.forward_nodes(phase.forward.clone());
        if phase.middle {
            let outputs = match self.upstream {
                Upstream::Losses(objective) => {
                    self.losses(objective, &mut pass, leaf);
                    objective.len()
                }
                Upstream::Given(gradients) => {
                    self.given(gradients, &mut pass);
                    gradients.len()
                }
            };
            leaf.penalty += self.penalties(outputs, &mut pass);
        }
        pass.backward_nodes(phase.backward.clone(), &mut leaf.gradients);
        let forward = self.number < layout.phases.len() / 2;
        match phase.sums {
            Some(node) if forward => pass.forward_sums(node),
            Some(node) => pass.backward_sums(node, &mut leaf.gradients),
            None => {}
        }
        worker.inputs = gathered;
    }

    /// Holds the outputs to the targets.
    fn losses(&self, objective: &[Objective], pass: &mut ShardPass<'_>, leaf: &mut Leaf) {
        let (batch, first, samples) = (self.batch, pass.first_sample, pass.samples);
        let mut labels = std::mem::take(&mut pass.worker.labels);
        let mut targets = std::mem::take(&mut pass.worker.targets);
        let mut weights = std::mem::take(&mut pass.worker.weights);
        let mut sums = &mut leaf.metrics[..];
        let rooms = labels.iter_mut().zip(&mut targets);
        let targets_of = batch.targets.iter().flat_map(|data| data.all_targets());
        let all = batch.inputs.samples();
        let mut room = std::mem::take(&mut leaf.predictions);
        for (index, (objective, (target, (labels, values)))) in
            objective.iter().zip(targets_of.zip(rooms)).enumerate()
        {
            let PlannedOutput {
                values: of_sample,
                units,
                ..
            } = self.layout.outputs[index];
            let range = first..first + samples;
            let rows = of_sample / units.max(1);
            let counting = batch.counting(index, range.clone(), &mut weights);
            let target = gather_targets(target, all, batch.rows, range, units, labels, values);
            let counted = batch.counted(index, rows);
            let scale = objective.scale(batch.samples(), counted, units) * objective.weight;
            let (own, others) = std::mem::take(&mut sums).split_at_mut(objective.metrics.len());
            sums = others;
            leaf.losses[index] += pass.with_output_gradient(index, |output, gradient| {
                let rows = LossRows {
                    samples,
                    units,
                    output,
                    targets: target,
                    weights: counting.weights,
                    mask: counting.mask,
                };
                objective.measure(&rows, &mut room, own);
                objective.loss.evaluate_samples(&rows, scale, gradient)
            });
        }
        leaf.predictions = room;
        pass.worker.labels = labels;
        pass.worker.targets = targets;
        pass.worker.weights = weights;
    }

    /// The penalties on activities, which come after the network's outputs.
    fn penalties(&self, outputs: usize, pass: &mut ShardPass<'_>) -> f64 {
        let share = 1.0 / self.batch.samples() as f32;
        let penalty = |index: usize| {
            pass.with_output_gradient(index, |penalties, gradient| {
                gradient.fill(share);
                penalties.iter().copied().map(f64::from).sum::<f64>()
            })
        };
        (outputs..self.layout.outputs.len()).map(penalty).sum()
    }

    /// Takes the outputs' gradients as they were given.
    fn given(&self, gradients: &[Tensor], pass: &mut ShardPass<'_>) {
        let rows = pass.first_sample..pass.first_sample + pass.samples;
        for (index, given) in gradients.iter().enumerate() {
            let values = given.sample_values();
            let given = &given.data()[rows.start * values..rows.end * values];
            pass.with_output_gradient(index, |_, gradient| gradient.copy_from_slice(given));
        }
    }
}
