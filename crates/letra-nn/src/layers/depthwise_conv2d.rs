use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, check_no_norm, output_picture};
use super::window::check_sizes;
use super::{ActivationFunction, KernelAndBias, Layer, Padding, Window, picture};
use crate::Initializer;
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// A convolution in which every filter sees one channel (Howard et al. 2017, "MobileNets:
/// efficient convolutional neural networks for mobile vision applications", eq. 3).
///
/// Input `[height, width, channels]`, output `[h, w, channels · m]`, *m* the depth
/// multiplier, with h = ⌊(height + padding − (kernel − 1) · dilation − 1) / stride⌋ + 1;
/// parameters `kernel` `[rows, columns, channels, m]` and `bias` `[channels · m]`:
///
/// *z*\[y, x, c m + k\] = *b*\[c m + k\] + Σ *W*\[i, j, c, k\] · *x*\[y s + i d − p, x s + j d − p, c\].
///
/// Defaults are Keras's: one filter a channel, stride 1, no padding, dilation rate 1, linear,
/// Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 3]).add(DepthwiseConv2d::new(3).depth_multiplier(2)).build(0)?;
/// assert_eq!(network.output_shape(), [26, 26, 6]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DepthwiseConv2d {
    kernel: Window,
    depth_multiplier: usize,
    stride: Window,
    padding: Padding,
    dilation_rate: Window,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl DepthwiseConv2d {
    /// Kernels of the given height and width; one number stands for both.
    pub fn new(kernel: impl Into<Window>) -> Self {
        DepthwiseConv2d {
            kernel: kernel.into(),
            depth_multiplier: 1,
            stride: Window([1, 1]),
            padding: Padding::Valid,
            dilation_rate: Window([1, 1]),
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }

    /// Filters for each channel, at least 1.
    pub fn depth_multiplier(mut self, filters: usize) -> Self {
        self.depth_multiplier = filters;
        self
    }

    /// Initial values of the kernel, by the name that Keras has for it here.
    pub fn depthwise_initializer(self, initializer: Initializer) -> Self {
        self.kernel_initializer(initializer)
    }
}

linear_map_settings!(DepthwiseConv2d);
sliding_settings!(DepthwiseConv2d, dilated);

impl Layer for DepthwiseConv2d {
    named!("depthwise_conv2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let [height, width, channels] = picture(shape)?;
        check_sizes("a depth multiplier of", &[self.depth_multiplier], 1)?;
        let filters = channels.saturating_mul(self.depth_multiplier);
        let sliding = Sliding {
            dilation: self.dilation_rate.0,
            groups: channels,
            ..Sliding::over_picture(filters, self.kernel, self.stride, self.padding)
        };
        let geometry = sliding.checked([height, width, channels])?;
        let [rows, columns] = self.kernel.0;
        // Keras counts all channels and a channel's filters, though no filter sees them all.
        let fans = [
            rows * columns * channels,
            rows * columns * self.depth_multiplier,
        ];
        let kernel = [rows, columns, channels, self.depth_multiplier];
        check_no_norm(self.parameters.demands)?;
        let weights = self
            .parameters
            .weights(emit, kernel, fans, geometry.filters)?;
        let output = output_picture(&geometry).into();
        let convolve = Convolve::new(geometry, self.activation, output);
        self.parameters.output(emit, convolve, &[input], &weights)
    }
}
