//! What a layer is handed in each pass over a shard.

use std::any::Any;
use std::ops::Range;

use super::PlannedNode;
use super::rows::SparseInput;
use crate::Shape;
use crate::buffer::Buffer;
use crate::dataset::Inputs;
use crate::kernels::sparse::SparseRow;
use crate::random::Random;

/// Where a value lives while a shard is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An input of the network.
    Input(usize),
    /// A buffer of the worker, reused for each shard.
    Worker(usize),
    /// A buffer of the shard, kept until the batch is done.
    Shard(usize),
}

impl Place {
    /// Whether it is an input of the network.
    pub(crate) fn is_input(&self) -> bool {
        matches!(self, Place::Input(_))
    }
}

/// A shard's rows of the network's inputs.
#[derive(Clone, Copy)]
pub(crate) enum InputRows<'a> {
    /// Where they are, from this sample on.
    InPlace(Inputs<'a>, usize),
    /// Copied together, a list an input.
    Gathered(&'a [Buffer]),
    /// As what is not zero in them; a network's only input.
    Sparse(SparseInput<'a>),
}

impl<'a> InputRows<'a> {
    fn get(&self, index: usize, length: usize) -> &'a [f32] {
        match self {
            InputRows::InPlace(inputs, first) => {
                let tensor = inputs.get(index);
                &tensor.data()[first * tensor.sample_values()..][..length]
            }
            InputRows::Gathered(inputs) => &inputs[index][..length],
            // Whoever reads it takes it as it is: see `Layout::wants_sparse_input`.
            InputRows::Sparse(_) => &[],
        }
    }
}

/// Read access to the values of a shard.
#[derive(Clone, Copy)]
pub(crate) struct Buffers<'a> {
    pub(crate) input: InputRows<'a>,
    pub(crate) worker: &'a [Buffer],
    pub(crate) shard: &'a [Buffer],
}

impl<'a> Buffers<'a> {
    fn sparse(
        &self,
        node: &PlannedNode,
    ) -> Option<impl Iterator<Item = SparseRow<'a>> + Clone + use<'a>> {
        match (self.input, &node.inputs[..]) {
            (InputRows::Sparse(input), [Place::Input(_)]) => Some(input.rows()),
            _ => None,
        }
    }

    pub(crate) fn get(&self, place: Place, length: usize) -> &'a [f32] {
        match place {
            Place::Input(index) => self.input.get(index, length),
            Place::Worker(index) => &self.worker[index][..length],
            Place::Shard(index) => &self.shard[index][..length],
        }
    }
}

/// The parameters of one layer.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) ranges: &'a [Range<usize>],
}

impl<'a> Parameters<'a> {
    /// Values of parameter `index`, in the order of declaration.
    pub fn get(&self, index: usize) -> &'a [f32] {
        &self.values[self.ranges[index].clone()]
    }
}

/// The gradients of one layer's parameters, to be added to.
pub struct ParameterGradients<'a> {
    pub(crate) values: &'a mut [f32],
    /// Empty for a parameter whose gradient is deferred.
    pub(crate) ranges: &'a [Range<usize>],
}

impl ParameterGradients<'_> {
    /// Gradient of parameter `index`.
    pub fn get(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[self.ranges[index].clone()]
    }

    /// Gradients of parameters `first` and `second`, declared in this order.
    pub fn pair(&mut self, first: usize, second: usize) -> (&mut [f32], &mut [f32]) {
        let (first, second) = (self.ranges[first].clone(), self.ranges[second].clone());
        let (front, back) = self.values.split_at_mut(second.start);
        (&mut front[first], &mut back[..second.end - second.start])
    }
}

/// The gradients of a layer's inputs, to be written.
pub struct InputGradients<'a> {
    pub(crate) buffers: &'a mut [Option<Buffer>],
    pub(crate) shapes: &'a [Shape],
    pub(crate) samples: usize,
}

impl InputGradients<'_> {
    /// Gradient of input `index`, or nothing where nobody asks for it.
    pub fn get(&mut self, index: usize) -> Option<&mut [f32]> {
        let length = self.samples * self.shapes[index].values();
        self.buffers[index]
            .as_mut()
            .map(|buffer| &mut buffer[..length])
    }
}

