//! Ops: what computes. One file each, with its attributes, its shape rule, forward and, right
//! beside it, backward.
//!
//! An op knows slices and its own attributes, nothing of the graph it stands in, nor of the plan
//! that runs it. A layer ([`crate::layers::Layer`]) says which ops do its work.

mod activate;
mod add;
mod any_differs;
mod apply;
mod average_pool;
mod batch_matmul;
mod batch_normalize;
mod causal_mask;
mod channel_dropout;
mod concatenate;
mod contract;
mod contrast;
mod convolve;
mod convolve_transposed;
mod corrupt;
mod cosine_similarity;
mod crop;
mod discrepancy;
mod drop_connect;
mod dropout;
mod fourier;
mod gate;
mod gaussian_noise;
mod group_normalize;
mod interpolate;
mod layer_normalize;
mod length_mask;
mod lookup;
mod mask_keys;
mod matmul;
mod matmul_transposed;
mod max_pool;
mod maximum;
mod mean_steps;
mod multiply;
mod norm_penalty;
mod normalize_back;
mod pad;
mod parametric_relu;
mod part_of_row;
mod pass;
mod penalize;
mod permute;
mod recurrent;
mod resample;
mod rescale;
mod reshape;
mod reverse_gradient;
mod reverse_steps;
mod sample_gaussian;
mod select_steps;
mod sparse_matmul;
mod sparsity;
mod spectral_divide;
mod standout;
mod steps_as_samples;
mod times_weight;
mod unit_normalize;
mod up_sample;

use std::any::Any;
use std::fmt::Debug;

use crate::Shape;
use crate::error::BuildError;

pub use activate::Activate;
pub(crate) use activate::Derivative;
pub use add::Add;
pub(crate) use any_differs::AnyDiffers;
pub(crate) use apply::Apply;
pub(crate) use average_pool::AveragePool;
pub(crate) use batch_matmul::BatchMatMul;
pub(crate) use batch_normalize::BatchNormalize;
pub(crate) use causal_mask::CausalMask;
pub(crate) use channel_dropout::ChannelDropout;
pub use concatenate::Concatenate;
pub(crate) use contract::{Contract, slope};
pub(crate) use contrast::RandomContrast;
pub(crate) use convolve::Convolve;
pub(crate) use convolve_transposed::ConvolveTransposed;
pub(crate) use corrupt::Corrupt;
pub(crate) use cosine_similarity::CosineSimilarity;
pub(crate) use crop::Crop;
pub(crate) use discrepancy::{Discrepancy, Measure, Sets};
pub(crate) use drop_connect::DropConnect;
pub(crate) use dropout::{Dropout, Rate};
pub(crate) use fourier::Fourier;
pub(crate) use gate::{Gate, Ones};
pub(crate) use gaussian_noise::GaussianNoise;
pub(crate) use group_normalize::GroupNormalize;
pub(crate) use interpolate::Interpolate;
pub(crate) use layer_normalize::LayerNormalize;
pub(crate) use length_mask::LengthMask;
pub(crate) use lookup::Lookup;
pub(crate) use mask_keys::MaskKeys;
pub use matmul::MatMul;
pub(crate) use matmul_transposed::MatMulTransposed;
pub(crate) use max_pool::MaxPool;
pub(crate) use maximum::Maximum;
pub(crate) use mean_steps::MeanSteps;
pub use multiply::Multiply;
pub(crate) use norm_penalty::NormPenalty;
pub(crate) use normalize_back::NormalizeBack;
pub(crate) use pad::Pad;
pub(crate) use parametric_relu::ParametricRelu;
pub(crate) use part_of_row::PartOfRow;
pub use pass::{Backward, Forward, Prepare, ShardGradient, Slices, UpdateState, WeightGradient};
pub(crate) use penalize::Penalize;
pub(crate) use permute::Permute;
pub(crate) use recurrent::{Cell, Gru, Lstm, Recurrent, Settings as RecurrentSettings, SimpleRnn};
pub(crate) use resample::{Affine, Movement, Resample, shares};
pub(crate) use rescale::Rescale;
pub(crate) use reshape::Reshape;
pub(crate) use reverse_gradient::ReverseGradient;
pub(crate) use reverse_steps::ReverseSteps;
pub(crate) use sample_gaussian::{GaussianDivergence, SampleGaussian};
pub(crate) use select_steps::SelectSteps;
pub(crate) use sparse_matmul::SparseMatMul;
pub(crate) use sparsity::Sparsity;
pub(crate) use spectral_divide::SpectralDivide;
pub(crate) use standout::Standout;
pub(crate) use steps_as_samples::{StepsAsSamples, Unfolded};
pub(crate) use times_weight::TimesWeight;
pub(crate) use unit_normalize::UnitNormalize;
pub(crate) use up_sample::UpSample;

