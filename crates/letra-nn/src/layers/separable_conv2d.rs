use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, output_picture};
use super::window::check_sizes;
use super::{ActivationFunction, Layer, Padding, Window, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::convolution::{Geometry, Padding2};
use crate::ops::Convolve;
use crate::{Initializer, Regularizer};

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
    filters: usize,
    kernel: Window,
    depth_multiplier: usize,
    stride: Window,
    padding: Padding,
    dilation_rate: Window,
    activation: ActivationFunction,
    depthwise_initializer: Initializer,
    pointwise_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depthwise_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pointwise_regularizer: Option<Regularizer>,
}

impl SeparableConv2d {
    /// `filters` filters after depthwise kernels of the given height and width; one number
    /// stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>) -> Self {
        SeparableConv2d {
            filters,
            kernel: kernel.into(),
            depth_multiplier: 1,
            stride: Window([1, 1]),
            padding: Padding::Valid,
            dilation_rate: Window([1, 1]),
            activation: ActivationFunction::Linear,
            depthwise_initializer: Initializer::GlorotUniform,
            pointwise_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            depthwise_regularizer: None,
            pointwise_regularizer: None,
        }
    }

    settings! {
        /// Depthwise filters for each channel, at least 1.
        depth_multiplier: usize,
        /// Initial values of the depthwise kernel.
        depthwise_initializer: Initializer,
        /// Initial values of the pointwise kernel.
        pointwise_initializer: Initializer,
        /// Initial values of the bias.
        bias_initializer: Initializer,
        /// Whether a bias is added.
        use_bias: bool,
    }

    /// A penalty on the depthwise kernel that is added to the loss.
    pub fn depthwise_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.depthwise_regularizer = Some(regularizer);
        self
    }

    /// A penalty on the pointwise kernel that is added to the loss.
    pub fn pointwise_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.pointwise_regularizer = Some(regularizer);
        self
    }

    /// The shapes of both convolutions, on an input that fits.
    fn geometries(&self, picture: [usize; 3]) -> Result<[Geometry; 2], BuildError> {
        check_sizes("a depth multiplier of", &[self.depth_multiplier], 1)?;
        check_sizes("filters:", &[self.filters], 1)?;
        let channels = picture[2];
        let filters = channels.saturating_mul(self.depth_multiplier);
        let depthwise = Sliding {
            dilation: self.dilation_rate.0,
            groups: channels,
            ..Sliding::over_picture(filters, self.kernel, self.stride, self.padding)
        };
        let depthwise = depthwise.checked(picture)?;
        let one = Window([1, 1]);
        let pointwise = Sliding::over_picture(self.filters, one, one, Padding::Valid);
        let pointwise = pointwise.checked(output_picture(&depthwise))?;
        debug_assert_eq!(pointwise.padding, Padding2::default());
        Ok([depthwise, pointwise])
    }
}

activation_settings!(SeparableConv2d);
sliding_settings!(SeparableConv2d, dilated);

impl Layer for SeparableConv2d {
    named!("separable_conv2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let picture = picture(shape)?;
        let [depthwise, pointwise] = self.geometries(picture)?;
        let ([rows, columns], multiplier) = (self.kernel.0, self.depth_multiplier);
        // Keras counts all channels and a channel's filters, though no filter sees them all.
        let fans = [rows * columns * picture[2], rows * columns * multiplier];
        let shape = [rows, columns, picture[2], multiplier];
        let initializer = self.depthwise_initializer;
        let depthwise_kernel = emit.parameter("depthwise_kernel", shape, initializer, fans)?;
        emit.demand(depthwise_kernel, self.depthwise_regularizer.into())?;
        let fans = [depthwise.filters, self.filters];
        let shape = [1, 1, depthwise.filters, self.filters];
        let initializer = self.pointwise_initializer;
        let pointwise_kernel = emit.parameter("pointwise_kernel", shape, initializer, fans)?;
        emit.demand(pointwise_kernel, self.pointwise_regularizer.into())?;
        let mut weights = vec![pointwise_kernel];
        if self.use_bias {
            weights.push(emit.parameter("bias", [self.filters], self.bias_initializer, fans)?);
        }
        let between = output_picture(&depthwise).into();
        let filter = Convolve::new(depthwise, ActivationFunction::Linear, between);
        let between = emit.op(filter, &[input], &[depthwise_kernel])?;
        let output = output_picture(&pointwise).into();
        let mix = Convolve::new(pointwise, self.activation, output);
        emit.output(mix, &[between], &weights)
    }
}
