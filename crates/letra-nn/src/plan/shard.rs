//! One shard through the whole network and back.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

use smallvec::SmallVec;

use super::layout::Layout;
use super::node::{GradientTarget, Location, PlacedValue, PlannedNode};
use super::rows::{CarriedRows, InputRows};
use crate::buffer::Buffer;
use crate::ops::{Backward, Forward, Slices};
use crate::random::{Domain, Random};

/// The buffers of one worker, reused for each shard that it takes.
pub(crate) struct Worker {
    pub(crate) buffers: Vec<Buffer>,
    scratch: Buffer,
    /// A shard's inputs, where they must be brought together.
    pub(crate) inputs: Vec<Buffer>,
    /// Some columns of them.
    pub(crate) columns: Buffer,
    /// The gradient of a piece of the parameters, where it is not asked for later.
    pub(crate) gradient: Buffer,
    /// Sums of such a piece on their way up the tree.
    pub(crate) partial: Vec<Buffer>,
    /// Labels of a shard whose samples are scattered over the data set, for each output.
    pub(crate) labels: Vec<Vec<u32>>,
    /// Target values of such a shard.
    pub(crate) targets: Vec<Vec<f32>>,
    /// How much its places count, where they do not all do alike.
    pub(crate) weights: Vec<f32>,
}

impl Worker {
    pub(crate) fn new(layout: &Layout, target_values: &[usize]) -> Self {
        let shard = layout.shard;
        Worker {
            buffers: buffers(&layout.memory.worker, shard),
            scratch: Buffer::zeros(layout.memory.scratch),
            inputs: match target_values {
                [] => Vec::new(),
                _ => input_buffers(layout),
            },
            columns: Buffer::default(),
            gradient: Buffer::default(),
            partial: Vec::new(),
            labels: vec![vec![0; shard]; target_values.len()],
            targets: target_values
                .iter()
                .map(|values| vec![0.0; shard * values])
                .collect(),
            weights: Vec::new(),
        }
    }
}

/// Room for a shard of each input of the network.
fn input_buffers(layout: &Layout) -> Vec<Buffer> {
    let mut values = Vec::new();
    for placed in layout.values.iter().flatten() {
        if let Location::Input(index) = placed.place {
            values.resize(values.len().max(index + 1), 0);
            values[index] = placed.values;
        }
    }
    buffers(&values, layout.shard)
}

/// The calling thread's worker, for as long as the thread does one thing.
pub(super) fn worker_of_thread(workers: &[Mutex<Worker>]) -> MutexGuard<'_, Worker> {
    let thread = rayon::current_thread_index().unwrap_or(0);
    // An inspection has one shard and one worker, whichever thread comes.
    let worker = &workers[thread.min(workers.len() - 1)];
    worker.lock().expect("no worker panicked")
}

/// The buffers of one shard, kept until the batch is done.
pub(crate) struct Shard {
    pub(crate) buffers: Vec<Buffer>,
    /// What the shard adds to the sums over the batch.
    pub(crate) sums: Vec<f64>,
}

impl Shard {
    pub(crate) fn new(layout: &Layout) -> Self {
        Shard {
            buffers: buffers(&layout.memory.shard, layout.shard),
            sums: vec![0.0; layout.sums],
        }
    }
}

fn buffers(values: &[usize], shard: usize) -> Vec<Buffer> {
    values
        .iter()
        .map(|values| Buffer::zeros(values * shard))
        .collect()
}

/// Read access to the values of a shard.
#[derive(Clone, Copy)]
pub(crate) struct Buffers<'a> {
    pub(crate) input: InputRows<'a>,
    pub(crate) carried: CarriedRows<'a>,
    pub(crate) worker: &'a [Buffer],
    pub(crate) shard: &'a [Buffer],
}

impl<'a> Buffers<'a> {
    pub(crate) fn get(&self, place: Location, length: usize) -> &'a [f32] {
        match place {
            Location::Input(index) => self.input.get(index, length),
            Location::Carried(index) => self.carried.get(index, length),
            Location::Worker(index) => &self.worker[index][..length],
            Location::Shard(index) => &self.shard[index][..length],
        }
    }

    fn inputs(&self, node: &PlannedNode, samples: usize) -> Slices<&'a [f32]> {
        let places = node.inputs.iter().zip(&node.input_shapes);
        places
            .map(|(&place, shape)| self.get(place, samples * shape.values()))
            .collect()
    }
}

