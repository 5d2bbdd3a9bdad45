use std::iter::once;

use super::{Backward, Forward, Needs, Op, WeightGradient, last_axis, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::dense;

/// The product of the input's last axis with a matrix, a bias, and a function after them:
/// *y* = *f*(*x* · *W* + *b*).
///
/// Input `[…, inputs]`, output `[…, units]`; weights *W* `[inputs, units]` and, where there is a
/// second, *b* `[units]`. With δ the gradient at the pre-activation *z* = *x* · *W* + *b*,
///
/// ∂*W* = *x*ᵀ · δ, ∂*b* = Σ δ, ∂*x* = δ · *W*ᵀ, δ = ∂*y* ⊙ *f*′(*z*)
///
/// (Rumelhart, Hinton and Williams 1986, eqs. 4–7), the sums over samples and over all axes but
/// the last.
///
/// ```
/// use letra_nn::layers::ActivationFunction;
/// use letra_nn::ops::MatMul;
/// use letra_nn::prelude::*;
///
/// // A dense layer of 3 units with tanh, without a bias.
/// let dense = Lambda::new(|inputs, emit| {
///     let (input, shape) = emit.single_input(inputs)?;
///     let fans = [shape.values(), 3];
///     let kernel = emit.parameter("kernel", fans, Initializer::GlorotUniform, fans)?;
///     let product = MatMul::with_function(3, ActivationFunction::Tanh);
///     Ok(vec![emit.op(product, &[input], &[kernel])?])
/// });
/// let network = Sequential::new([5]).add(dense).build(0)?;
/// assert_eq!(network.output_shape(), [3]);
/// assert_eq!(network.parameter("lambda/kernel").unwrap().shape(), [5, 3]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MatMul {
    pub(crate) units: usize,
    pub(crate) function: ActivationKind,
}

/// Number of the matrix among the weights.
pub(super) const KERNEL: usize = 0;
/// Number of the bias, if there is one.
pub(super) const BIAS: usize = 1;
/// A matrix is read once a shard, and this many samples make that worth it.
pub(super) const FEWEST_SAMPLES: usize = 8;

impl MatMul {
    /// To `units` values, with no function after it.
    pub fn new(units: usize) -> Self {
        Self::with_function(units, ActivationKind::Linear)
    }

    /// To `units` values, with a function after it.
    pub fn with_function(units: usize, function: ActivationKind) -> Self {
        MatMul { units, function }
    }

    /// The function after the product.
    pub(crate) fn function(&self) -> ActivationKind {
        self.function
    }

    /// What the pass keeps: pre-activations that the function's gradient needs.
    pub(super) fn kept(&self, input: &Shape) -> usize {
        let positions = input.values() / last_axis(input).max(1);
        self.function.kept(self.units.saturating_mul(positions))
    }

    /// From the gradient of the output to that at the pre-activation, in place.
    pub(super) fn to_pre_activation(&self, output: &[f32], kept: &[f32], gradient: &mut [f32]) {
        activation::backward(self.function, self.units, output, kept, gradient);
    }
}

/// The output's shape: the last axis becomes that of the units.
pub(super) fn output_shape(units: usize, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
    let input = single_input(inputs)?;
    match input.sizes() {
        [others @ .., _] => Ok(vec![[others, &[units]].concat().into()]),
        [] => Err(BuildError::input(
            "an input with at least one axis",
            "add Reshape before it",
        )),
    }
}

/// The gradients of kernel and bias, where they are wanted.
pub(super) fn kernel_and_bias<'a>(
    gradients: &'a mut [Option<&mut [f32]>],
) -> [Option<&'a mut [f32]>; 2] {
    let mut gradients = gradients.iter_mut().map(Option::as_deref_mut);
    [(); 2].map(|_| gradients.next().flatten())
}

impl Op for MatMul {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        output_shape(self.units, inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            keep: self.kept(&inputs[0]),
            // A row of the kernel for each value of a sample.
            deferred: (inputs[0].rank() == 1).then_some(KERNEL),
            ..Needs::default()
        }
    }

    fn fewest_samples(&self) -> usize {
        FEWEST_SAMPLES
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.units);
        let rows = pass.outputs[0].len() / units;
        let (kernel, bias) = (pass.weights[KERNEL], pass.weights.get(BIAS).copied());
        let output = &mut *pass.outputs[0];
        dense::forward(rows, inputs, units, pass.inputs[0], kernel, bias, output);
        activation::forward(self.function, units, output, pass.keep);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.units);
        let (input, delta) = (pass.inputs[0], &mut *pass.output_gradients[0]);
        let rows = delta.len() / units;
        self.to_pre_activation(pass.outputs[0], pass.keep, delta);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            dense::input_gradient(rows, inputs, units, delta, pass.weights[KERNEL], gradient);
        }
        let [kernel, bias] = kernel_and_bias(&mut pass.weight_gradients);
        if let Some(gradient) = bias {
            dense::bias_gradient(rows, units, delta, gradient);
        }
        if let Some(gradient) = kernel {
            let part = once((input, &*delta));
            dense::kernel_gradient(inputs, units, 0..inputs, part, true, gradient);
        }
    }

    fn weight_gradient(&self, pass: &mut WeightGradient<'_>) {
        let shards = pass.shards.iter();
        dense::kernel_gradient(
            pass.columns.len(),
            self.units,
            pass.rows_of_input(),
            shards.map(|shard| (shard.input, shard.output_gradient)),
            pass.accumulate,
            pass.gradient,
        );
    }
}