/// The preparation of parameters, once a step.
pub struct Prepare<'a> {
    /// The layer's parameters.
    pub parameters: Parameters<'a>,
    /// The layer's own values, by their order of declaration.
    pub states: Parameters<'a>,
    /// What [`crate::layers::Build::prepared`] asked for.
    pub prepared: &'a mut [f32],
    pub(crate) node: &'a PlannedNode,
}

impl<'a> Prepare<'a> {
    /// Shape of input `index`.
    pub fn input_shape(&self, index: usize) -> &'a Shape {
        &self.node.input_shapes[index]
    }

    /// What the layer left with [`crate::layers::Build::built`].
    ///
    /// # Panics
    /// When it left nothing, or something of another type.
    pub fn built<T: Any>(&self) -> &'a T {
        self.node.built()
    }
}

/// The forward pass of a shard through one layer.
pub struct Forward<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Place of the shard's first sample in the batch.
    pub first_sample: usize,
    /// Whether the network is being trained; dropout rests otherwise.
    pub training: bool,
    /// Number of the training step, from 0; 0 when predicting. For what changes in the
    /// course of a training, such as a rate that falls.
    pub step: u64,
    /// Samples in the batch.
    pub batch: usize,
    /// Sums over the batch of a layer that asked for them with
    /// [`crate::layers::Build::whole_batch`]; empty when predicting.
    pub sums: &'a [f64],
    /// What this shard adds to them, to be written by
    /// [`crate::layers::Layer::forward_sums`]; empty elsewhere.
    pub shard_sums: &'a mut [f64],
    /// Random numbers of this layer in this step.
    pub random: Random,
    /// The output, to be written: `[samples, …]`.
    pub output: &'a mut [f32],
    /// What backward will need; empty where there is no backward pass. There may be one
    /// without training, which asks how a prediction depends on the inputs.
    pub keep: &'a mut [f32],
    /// Scratch space; its contents are arbitrary.
    pub scratch: &'a mut [f32],
    /// The layer's parameters.
    pub parameters: Parameters<'a>,
    /// The layer's own values, by their order of declaration.
    pub states: Parameters<'a>,
    /// What prepare wrote.
    pub prepared: &'a [f32],
    pub(crate) node: &'a PlannedNode,
    pub(crate) buffers: Buffers<'a>,
}

impl<'a> Forward<'a> {
    /// The rows of the layer's only input, as what is not zero in them, where they come so; then
    /// [`Self::input`] is empty. They do only where [`crate::layers::Layer::takes_sparse_input`]
    /// says that they may.
    pub fn sparse_input(&self) -> Option<impl Iterator<Item = SparseRow<'a>> + Clone + use<'a>> {
        self.buffers.sparse(self.node)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// Input `index`: `[samples, …]`.
    pub fn input(&self, index: usize) -> &'a [f32] {
        self.node.input(index, self.samples, self.buffers)
    }

    /// Shape of input `index`.
    pub fn input_shape(&self, index: usize) -> &'a Shape {
        &self.node.input_shapes[index]
    }

    /// What the layer left with [`crate::layers::Build::built`].
    ///
    /// # Panics
    /// When it left nothing, or something of another type.
    pub fn built<T: Any>(&self) -> &'a T {
        self.node.built()
    }

    /// Values of parameter `index`.
    pub fn parameter(&self, index: usize) -> &'a [f32] {
        self.parameters.get(index)
    }
}

