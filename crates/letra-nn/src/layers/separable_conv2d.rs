use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, output_picture};
use super::separating::{Separable, separable_settings};
use super::{ActivationFunction, Layer, Padding, Window, penalized, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// A depthwise convolution, in which every filter sees one channel, and a convolution of
/// 1 × 1 kernels that mixes what it gives (Chollet 2017, "Xception: deep learning with
/// depthwise separable convolutions", section 1).
///
/// Input `[height, width, channels]`, output `[h, w, filters]` with
/// h = ⌊(height + padding − (kernel − 1) · dilation − 1) / stride⌋ + 1; parameters
/// `depthwise_kernel` `[rows, columns, channels, m]`, *m* the depth multiplier,
/// `pointwise_kernel` `[1, 1, channels · m, filters]` and `bias` `[filters]`:
///
/// *u*\[y, x, c m + k\] = Σ *D*\[i, j, c, k\] · *x*\[y s + i d − p, x s + j d − p, c\],
/// *z*\[y, x, f\] = *b*\[f\] + Σ *P*\[e, f\] · *u*\[y, x, e\].
///
/// Defaults are Keras's: one depthwise filter a channel, stride 1, no padding, dilation rate
/// 1, linear, Glorot uniform kernels, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 3]).add(SeparableConv2d::new(16, 3).same().relu()).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SeparableConv2d {
    kernel: Window,
    stride: Window,
    padding: Padding,
    dilation_rate: Window,
    activation: ActivationFunction,
    #[serde(flatten)]
    separable: Separable,
}

impl SeparableConv2d {
    /// `filters` filters after depthwise kernels of the given height and width; one number
    /// stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>) -> Self {
        SeparableConv2d {
            kernel: kernel.into(),
            stride: Window([1, 1]),
            padding: Padding::Valid,
            dilation_rate: Window([1, 1]),
            activation: ActivationFunction::Linear,
            separable: Separable::new(filters),
        }
    }
}

separable_settings!(SeparableConv2d);
activation_settings!(SeparableConv2d);
sliding_settings!(SeparableConv2d, dilated);

impl Layer for SeparableConv2d {
    named!("separable_conv2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let one_filter = Sliding {
            dilation: self.dilation_rate.0,
            ..Sliding::over_picture(1, self.kernel, self.stride, self.padding)
        };
        let [depthwise, pointwise] = self.separable.geometries(one_filter, picture(shape)?)?;
        let weights = self.separable.weights(emit, &self.kernel.0, &depthwise)?;
        let between = output_picture(&depthwise).into();
        let filter = Convolve::new(depthwise, ActivationFunction::Linear, between);
        let between = emit.op(filter, &[input], &weights[..1])?;
        let output = output_picture(&pointwise).into();
        let mix = Convolve::new(pointwise, self.activation, output);
        let output = emit.op(mix, &[between], &weights[1..])?;
        penalized(output, self.separable.activity_regularizer, emit)
    }
}
