//! One shard through the whole network and back.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard};

use super::pass::{
    Backward, Buffers, Forward, InputGradients, InputRows, ParameterGradients, Parameters, Place,
};
use super::{Layout, PlannedNode};
use crate::buffer::Buffer;
use crate::random::{Purpose, Random};

/// The buffers of one worker, reused for each shard that it takes.
pub(crate) struct Worker {
    pub(crate) buffers: Vec<Buffer>,
    scratch: Buffer,
    input_gradients: Vec<Option<Buffer>>,
    /// A shard's inputs, where they must be brought together.
    pub(crate) inputs: Vec<Buffer>,
    /// Some columns of them.
    pub(crate) columns: Buffer,
    /// The gradient of a piece of the parameters, where nobody asks for it later.
    pub(crate) gradient: Buffer,
    /// Labels of a shard whose samples are scattered over the data set, for each output.
    pub(crate) labels: Vec<Vec<u32>>,
    /// Target values of such a shard.
    pub(crate) targets: Vec<Vec<f32>>,
    /// Weights of its samples, where they have some.
    pub(crate) weights: Vec<f32>,
}

impl Worker {
    pub(crate) fn new(layout: &Layout, target_values: &[usize]) -> Self {
        let shard = layout.shard;
        let most_inputs = layout.nodes.iter().map(|node| node.inputs.len()).max();
        Worker {
            buffers: buffers(&layout.memory.worker, shard),
            scratch: Buffer::zeros(layout.memory.scratch),
            input_gradients: vec![None; most_inputs.unwrap_or(0)],
            inputs: Vec::new(),
            columns: Buffer::default(),
            gradient: Buffer::default(),
            labels: vec![vec![0; shard]; target_values.len()],
            targets: target_values
                .iter()
                .map(|values| vec![0.0; shard * values])
                .collect(),
            weights: vec![0.0; shard],
        }
    }
}

/// The calling thread's worker, for as long as the thread does one thing.
pub(super) fn own(workers: &[Mutex<Worker>]) -> MutexGuard<'_, Worker> {
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

/// What is the same for all shards of a step.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) parameters: &'a [f32],
    pub(crate) prepared: &'a [f32],
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) training: bool,
    /// Samples in the batch.
    pub(crate) batch: usize,
    /// Sums over the batch, as far as they are known.
    pub(crate) sums: &'a [f64],
}

/// A shard at work: its buffers, its worker's, and where it stands in the batch.
pub(crate) struct ShardPass<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) run: Run<'a>,
    pub(crate) worker: &'a mut Worker,
    pub(crate) shard: &'a mut [Buffer],
    pub(crate) sums: &'a mut [f64],
    pub(crate) input: InputRows<'a>,
    pub(crate) samples: usize,
    pub(crate) first_sample: usize,
}