/// What an op needs beside its inputs, outputs and weights: nothing, unless it says so.
///
/// ```
/// use letra_nn::ops::Needs;
///
/// // Two numbers a sample that forward keeps for backward, and nothing else.
/// let needs = Needs::new().keep(2);
/// # let _ = needs;
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    pub(crate) keep: usize,
    pub(crate) prepared: usize,
    pub(crate) view: bool,
    pub(crate) sums: Option<[usize; 2]>,
    pub(crate) gathered: Option<usize>,
    pub(crate) deferred: Option<usize>,
}

impl Needs {
    /// Nothing.
    pub fn new() -> Self {
        Needs::default()
    }

    /// Numbers a sample that forward writes and backward reads.
    pub fn keep(mut self, numbers: usize) -> Self {
        self.keep = numbers;
        self
    }

    /// Numbers that [`Op::prepare`] writes once a step.
    pub fn prepared(mut self, numbers: usize) -> Self {
        self.prepared = numbers;
        self
    }

    /// Says that the output is the input under another shape: a plan may leave out both passes,
    /// which copy. For ops of one input and one output.
    pub fn view(mut self) -> Self {
        self.view = true;
        self
    }

    /// Sums over the whole batch that forward and backward ask for while training, which
    /// [`Op::forward_sums`] and [`Op::backward_sums`] collect shard by shard. All of the batch
    /// then passes this op before any of it goes on.
    pub fn sums(mut self, forward: usize, backward: usize) -> Self {
        self.sums = Some([forward, backward]);
        self
    }

    /// Numbers a sample that all of the batch sees while training: sums as those of [`Needs::sums`], of which
    /// each shard writes those of its own samples, so that they are the batch's side by side. Twice as many
    /// samples cost four times the work where each is held to all: for a few values of some dozens of samples.
    pub(crate) fn gathered(mut self, numbers: usize) -> Self {
        self.gathered = Some(numbers);
        self
    }

    /// The weight whose gradient may be left out of backward and computed for the whole batch at
    /// once, a few rows at a time, by [`Op::weight_gradient`]. Its rows (first axis) are the
    /// values of a sample of the first input.
    pub fn deferred(mut self, weight: usize) -> Self {
        self.deferred = Some(weight);
        self
    }
}