/// What is the same for all shards of a step.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) weights: &'a [f32],
    pub(crate) prepared: &'a [f32],
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) training: bool,
    /// Samples in the batch.
    pub(crate) batch: usize,
    /// Sums over the batch, as far as they are known.
    pub(crate) sums: &'a [f64],
    /// Whether each weight learns; all that can where there is nothing.
    pub(crate) learning: &'a [bool],
}

impl Run<'_> {
    /// Whether any weight of a node learns now.
    fn learns(&self, node: &PlannedNode) -> bool {
        node.trained
            && (self.learning.is_empty()
                || node.weights.iter().any(|&weight| self.learning[weight]))
    }
}

/// A shard at work: its buffers, its worker's, and where it stands in the batch.
pub(crate) struct ShardPass<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) run: Run<'a>,
    pub(crate) worker: &'a mut Worker,
    pub(crate) shard: &'a mut [Buffer],
    pub(crate) sums: &'a mut [f64],
    pub(crate) input: InputRows<'a>,
    pub(crate) carried: CarriedRows<'a>,
    pub(crate) samples: usize,
    pub(crate) first_sample: usize,
}

impl ShardPass<'_> {
    /// Moves a buffer out, so that it can be written while the others are read.
    fn take(&mut self, place: Location) -> Buffer {
        match place {
            Location::Input(_) | Location::Carried(_) => Buffer::default(),
            Location::Worker(index) => std::mem::take(&mut self.worker.buffers[index]),
            Location::Shard(index) => std::mem::take(&mut self.shard[index]),
        }
    }

    fn put(&mut self, place: Location, buffer: Buffer) {
        match place {
            Location::Input(_) | Location::Carried(_) => {}
            Location::Worker(index) => self.worker.buffers[index] = buffer,
            Location::Shard(index) => self.shard[index] = buffer,
        }
    }

    fn take_kept(&mut self, node: &PlannedNode) -> Buffer {
        node.keep
            .map_or_else(Buffer::default, |kept| self.take(kept.place))
    }

    fn put_kept(&mut self, node: &PlannedNode, kept: Buffer) {
        if let Some(place) = node.keep {
            self.put(place.place, kept);
        }
    }

    fn kept_values(&self, node: &PlannedNode) -> usize {
        self.samples * node.keep.map_or(0, |kept| kept.values)
    }

    fn buffers(&self) -> Buffers<'_> {
        Buffers {
            input: self.input,
            carried: self.carried,
            worker: &self.worker.buffers,
            shard: self.shard,
        }
    }

    /// Output `index` of the network: `[samples, …]`.
    pub(crate) fn output(&self, index: usize) -> &[f32] {
        let output = &self.layout.outputs[index];
        self.buffers()
            .get(output.place, self.samples * output.values)
    }

    /// Takes the shard through all nodes.
    pub(crate) fn forward(&mut self) {
        self.forward_nodes(0..self.layout.nodes.len());
    }

    /// Takes the shard through some nodes.
    pub(crate) fn forward_nodes(&mut self, nodes: Range<usize>) {
        let layout = self.layout;
        for node in layout.nodes[nodes].iter().filter(|node| !node.view) {
            self.forward_op(node, None);
        }
    }

    /// What the shard adds to the sums that an op asks for, before it goes forward.
    pub(crate) fn forward_sums(&mut self, node: usize) {
        let node = &self.layout.nodes[node];
        self.with_sums(&node.sums[0], |pass, sums| {
            pass.forward_op(node, Some(sums))
        });
    }

    /// The same before the op goes backward.
    pub(crate) fn backward_sums(&mut self, node: usize, gradients: &mut [f32]) {
        let node = &self.layout.nodes[node];
        if !node.output_gradients.is_empty() {
            self.with_sums(&node.sums[1], |pass, sums| {
                pass.backward_op(node, gradients, Some(sums));
            });
        }
    }

    fn with_sums(&mut self, range: &Range<usize>, work: impl FnOnce(&mut Self, &mut [f64])) {
        let all = std::mem::take(&mut self.sums);
        let sums = &mut all[range.clone()];
        sums.fill(0.0);
        work(self, sums);
        self.sums = all;
    }

    fn forward_op(&mut self, node: &PlannedNode, shard_sums: Option<&mut [f64]>) {
        let (samples, run) = (self.samples, self.run);
        let taken = node.outputs.iter().map(|output| self.take(output.place));
        let mut outputs: SmallVec<[Buffer; 4]> = taken.collect();
        let mut keep = self.take_kept(node);
        let mut scratch = std::mem::take(&mut self.worker.scratch);
        let only_sums = shard_sums.is_some();
        // A backward pass from a prediction must not find what an earlier one left: see
        // `backward_node`.
        if !run.training {
            keep.fill(f32::NAN);
        }
        let sparse = self.input.sparse();
        let op = node.op(sparse.is_some());
        let mut pass = Forward {
            samples,
            first_sample: self.first_sample,
            training: run.training,
            step: run.step,
            batch: run.batch,
            sums: match run.training {
                true => &run.sums[node.sums[0].clone()],
                false => &[],
            },
            shard_sums: shard_sums.unwrap_or_default(),
            random: Random::new(run.seed, Domain::Layer, node.number, run.step),
            inputs: self.buffers().inputs(node, samples),
            input_shapes: &node.input_shapes,
            outputs: outputs
                .iter_mut()
                .zip(&node.outputs)
                .map(|(buffer, output)| &mut buffer[..samples * output.values])
                .collect(),
            keep: &mut keep[..self.kept_values(node)],
            scratch: &mut scratch[..node.scratch_values(samples)],
            weights: node.weight_slices(run.weights),
            prepared: &run.prepared[node.prepared.clone()],
            sparse,
        };
        match only_sums {
            true => op.forward_sums(&mut pass),
            false => op.forward(&mut pass),
        }
        drop(pass);
        self.worker.scratch = scratch;
        self.put_kept(node, keep);
        for (output, buffer) in node.outputs.iter().zip(&mut outputs) {
            self.put(output.place, std::mem::take(buffer));
        }
    }

    /// Lets `write` see an output and write its gradient.
    pub(crate) fn with_output_gradient<T>(
        &mut self,
        index: usize,
        write: impl FnOnce(&[f32], &mut [f32]) -> T,
    ) -> T {
        let output = self.layout.outputs[index];
        let place = output.gradient.expect("a training plan has gradients");
        let mut gradient = self.take(place);
        let length = self.samples * output.values;
        let result = write(self.output(index), &mut gradient[..length]);
        self.put(place, gradient);
        result
    }

    /// Takes the gradients back through some nodes, and adds the shard's to a leaf's.
    pub(crate) fn backward_nodes(&mut self, nodes: Range<usize>, gradients: &mut [f32]) {
        let layout = self.layout;
        for node in layout.nodes[nodes].iter().rev() {
            let needed = self.run.learns(node) || node.input_gradients.iter().any(Option::is_some);
            if !node.output_gradients.is_empty() && needed && !node.view {
                self.backward_op(node, gradients, None);
            }
        }
    }

    /// Takes one node of an inspection back. Says whether what it gives are numbers, as far as
    /// what it was given are: an op that does not write what it keeps finds no numbers there.
    pub(crate) fn backward_node(&mut self, number: usize, gradients: &mut [f32]) -> bool {
        let node = &self.layout.nodes[number];
        if node.output_gradients.is_empty() {
            return true;
        }
        let outputs = || node.output_gradients.iter().zip(&node.outputs);
        let given = outputs().all(|(gradient, output)| {
            let length = self.samples * output.values;
            gradient.unread
                || self.are_numbers(gradient.place, length)
                    && self.are_numbers(output.place, length)
        });
        self.backward_op(node, gradients, None);
        let mut inputs = node.input_gradients.iter().zip(&node.input_shapes);
        let found = outputs().all(|(gradient, output)| {
            self.are_numbers(gradient.place, self.samples * output.values)
        }) && inputs.all(|(target, shape)| {
            let length = self.samples * shape.values();
            target.is_none_or(|target| self.are_numbers(target.place, length))
        });
        found || !given
    }

    fn are_numbers(&self, place: Location, length: usize) -> bool {
        let values = self.buffers().get(place, length);
        !values.iter().any(|value| value.is_nan())
    }

    /// Lets `change` see and change a value of an inspection, and its gradient.
    pub(crate) fn with_value_and_gradient(
        &mut self,
        value: usize,
        change: impl FnOnce(&mut [f32], &mut [f32]),
    ) {
        let layout = self.layout;
        let (Some(PlacedValue { place, values }), Some(gradient_place)) =
            (layout.values[value], layout.gradients[value])
        else {
            return;
        };
        let (mut output, mut gradient) = (self.take(place), self.take(gradient_place));
        let length = self.samples * values;
        change(&mut output[..length], &mut gradient[..length]);
        self.put(place, output);
        self.put(gradient_place, gradient);
    }

    fn backward_op(
        &mut self,
        node: &PlannedNode,
        gradients: &mut [f32],
        shard_sums: Option<&mut [f64]>,
    ) {
        let only_sums = shard_sums.is_some();
        let (samples, run) = (self.samples, self.run);
        let taken = node.output_gradients.iter();
        let mut output_gradients: SmallVec<[Buffer; 4]> =
            taken.map(|gradient| self.take(gradient.place)).collect();
        let mut scratch = std::mem::take(&mut self.worker.scratch);
        let mut input_gradients: SmallVec<[Option<Buffer>; 4]> = node
            .input_gradients
            .iter()
            .map(|target| {
                target
                    .filter(|_| !only_sums)
                    .map(|target| self.take(target.place))
            })
            .collect();
        let mut keep = self.take_kept(node);
        for (buffer, gradient) in output_gradients.iter_mut().zip(&node.output_gradients) {
            if gradient.unread {
                buffer.fill(0.0);
            }
        }
        let buffers = self.buffers();
        let sums = |number: usize| match run.training {
            true => &run.sums[node.sums[number].clone()],
            false => &[],
        };
        let sparse = self.input.sparse();
        let op = node.op(sparse.is_some());
        let first_sample = self.first_sample;
        let mut pass = Backward {
            samples,
            first_sample,
            training: run.training,
            step: run.step,
            batch: run.batch,
            sums: sums(0),
            gradient_sums: sums(1),
            shard_sums: shard_sums.unwrap_or_default(),
            inputs: buffers.inputs(node, samples),
            input_shapes: &node.input_shapes,
            outputs: node
                .outputs
                .iter()
                .map(|output| buffers.get(output.place, samples * output.values))
                .collect(),
            output_gradients: output_gradients
                .iter_mut()
                .zip(&node.outputs)
                .map(|(buffer, output)| &mut buffer[..samples * output.values])
                .collect(),
            input_gradients: input_gradients
                .iter_mut()
                .zip(&node.input_shapes)
                .map(|(buffer, shape)| Some(&mut buffer.as_mut()?[..samples * shape.values()]))
                .collect(),
            weight_gradients: weight_gradients(node, run.learns(node), gradients),
            keep: &mut keep[..self.kept_values(node)],
            scratch: &mut scratch[..node.scratch_values(samples)],
            weights: node.weight_slices(run.weights),
            prepared: &run.prepared[node.prepared.clone()],
            sparse,
        };
        match only_sums {
            true => op.backward_sums(&mut pass),
            false => op.backward(&mut pass),
        }
        drop(pass);
        self.worker.scratch = scratch;
        self.put_kept(node, keep);
        for (gradient, buffer) in node.output_gradients.iter().zip(&mut output_gradients) {
            self.put(gradient.place, std::mem::take(buffer));
        }
        let targets = node.input_gradients.iter().zip(&node.input_shapes);
        for (buffer, (target, shape)) in input_gradients.iter_mut().zip(targets) {
            let (Some(GradientTarget { place, sum }), Some(buffer)) = (*target, buffer.take())
            else {
                continue;
            };
            self.put(place, buffer);
            if let Some(sum) = sum {
                self.add(place, sum, samples * shape.values());
            }
        }
    }

    /// Adds a gradient to what an earlier reader of the same value wrote.
    fn add(&mut self, place: Location, to: Location, length: usize) {
        let mut sum = self.take(to);
        let buffers = self.buffers();
        crate::kernels::reduce::add(&mut sum[..length], buffers.get(place, length));
        self.put(to, sum);
    }
}

/// The gradients of a node's weights in a leaf's array, where they are wanted.
fn weight_gradients<'a>(
    node: &PlannedNode,
    wanted: bool,
    gradients: &'a mut [f32],
) -> Slices<Option<&'a mut [f32]>> {
    let mut slices: Slices<Option<&mut [f32]>> = node.gradients.iter().map(|_| None).collect();
    // In the order in which they lie, each cut off from what is left.
    let (mut left, mut start) = (gradients, 0);
    if !wanted {
        return slices;
    }
    loop {
        let ranges = node.gradients.iter().enumerate();
        let ahead = ranges.filter_map(|(index, range)| Some((index, range.clone()?)));
        let ahead = ahead.filter(|(_, range)| range.start >= start);
        let Some((index, range)) = ahead.min_by_key(|(_, range)| range.start) else {
            return slices;
        };
        let (own, others) = left.split_at_mut(range.end - start);
        slices[index] = Some(&mut own[range.start - start..]);
        (left, start) = (others, range.end);
    }
}