impl ShardPass<'_> {
    /// Moves a buffer out, so that it can be written while the others are read.
    fn take(&mut self, place: Place) -> Buffer {
        match place {
            Place::Input(_) => Buffer::default(),
            Place::Worker(index) => std::mem::take(&mut self.worker.buffers[index]),
            Place::Shard(index) => std::mem::take(&mut self.shard[index]),
        }
    }

    fn put(&mut self, place: Place, buffer: Buffer) {
        match place {
            Place::Input(_) => {}
            Place::Worker(index) => self.worker.buffers[index] = buffer,
            Place::Shard(index) => self.shard[index] = buffer,
        }
    }

    /// Output `index` of the network: `[samples, …]`.
    pub(crate) fn output(&self, index: usize) -> &[f32] {
        let output = &self.layout.outputs[index];
        let buffers = Buffers {
            input: self.input,
            worker: &self.worker.buffers,
            shard: self.shard,
        };
        buffers.get(output.place, self.samples * output.values)
    }

    /// Takes the shard through all layers.
    pub(crate) fn forward(&mut self) {
        self.forward_nodes(0..self.layout.nodes.len());
    }

    /// Takes the shard through some layers.
    pub(crate) fn forward_nodes(&mut self, nodes: Range<usize>) {
        let layout = self.layout;
        for node in layout.nodes[nodes].iter().filter(|node| !node.view) {
            self.forward_layer(node, None);
        }
    }

    /// What the shard adds to the sums that a layer asks for, before it goes forward.
    pub(crate) fn forward_sums(&mut self, node: usize) {
        let node = &self.layout.nodes[node];
        self.with_sums(&node.sums[0], |pass, sums| {
            pass.forward_layer(node, Some(sums))
        });
    }

    /// The same before the layer goes backward.
    pub(crate) fn backward_sums(&mut self, node: usize, gradients: &mut [f32]) {
        let node = &self.layout.nodes[node];
        if let Some(place) = node.output_gradient {
            self.with_sums(&node.sums[1], |pass, sums| {
                pass.backward_layer(node, place, gradients, Some(sums));
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

    fn forward_layer(&mut self, node: &PlannedNode, shard_sums: Option<&mut [f64]>) {
        let (samples, run) = (self.samples, self.run);
        let mut output = self.take(node.output);
        let (keep_place, keep_values) = node.keep.unwrap_or((Place::Input(0), 0));
        let mut keep = self.take(keep_place);
        let mut scratch = std::mem::take(&mut self.worker.scratch);
        let only_sums = shard_sums.is_some();
        // Whoever takes a prediction back must not find what an earlier one left: see
        // `backward_node`.
        if !run.training {
            keep.fill(f32::NAN);
        }
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
            random: Random::new(run.seed, Purpose::Layer, node.number, run.step),
            output: &mut output[..samples * node.output_values],
            keep: &mut keep[..samples * keep_values],
            scratch: &mut scratch[..node.scratch_values(samples)],
            parameters: Parameters {
                values: run.parameters,
                ranges: &node.parameters,
            },
            states: Parameters {
                values: run.parameters,
                ranges: &node.states,
            },
            prepared: &run.prepared[node.prepared.clone()],
            node,
            buffers: Buffers {
                input: self.input,
                worker: &self.worker.buffers,
                shard: self.shard,
            },
        };
        match only_sums {
            true => node.layer.forward_sums(&mut pass),
            false => node.layer.forward(&mut pass),
        }
        self.worker.scratch = scratch;
        self.put(keep_place, keep);
        self.put(node.output, output);
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

    /// Takes the gradients back through some layers, and adds the shard's to a lane's.
    pub(crate) fn backward_nodes(&mut self, nodes: Range<usize>, gradients: &mut [f32]) {
        let layout = self.layout;
        for node in layout.nodes[nodes].iter().rev() {
            let trained = !node.parameters.is_empty() && !node.frozen;
            let needed = trained || node.input_gradients.iter().any(Option::is_some);
            if let Some(place) = node.output_gradient
                && needed
                && !node.view
            {
                self.backward_layer(node, place, gradients, None);
            }
        }
    }

    /// Takes one layer of an inspection back. Says whether what it gives are numbers, as far as
    /// what it was given are: a layer that does not write what it keeps finds no numbers there.
    pub(crate) fn backward_node(&mut self, number: usize, gradients: &mut [f32]) -> bool {
        let node = &self.layout.nodes[number];
        let Some(place) = node.output_gradient else {
            return true;
        };
        let length = self.samples * node.output_values;
        let given = self.are_numbers(place, length) && self.are_numbers(node.output, length);
        self.backward_layer(node, place, gradients, None);
        let mut inputs = node.input_gradients.iter().zip(&node.input_shapes);
        let found = self.are_numbers(place, length)
            && inputs.all(|(target, shape)| {
                let length = self.samples * shape.values();
                target.is_none_or(|target| self.are_numbers(target.place, length))
            });
        found || !given
    }

    fn are_numbers(&self, place: Place, length: usize) -> bool {
        let buffers = Buffers {
            input: self.input,
            worker: &self.worker.buffers,
            shard: self.shard,
        };
        let values = buffers.get(place, length);
        !values.iter().any(|value| value.is_nan())
    }

    /// Lets `change` see and change the output of one layer of an inspection, and its gradient.
    pub(crate) fn with_output_and_gradient(
        &mut self,
        number: usize,
        change: impl FnOnce(&mut [f32], &mut [f32]),
    ) {
        let node = &self.layout.nodes[number];
        let Some(place) = node.output_gradient else {
            return;
        };
        let (mut output, mut gradient) = (self.take(node.output), self.take(place));
        let length = self.samples * node.output_values;
        change(&mut output[..length], &mut gradient[..length]);
        self.put(node.output, output);
        self.put(place, gradient);
    }

    fn backward_layer(
        &mut self,
        node: &PlannedNode,
        place: Place,
        gradients: &mut [f32],
        shard_sums: Option<&mut [f64]>,
    ) {
        let only_sums = shard_sums.is_some();
        let (samples, run) = (self.samples, self.run);
        let mut output_gradient = self.take(place);
        let mut scratch = std::mem::take(&mut self.worker.scratch);
        let mut input_gradients = std::mem::take(&mut self.worker.input_gradients);
        for (buffer, target) in input_gradients.iter_mut().zip(&node.input_gradients) {
            *buffer = target
                .filter(|_| !only_sums)
                .map(|target| self.take(target.place));
        }
        let (keep_place, keep_values) = node.keep.unwrap_or((Place::Input(0), 0));
        let mut keep = self.take(keep_place);
        let buffers = Buffers {
            input: self.input,
            worker: &self.worker.buffers,
            shard: self.shard,
        };
        let mut pass = Backward {
            samples,
            training: run.training,
            step: run.step,
            batch: run.batch,
            sums: match run.training {
                true => &run.sums[node.sums[0].clone()],
                false => &[],
            },
            gradient_sums: match run.training {
                true => &run.sums[node.sums[1].clone()],
                false => &[],
            },
            shard_sums: shard_sums.unwrap_or_default(),
            output: buffers.get(node.output, samples * node.output_values),
            output_gradient: &mut output_gradient[..samples * node.output_values],
            input_gradients: InputGradients {
                buffers: &mut input_gradients,
                shapes: &node.input_shapes,
                samples,
            },
            parameter_gradients: ParameterGradients {
                values: gradients,
                ranges: &node.gradients,
            },
            keep: &mut keep[..samples * keep_values],
            scratch: &mut scratch[..node.scratch_values(samples)],
            parameters: Parameters {
                values: run.parameters,
                ranges: &node.parameters,
            },
            states: Parameters {
                values: run.parameters,
                ranges: &node.states,
            },
            prepared: &run.prepared[node.prepared.clone()],
            deferred: node.deferred.is_some() || node.frozen,
            node,
            buffers,
        };
        match only_sums {
            true => node.layer.backward_sums(&mut pass),
            false => node.layer.backward(&mut pass),
        }
        self.worker.scratch = scratch;
        self.put(keep_place, keep);
        self.put(place, output_gradient);
        for (number, target) in node.input_gradients.iter().enumerate() {
            let (Some(target), Some(buffer)) = (target, input_gradients[number].take()) else {
                continue;
            };
            self.put(target.place, buffer);
            if let Some(sum) = target.sum {
                let length = samples * node.input_shapes[number].values();
                self.add(target.place, sum, length);
            }
        }
        self.worker.input_gradients = input_gradients;
    }

    /// Adds a gradient to what an earlier reader of the same value wrote.
    fn add(&mut self, place: Place, to: Place, length: usize) {
        let mut sum = self.take(to);
        let buffers = Buffers {
            input: self.input,
            worker: &self.worker.buffers,
            shard: self.shard,
        };
        crate::kernels::reduce::add(&mut sum[..length], buffers.get(place, length));
        self.put(to, sum);
    }
}