/// An operation: attributes, a shape rule, and two passes over some samples of a batch.
///
/// An op has no state of its own. Weights, what forward keeps for backward, and scratch space are
/// handed to the passes.
///
/// ```
/// use letra_nn::ops::{Backward, Forward, Op};
/// use letra_nn::prelude::*;
///
/// /// *y* = *x*², ∂*x* = 2 *x* ∂*y*.
/// #[derive(Debug)]
/// struct Square;
///
/// impl Op for Square {
///     fn forward(&self, pass: &mut Forward<'_>) {
///         for (y, x) in pass.outputs[0].iter_mut().zip(pass.inputs[0]) {
///             *y = x * x;
///         }
///     }
///
///     fn backward(&self, pass: &mut Backward<'_>) {
///         let Some(input_gradient) = &mut pass.input_gradients[0] else {
///             return;
///         };
///         let known = pass.inputs[0].iter().zip(pass.output_gradients[0].iter());
///         for (input_gradient, (x, output_gradient)) in input_gradient.iter_mut().zip(known) {
///             *input_gradient = 2.0 * x * output_gradient;
///         }
///     }
/// }
///
/// let square = Lambda::new(|inputs, emit| Ok(vec![emit.op(Square, inputs, &[])?]));
/// let network = Sequential::new([2]).add(square).build(0)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![3.0, -2.0])?)?.data(), [9.0, 4.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait Op: Any + Debug + Send + Sync {
    /// The shape rule: shapes of a sample of each output, from those of the inputs. Unless told
    /// otherwise, one output of the shape of the one input.
    ///
    /// # Errors
    /// When an input does not fit.
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|input| vec![input.clone()])
    }

    /// What the passes need.
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs::default()
    }

    /// Numbers of scratch space that a pass over so many samples needs.
    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        0
    }

    /// Numbers of scratch space that a forward pass needs where no backward pass follows and nothing is
    /// kept; unless told otherwise, as many as any pass.
    fn predicting_scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        self.scratch(inputs, samples)
    }

    /// Samples that a core should be given at once, at least, even where their values outgrow its
    /// cache: as many as make reading a large weight worth it.
    fn fewest_samples(&self) -> usize {
        1
    }

    /// Multiply-adds for a sample beside those with weights, such as those of a pooling's windows.
    fn other_multiply_adds(&self, _inputs: &[Shape]) -> u64 {
        0
    }

    /// Numbers that the op itself comes to hold, whatever the batch, such as those that it drew
    /// once.
    fn own_numbers(&self) -> u64 {
        0
    }

    /// Brings weights into the form that the passes like best; called once a step.
    fn prepare(&self, _pass: &mut Prepare<'_>) {}

    /// What a shard (some samples of the batch) adds to the sums over the batch that forward asks
    /// for with [`Needs::sums`]: called while training, before any shard goes through forward,
    /// where the sums over all shards are in [`Forward::sums`]. Writes to
    /// [`Forward::shard_sums`], which are zero at first; there is no output yet.
    fn forward_sums(&self, _pass: &mut Forward<'_>) {}

    /// The outputs of a shard from its inputs.
    fn forward(&self, pass: &mut Forward<'_>);

    /// What a shard adds to the sums over the batch that backward asks for, as
    /// [`Op::forward_sums`] does for forward. Reads the gradients of the outputs and writes to
    /// [`Backward::shard_sums`]; gradients of the inputs are not asked for yet.
    fn backward_sums(&self, _pass: &mut Backward<'_>) {}

    /// Given the gradients of the outputs, adds to the weights' gradients and writes the inputs'.
    /// May overwrite the outputs' gradients; on return they are those at the pre-activation of an
    /// op that has one.
    fn backward(&self, pass: &mut Backward<'_>);

    /// Gives some rows of the gradient of a large weight, from some shards' inputs and the
    /// gradients that backward left. Only called where [`Needs::deferred`] asked for it.
    fn weight_gradient(&self, _pass: &mut WeightGradient<'_>) {}

    /// Changes weights that no optimizer touches (declared with
    /// [`Emit::state`](crate::layers::Emit::state)); called once a step of training, after all
    /// shards have gone forward and backward.
    fn update_state(&self, _pass: &mut UpdateState<'_>) {}
}

/// The single input of an op that takes one.
pub(crate) fn single_input(inputs: &[Shape]) -> Result<&Shape, BuildError> {
    match inputs {
        [input] => Ok(input),
        _ => Err(BuildError::configuration(format!(
            "takes one input but is given {}",
            inputs.len()
        ))),
    }
}

/// The shape of the output of an op that joins at least two inputs of one shape.
pub(crate) fn joined_shape(inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
    match inputs {
        [] | [_] => Err(BuildError::configuration(format!(
            "joins values but is given {}",
            inputs.len()
        ))
        .with_hint("give it at least 2")),
        [first, others @ ..] if others.iter().all(|other| other == first) => {
            Ok(vec![first.clone()])
        }
        _ => Err(BuildError::input(
            "inputs of one shape",
            "make them equal, with a layer before it",
        )),
    }
}

/// The last axis: what functions over channels or classes go over.
fn last_axis(shape: &Shape) -> usize {
    shape.sizes().last().copied().unwrap_or(1)
}

/// Range of sample `index` in a buffer with `values` numbers a sample.
fn sample_range(index: usize, values: usize) -> std::ops::Range<usize> {
    index * values..(index + 1) * values
}

/// Copies the output's gradient to the input's, if it is asked for.
fn pass_on(pass: &mut Backward<'_>) {
    if let Some(input_gradient) = &mut pass.input_gradients[0] {
        input_gradient.copy_from_slice(pass.output_gradients[0]);
    }
}
