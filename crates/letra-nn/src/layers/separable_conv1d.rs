use serde::{Deserialize, Serialize};

use super::convolving::{Sides, Sliding, sequence_settings};
use super::separating::{Separable, separable_settings};
use super::window::sequence;
use super::{ActivationFunction, Layer, penalized};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// A convolution over sequences in two steps: a depthwise one, in which every filter sees one
/// channel, and one of kernels of a single step that mixes what it gives (Chollet 2017, "Xception:
/// deep learning with depthwise separable convolutions", section 1).
///
/// Input `[steps, channels]`, output `[n, filters]` with
/// n = ⌊(steps + padding − (kernel − 1) · dilation − 1) / stride⌋ + 1; parameters
/// `depthwise_kernel` `[kernel, channels, m]`, *m* the depth multiplier, `pointwise_kernel`
/// `[1, channels · m, filters]` and `bias` `[filters]`:
///
/// *u*\[t, c m + k\] = Σ *D*\[i, c, k\] · *x*\[t s + i d − p, c\],
/// *z*\[t, f\] = *b*\[f\] + Σ *P*\[e, f\] · *u*\[t, e\].
///
/// Defaults are Keras's: one depthwise filter a channel, stride 1, no padding, dilation rate
/// 1, linear, Glorot uniform kernels, zero bias. Causal padding, which Keras has for
/// [`Conv1d`](super::Conv1d) alone, is here too.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([20, 4]).add(SeparableConv1d::new(8, 3).same().relu()).build(1)?;
/// assert_eq!(network.output_shape(), [20, 8]);
/// assert_eq!(network.parameter("separable_conv1d/depthwise_kernel").unwrap().shape(), [3, 4, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeparableConv1d {
    kernel: usize,
    stride: usize,
    padding: Sides,
    dilation_rate: usize,
    activation: ActivationFunction,
    #[serde(flatten)]
    separable: Separable,
}

impl SeparableConv1d {
    /// `filters` filters after depthwise kernels of so many steps.
    pub fn new(filters: usize, kernel: usize) -> Self {
        SeparableConv1d {
            kernel,
            stride: 1,
            padding: Sides::Valid,
            dilation_rate: 1,
            activation: ActivationFunction::Linear,
            separable: Separable::new(filters),
        }
    }
}

separable_settings!(SeparableConv1d);
activation_settings!(SeparableConv1d);
sequence_settings!(SeparableConv1d);

impl Layer for SeparableConv1d {
    named!("separable_conv1d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let one_filter = Sliding {
            filters: 1,
            kernel: [1, self.kernel],
            stride: [1, self.stride],
            dilation: [1, self.dilation_rate],
            groups: 1,
            surround: self.padding.surround(),
            axes: 1,
        };
        let [depthwise, pointwise] = self.separable.geometries(one_filter, sequence(shape)?)?;
        let weights = self.separable.weights(emit, &[self.kernel], &depthwise)?;
        let steps = depthwise.output_width();
        let between = [steps, depthwise.filters].into();
        let filter = Convolve::new(depthwise, ActivationFunction::Linear, between);
        let between = emit.op(filter, &[input], &weights[..1])?;
        let output = [steps, pointwise.filters].into();
        let mix = Convolve::new(pointwise, self.activation, output);
        let output = emit.op(mix, &[between], &weights[1..])?;
        penalized(output, self.separable.activity_regularizer, emit)
    }
}