/// The backward pass of a shard through one layer.
pub struct Backward<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Whether forward was told that the network is being trained. If not, the gradients
    /// are those of a prediction, and nobody asks for the parameters'.
    pub training: bool,
    /// Number of the training step, from 0.
    pub step: u64,
    /// Samples in the batch.
    pub batch: usize,
    /// The sums over the batch that forward was given.
    pub sums: &'a [f64],
    /// Sums over the batch for backward itself.
    pub gradient_sums: &'a [f64],
    /// What this shard adds to them, to be written by
    /// [`crate::layers::Layer::backward_sums`]; empty elsewhere.
    pub shard_sums: &'a mut [f64],
    /// What forward gave: `[samples, …]`.
    pub output: &'a [f32],
    /// Gradient of the output; on return, the gradient at the pre-activation.
    pub output_gradient: &'a mut [f32],
    /// Gradients of the inputs.
    pub input_gradients: InputGradients<'a>,
    /// Gradients of the parameters.
    pub parameter_gradients: ParameterGradients<'a>,
    /// What forward kept. What is written there instead,
    /// [`crate::layers::Layer::parameter_gradient`] reads.
    pub keep: &'a mut [f32],
    /// Scratch space; its contents are arbitrary.
    pub scratch: &'a mut [f32],
    /// The layer's parameters.
    pub parameters: Parameters<'a>,
    /// The layer's own values, by their order of declaration.
    pub states: Parameters<'a>,
    /// What prepare wrote.
    pub prepared: &'a [f32],
    /// Whether the gradient of the deferred parameter is left to
    /// [`crate::layers::Layer::parameter_gradient`].
    pub deferred: bool,
    pub(crate) node: &'a PlannedNode,
    pub(crate) buffers: Buffers<'a>,
}

impl<'a> Backward<'a> {
    /// As [`Forward::sparse_input`].
    pub fn sparse_input(&self) -> Option<impl Iterator<Item = SparseRow<'a>> + Clone + use<'a>> {
        self.buffers.sparse(self.node)
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// Whether the layer is frozen: nobody reads the gradients of its parameters, which need
    /// not be added to.
    pub fn frozen(&self) -> bool {
        self.node.frozen
    }

    /// Input `index`: `[samples, …]`.
    pub fn input(&self, index: usize) -> &'a [f32] {
        self.node.input(index, self.samples, self.buffers)
    }

    /// What the layer left with [`crate::layers::Build::built`].
    ///
    /// # Panics
    /// When it left nothing, or something of another type.
    pub fn built<T: Any>(&self) -> &'a T {
        self.node.built()
    }

    /// Shape of input `index`.
    pub fn input_shape(&self, index: usize) -> &'a Shape {
        &self.node.input_shapes[index]
    }
}

/// The change of a layer's own values, once a step.
pub struct UpdateState<'a> {
    /// Samples in the batch.
    pub samples: usize,
    /// Number of the training step, from 0.
    pub step: u64,
    /// The sums over the batch that forward was given, where the layer asked for them.
    pub sums: &'a [f64],
    pub(crate) values: &'a mut [f32],
    pub(crate) node: &'a PlannedNode,
}

impl<'a> UpdateState<'a> {
    /// Shape of input `index`.
    pub fn input_shape(&self, index: usize) -> &'a Shape {
        &self.node.input_shapes[index]
    }

    /// State `index`, in the order of declaration.
    pub fn get(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[self.node.states[index].clone()]
    }
}

/// Some rows of a large parameter's gradient, from some shards.
pub struct ParameterGradient<'a> {
    /// Rows (first axis) of the parameter that are wanted.
    pub rows: Range<usize>,
    /// Which values of a sample the shards' `input` holds; at least those of `rows`.
    pub columns: Range<usize>,
    /// Shape of the layer's input.
    pub input_shape: &'a Shape,
    /// The shards whose gradients are to be added up.
    pub shards: &'a [ShardGradient<'a>],
    pub(crate) sparse: Option<SparseInput<'a>>,
    /// Whether they are added to what other shards gave; otherwise that is overwritten.
    pub accumulate: bool,
    /// The wanted rows of the gradient.
    pub gradient: &'a mut [f32],
}

/// A shard's part of [`ParameterGradient`].
#[derive(Clone, Copy, Default)]
pub struct ShardGradient<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Some columns of the layer's input: `[samples, columns.len()]`.
    pub input: &'a [f32],
    /// Gradient at the pre-activation, as backward left it.
    pub output_gradient: &'a [f32],
    /// What forward kept, and backward may have changed.
    pub keep: &'a [f32],
}

impl<'a> ParameterGradient<'a> {
    /// The input's rows of all shards, as [`Forward::sparse_input`], where they come so.
    pub fn sparse_input(&self) -> Option<impl Iterator<Item = SparseRow<'a>> + Clone + use<'a>> {
        self.sparse.map(SparseInput::rows)
    }

    /// Where the wanted rows are among the columns of `input`.
    pub fn rows_of_input(&self) -> Range<usize> {
        self.rows.start - self.columns.start..self.rows.end - self.columns.start
    }
}
