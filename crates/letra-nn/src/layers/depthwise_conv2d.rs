use serde::{Deserialize, Serialize};

use super::convolving::{self, Sliding, Surround, Taken};
use super::window::check_sizes;
use super::{ActivationFunction, Build, Layer, Padding, Window, picture, single_input};
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::{Initializer, KernelDemands, Shape};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DepthwiseConv2d {
    kernel: Window,
    depth_multiplier: usize,
    stride: Window,
    padding: Padding,
    dilation_rate: Window,
    activation: ActivationFunction,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
    /// Window of the max pooling that was fused behind the ReLU; never saved.
    #[serde(skip)]
    pool: Option<[usize; 2]>,
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
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
            pool: None,
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

    fn sliding(&self, channels: usize) -> Sliding {
        Sliding {
            filters: channels.saturating_mul(self.depth_multiplier),
            kernel: self.kernel.0,
            stride: self.stride.0,
            dilation: self.dilation_rate.0,
            groups: channels,
            surround: Surround::Padding(self.padding),
            axes: 2,
        }
    }
}

linear_map_settings!(DepthwiseConv2d);
sliding_settings!(DepthwiseConv2d);

impl Layer for DepthwiseConv2d {
    fn kind(&self) -> &'static str {
        "depthwise_conv2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let [height, width, channels] = picture(single_input(inputs)?)?;
        check_sizes("a depth multiplier of", &[self.depth_multiplier], 1)?;
        let geometry = self.sliding(channels).checked([height, width, channels])?;
        let [rows, columns] = self.kernel.0;
        // Keras counts all channels and a channel's filters, though no filter sees them all.
        let fans = [rows * columns * channels, rows * columns * self.depth_multiplier];
        let shape = [rows, columns, channels, self.depth_multiplier];
        build.parameter("kernel", shape, self.kernel_initializer, fans)?;
        build.demand_penalty(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [geometry.filters], self.bias_initializer, fans)?;
        }
        convolving::declare(build, geometry, self.activation, self.pool);
        let [height, width] = convolving::output_sizes(&geometry, self.pool);
        Ok([height, width, geometry.filters].into())
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        convolving::prepare(pass);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        convolving::forward(pass, self.activation, self.use_bias);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        convolving::backward(pass, self.activation, self.use_bias);
    }

    /// Takes in the activation behind it, and a plain max pooling behind a ReLU.
    fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
        let mut fused = self.clone();
        match convolving::taken(self.activation, self.pool, next)? {
            Taken::Function(function) => fused.activation = function,
            Taken::Pool(pool) => fused.pool = Some(pool),
        }
        Some(Box::new(fused))
    }
}
