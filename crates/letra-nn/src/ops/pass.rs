//! What an op is handed in each pass: slices, and where in the training it stands.

use std::ops::{Deref, DerefMut, Range};

use smallvec::SmallVec;

use crate::Shape;
use crate::random::Random;
use crate::rows::SparseInput;

/// A list of slices, one an input, an output or a weight. It reads like a slice of them.
#[derive(Debug)]
pub struct Slices<T>(SmallVec<[T; 4]>);

impl<T> FromIterator<T> for Slices<T> {
    fn from_iter<I: IntoIterator<Item = T>>(slices: I) -> Self {
        Slices(slices.into_iter().collect())
    }
}

impl<T> Deref for Slices<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Slices<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

/// The preparation of weights, once a step.
#[non_exhaustive]
pub struct Prepare<'a> {
    /// The op's weights, in the order that its layer gave them.
    pub weights: Slices<&'a [f32]>,
    /// What [`Needs::prepared`](super::Needs::prepared) asked for, to be written.
    pub prepared: &'a mut [f32],
    /// Shape of a sample of each input.
    pub input_shapes: &'a [Shape],
}

/// The forward pass of a shard through one op.
#[non_exhaustive]
pub struct Forward<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Place of the shard's first sample in the batch.
    pub first_sample: usize,
    /// Whether the network is being trained; dropout rests otherwise.
    pub training: bool,
    /// Number of the training step, from 0; 0 when predicting. For what changes in the course of
    /// a training, such as a rate that falls.
    pub step: u64,
    /// Samples in the batch.
    pub batch: usize,
    /// Sums over the batch of an op that asked for them with
    /// [`Needs::sums`](super::Needs::sums); empty when predicting.
    pub sums: &'a [f64],
    /// What this shard adds to them, to be written by
    /// [`Op::forward_sums`](super::Op::forward_sums); empty elsewhere.
    pub shard_sums: &'a mut [f64],
    /// Random numbers of this op in this step.
    pub random: Random,
    /// The inputs, each `[samples, …]`.
    pub inputs: Slices<&'a [f32]>,
    /// Shape of a sample of each input.
    pub input_shapes: &'a [Shape],
    /// The outputs, to be written: each `[samples, …]`.
    pub outputs: Slices<&'a mut [f32]>,
    /// What backward will need; empty where there is no backward pass. There may be one without
    /// training, which asks how a prediction depends on the inputs.
    pub keep: &'a mut [f32],
    /// Scratch space; its contents are arbitrary.
    pub scratch: &'a mut [f32],
    /// The op's weights, in the order that its layer gave them.
    pub weights: Slices<&'a [f32]>,
    /// What prepare wrote.
    pub prepared: &'a [f32],
    /// The input as its non-zero values, for an op that reads it so.
    pub(crate) sparse: Option<SparseInput<'a>>,
}

/// The backward pass of a shard through one op.
#[non_exhaustive]
pub struct Backward<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Whether forward was told that the network is being trained. If not, the gradients are
    /// those of a prediction.
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
    /// [`Op::backward_sums`](super::Op::backward_sums); empty elsewhere.
    pub shard_sums: &'a mut [f64],
    /// The inputs, each `[samples, …]`.
    pub inputs: Slices<&'a [f32]>,
    /// Shape of a sample of each input.
    pub input_shapes: &'a [Shape],
    /// What forward gave: each `[samples, …]`.
    pub outputs: Slices<&'a [f32]>,
    /// Gradients of the outputs; on return, those at the pre-activation.
    pub output_gradients: Slices<&'a mut [f32]>,
    /// Gradients of the inputs, to be written; none where it is not asked for.
    pub input_gradients: Slices<Option<&'a mut [f32]>>,
    /// Gradients of the weights, to be added to; nothing for a weight that no optimizer touches,
    /// does not learn now, or whose gradient is left to
    /// [`Op::weight_gradient`](super::Op::weight_gradient).
    pub weight_gradients: Slices<Option<&'a mut [f32]>>,
    /// What forward kept. What is written there instead,
    /// [`Op::weight_gradient`](super::Op::weight_gradient) reads.
    pub keep: &'a mut [f32],
    /// Scratch space; its contents are arbitrary.
    pub scratch: &'a mut [f32],
    /// The op's weights.
    pub weights: Slices<&'a [f32]>,
    /// What prepare wrote.
    pub prepared: &'a [f32],
    /// The input as its non-zero values, for an op that reads it so.
    pub(crate) sparse: Option<SparseInput<'a>>,
}

/// The change of weights that no optimizer touches, once a step.
#[non_exhaustive]
pub struct UpdateState<'a> {
    /// Samples in the batch.
    pub samples: usize,
    /// Number of the training step, from 0.
    pub step: u64,
    /// The sums over the batch that forward was given, where the op asked for them.
    pub sums: &'a [f64],
    /// Shape of a sample of each input.
    pub input_shapes: &'a [Shape],
    pub(crate) values: &'a mut [f32],
    pub(crate) weights: &'a [Range<usize>],
}

impl UpdateState<'_> {
    /// Weight `index`, in the order that the layer gave them.
    pub fn weight(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[self.weights[index].clone()]
    }
}

/// Some rows of a large weight's gradient, from some shards.
#[non_exhaustive]
pub struct WeightGradient<'a> {
    /// Rows (first axis) of the weight that are wanted.
    pub rows: Range<usize>,
    /// Which values of a sample the shards' `input` holds; at least those of `rows`.
    pub columns: Range<usize>,
    /// Shape of a sample of the op's input.
    pub input_shape: &'a Shape,
    /// The shards whose gradients are to be added up.
    pub shards: &'a [ShardGradient<'a>],
    /// Whether they are added to what other shards gave; otherwise that is overwritten.
    pub accumulate: bool,
    /// The wanted rows of the gradient.
    pub gradient: &'a mut [f32],
    pub(crate) sparse: Option<SparseInput<'a>>,
}

/// A shard's part of [`WeightGradient`].
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct ShardGradient<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Some columns of the op's input: `[samples, columns.len()]`.
    pub input: &'a [f32],
    /// Gradient of the op's first output, as backward left it.
    pub output_gradient: &'a [f32],
    /// What forward kept, and backward may have changed.
    pub keep: &'a [f32],
}

impl WeightGradient<'_> {
    /// Where the wanted rows are among the columns of `input`.
    pub fn rows_of_input(&self) -> Range<usize> {
        self.rows.start - self.columns.start..self.rows.end - self.columns.start
    }
}
