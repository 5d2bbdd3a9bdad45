//! What an op is handed in each pass: slices, and where in the training it stands.

use std::ops::{Deref, DerefMut, Range};

use smallvec::SmallVec;

use crate::Shape;
use crate::random::Random;
use crate::rows::SparseInput;

/// A list of slices, one an input, an output or a weight. It reads like a slice of them.
///
/// ```
/// use letra_nn::ops::Slices;
///
/// let (left, right) = ([1.0, 2.0], [3.0, 4.0]);
/// let slices: Slices<&[f32]> = [&left[..], &right[..]].into_iter().collect();
/// assert_eq!((slices.len(), slices[1]), (2, &[3.0, 4.0][..]));
/// ```
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
///
/// ```
/// use letra_nn::ops::Prepare;
///
/// /// What an op's `prepare` may do with a weight whose square all samples need; its `needs` is
/// /// `Needs::new().prepared(…)`, as many numbers as the weight has.
/// fn prepare(pass: &mut Prepare<'_>) {
///     for (square, weight) in pass.prepared.iter_mut().zip(pass.weights[0]) {
///         *square = weight * weight;
///     }
/// }
/// # let _ = prepare;
/// ```
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
///
/// ```
/// use letra_nn::ops::Forward;
///
/// /// *y* = *w* *x* with a weight a value: one sample after the other.
/// fn forward(pass: &mut Forward<'_>) {
///     let weights = pass.weights[0];
///     let inputs = pass.inputs[0].chunks_exact(weights.len());
///     for (output, input) in pass.outputs[0].chunks_exact_mut(weights.len()).zip(inputs) {
///         for ((y, x), w) in output.iter_mut().zip(input).zip(weights) {
///             *y = w * x;
///         }
///     }
/// }
/// # let _ = forward;
/// ```
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
///
/// ```
/// use letra_nn::ops::Backward;
///
/// /// Of *y* = *w* *x*, a weight a value: ∂*w* = Σ *x* ∂*y* over the samples, ∂*x* = *w* ∂*y*.
/// fn backward(pass: &mut Backward<'_>) {
///     let weights = pass.weights[0];
///     let gradients = || pass.output_gradients[0].chunks_exact(weights.len());
///     if let Some(weight_gradient) = &mut pass.weight_gradients[0] {
///         let inputs = pass.inputs[0].chunks_exact(weights.len());
///         for (input, gradient) in inputs.zip(gradients()) {
///             let terms = input.iter().zip(gradient).map(|(x, g)| x * g);
///             weight_gradient.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
///         }
///     }
///     if let Some(input_gradient) = &mut pass.input_gradients[0] {
///         let samples = input_gradient.chunks_exact_mut(weights.len());
///         for (input_gradient, gradient) in samples.zip(gradients()) {
///             let known = gradient.iter().zip(weights);
///             for (input_gradient, (g, w)) in input_gradient.iter_mut().zip(known) {
///                 *input_gradient = w * g;
///             }
///         }
///     }
/// }
/// # let _ = backward;
/// ```
#[non_exhaustive]
pub struct Backward<'a> {
    /// Samples in the shard.
    pub samples: usize,
    /// Place of the shard's first sample in the batch.
    pub first_sample: usize,
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
///
/// ```
/// use letra_nn::ops::UpdateState;
///
/// /// A mean that moves by a tenth a step towards that of the batch, whose sum over the samples the
/// /// op asked for by `Needs::new().sums(1, 0)`.
/// fn update_state(pass: &mut UpdateState<'_>) {
///     let mean = (pass.sums[0] / pass.samples as f64) as f32;
///     let moving = pass.weight(0);
///     moving[0] += 0.1 * (mean - moving[0]);
/// }
/// # let _ = update_state;
/// ```
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
///
/// ```
/// use letra_nn::ops::WeightGradient;
///
/// /// Of *y* = *x* · *W*: ∂*W* = *x*ᵀ · ∂*y*, in plain loops.
/// fn weight_gradient(pass: &mut WeightGradient<'_>) {
///     if !pass.accumulate {
///         pass.gradient.fill(0.0);
///     }
///     let (columns, rows) = (pass.columns.len(), pass.rows_of_input());
///     let units = pass.gradient.len() / rows.len();
///     for shard in pass.shards {
///         let inputs = shard.input.chunks_exact(columns);
///         let gradients = shard.output_gradient.chunks_exact(units);
///         for (input, output_gradient) in inputs.zip(gradients) {
///             let wanted = pass.gradient.chunks_exact_mut(units);
///             for (sums, x) in wanted.zip(&input[rows.clone()]) {
///                 sums.iter_mut().zip(output_gradient).for_each(|(sum, g)| *sum += x * g);
///             }
///         }
///     }
/// }
/// # let _ = weight_gradient;
/// ```
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
///
/// ```
/// use letra_nn::ops::ShardGradient;
///
/// /// The gradients of a shard's samples, `units` values each, one sample after the other.
/// fn by_sample<'a>(shard: &ShardGradient<'a>) -> impl Iterator<Item = &'a [f32]> {
///     let units = shard.output_gradient.len() / shard.samples.max(1);
///     shard.output_gradient.chunks_exact(units.max(1))
/// }
/// assert_eq!(by_sample(&ShardGradient::default()).count(), 0);
/// ```
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
