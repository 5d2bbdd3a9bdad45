use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, Surround};
use super::window::check_sizes;
use super::{ActivationFunction, Build, Layer, Padding, Window, picture, single_input};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::kernels::convolution::{Convolution, Geometry, Padding2};
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::{Initializer, Regularizer, Shape};

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

const DEPTHWISE: usize = 0;
const POINTWISE: usize = 1;
const BIAS: usize = 2;

/// Both convolutions, and where each finds its share of the buffers.
struct Pair {
    depthwise: Convolution,
    pointwise: Convolution,
}

impl Pair {
    /// Values of a sample between the two.
    fn between(&self) -> usize {
        self.depthwise.output_len()
    }

    fn scratch_len(&self, samples: usize) -> usize {
        let own = [&self.depthwise, &self.pointwise].map(|each| each.scratch_len(samples));
        samples * self.between() + own[0].max(own[1])
    }
}

impl SeparableConv2d {
    /// `filters` filters behind depthwise kernels of the given height and width; one number
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

    /// Depthwise filters for each channel, at least 1.
    pub fn depth_multiplier(mut self, filters: usize) -> Self {
        self.depth_multiplier = filters;
        self
    }

    /// Initial values of the depthwise kernel.
    pub fn depthwise_initializer(mut self, initializer: Initializer) -> Self {
        self.depthwise_initializer = initializer;
        self
    }

    /// Initial values of the pointwise kernel.
    pub fn pointwise_initializer(mut self, initializer: Initializer) -> Self {
        self.pointwise_initializer = initializer;
        self
    }

    /// Initial values of the bias.
    pub fn bias_initializer(mut self, initializer: Initializer) -> Self {
        self.bias_initializer = initializer;
        self
    }

    /// Whether a bias is added.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
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
        let depthwise = Sliding {
            filters: channels.saturating_mul(self.depth_multiplier),
            kernel: self.kernel.0,
            stride: self.stride.0,
            dilation: self.dilation_rate.0,
            groups: channels,
            surround: Surround::Padding(self.padding),
            axes: 2,
        }
        .checked(picture)?;
        let pointwise = Sliding {
            filters: self.filters,
            kernel: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            groups: 1,
            surround: Surround::Padding(Padding::Valid),
            axes: 2,
        };
        let between = [depthwise.output_height(), depthwise.output_width(), depthwise.filters];
        let pointwise = pointwise.checked(between)?;
        debug_assert_eq!(pointwise.padding, Padding2::default());
        Ok([depthwise, pointwise])
    }

    /// The function behind the convolutions that they do not include.
    fn tail(&self) -> ActivationFunction {
        match self.activation {
            ActivationFunction::Relu => ActivationFunction::Linear,
            other => other,
        }
    }
}

activation_settings!(SeparableConv2d);
sliding_settings!(SeparableConv2d);

impl Layer for SeparableConv2d {
    fn kind(&self) -> &'static str {
        "separable_conv2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = picture(single_input(inputs)?)?;
        let [depthwise, pointwise] = self.geometries(input)?;
        let ([rows, columns], multiplier) = (self.kernel.0, self.depth_multiplier);
        let (channels, between) = (input[2], depthwise.filters);
        // Keras counts all channels and a channel's filters, though no filter sees them all.
        let fans = [rows * columns * channels, rows * columns * multiplier];
        let shape = [rows, columns, channels, multiplier];
        build.parameter("depthwise_kernel", shape, self.depthwise_initializer, fans)?;
        build.demand(self.depthwise_regularizer.into())?;
        let (shape, fans) = ([1, 1, between, self.filters], [between, self.filters]);
        build.parameter("pointwise_kernel", shape, self.pointwise_initializer, fans)?;
        build.demand(self.pointwise_regularizer.into())?;
        if self.use_bias {
            build.parameter("bias", [self.filters], self.bias_initializer, fans)?;
        }
        let relu = self.activation == ActivationFunction::Relu;
        let pair = || Pair {
            depthwise: Convolution::new(depthwise, false, None),
            pointwise: Convolution::new(pointwise, relu, None),
        };
        let (built, sized) = (pair(), pair());
        build.prepared(built.depthwise.prepared_len() + built.pointwise.prepared_len());
        // Behind the map between the two, the pre-activations that the tail needs.
        let kept = self.tail().kept(pointwise.height * pointwise.width * self.filters);
        build.keep(built.between() + kept);
        build.built(built);
        build.scratch(move |samples| sized.scratch_len(samples));
        Ok([pointwise.height, pointwise.width, self.filters].into())
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let pair = pass.built::<Pair>();
        let (first, second) = pass.prepared.split_at_mut(pair.depthwise.prepared_len());
        pair.depthwise.prepare(pass.parameters.get(DEPTHWISE), first);
        pair.pointwise.prepare(pass.parameters.get(POINTWISE), second);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (samples, input, pair) = (pass.samples, pass.input(0), pass.built::<Pair>());
        let (first, second) = pass.prepared.split_at(pair.depthwise.prepared_len());
        let (parameters, between) = (pass.parameters, samples * pair.between());
        let (spare, scratch) = pass.scratch.split_at_mut(between);
        let (between, kept) = match pass.keep.is_empty() {
            true => (spare, &mut [][..]),
            false => pass.keep.split_at_mut(between),
        };
        let kernel = parameters.get(DEPTHWISE);
        pair.depthwise
            .forward(samples, input, kernel, first, None, between, None, scratch);
        pair.pointwise.forward(
            samples,
            between,
            parameters.get(POINTWISE),
            second,
            self.use_bias.then(|| parameters.get(BIAS)),
            pass.output,
            None,
            scratch,
        );
        activation::forward(self.tail(), self.filters, pass.output, kept);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let trained = !pass.frozen();
        let (samples, input, pair) = (pass.samples, pass.input(0), pass.built::<Pair>());
        let (between, kept) = pass.keep.split_at(samples * pair.between());
        let delta = &mut *pass.output_gradient;
        activation::backward(self.tail(), self.filters, pass.output, kept, delta);
        let (first, second) = pass.prepared.split_at(pair.depthwise.prepared_len());
        let (gradient, scratch) = pass.scratch.split_at_mut(samples * pair.between());
        let (kernel_gradient, bias_gradient) = match self.use_bias {
            true => {
                let (kernel, bias) = pass.parameter_gradients.pair(POINTWISE, BIAS);
                (kernel, Some(bias))
            }
            false => (pass.parameter_gradients.get(POINTWISE), None),
        };
        pair.pointwise.backward(
            samples,
            between,
            pass.parameters.get(POINTWISE),
            second,
            pass.output,
            delta,
            &[],
            Some(&mut *gradient),
            trained.then_some(kernel_gradient),
            bias_gradient,
            scratch,
        );
        pair.depthwise.backward(
            samples,
            input,
            pass.parameters.get(DEPTHWISE),
            first,
            between,
            gradient,
            &[],
            pass.input_gradients.get(0),
            Some(pass.parameter_gradients.get(DEPTHWISE)).filter(|_| trained),
            None,
            scratch,
        );
    }
}
