use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::convolving::{BIAS, KERNEL};
use super::window::check_sizes;
use super::{ActivationFunction, Build, Layer, Padding, Window, picture, single_input};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::kernels::convolution::{Geometry, Transposed};
use crate::plan::pass::{Backward, Forward};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Initializer, KernelDemands, Shape};

/// A transposed convolution, which makes pictures larger: each value of the input adds a
/// multiple of a kernel to the output, and the kernels lie a stride apart (Zeiler, Krishnan,
/// Taylor and Fergus 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, "A guide to
/// convolution arithmetic for deep learning", chapter 4).
///
/// Input `[height, width, channels]`, output `[h, w, filters]` with h = height · stride for
/// "same" padding, and height · stride + max(kernel − stride, 0) for none, as in Keras;
/// parameters `kernel` `[rows, columns, filters, channels]` and `bias` `[filters]`:
///
/// *z*\[y s + i − p, x s + j − p, f\] = *b*\[f\] + Σ *W*\[i, j, f, c\] · *x*\[y, x, c\].
///
/// Its gradient by *x* is the convolution of stride *s* with the same kernel. Defaults are
/// Keras's: stride 1, no padding, linear, Glorot uniform kernel, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv2dTranspose {
    filters: usize,
    kernel: Window,
    stride: Window,
    padding: Padding,
    activation: ActivationFunction,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
}

impl Conv2dTranspose {
    /// `filters` kernels of the given height and width; one number stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>) -> Self {
        Conv2dTranspose {
            filters,
            kernel: kernel.into(),
            stride: Window([1, 1]),
            padding: Padding::Valid,
            activation: ActivationFunction::Linear,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }

    /// The whole output.
    pub fn valid(mut self) -> Self {
        self.padding = Padding::Valid;
        self
    }

    /// The inner part of the output, of the input's size times the stride.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// Rows and columns of the output from one value of the input to the next.
    pub fn stride(mut self, stride: impl Into<Window>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The convolution whose way back this is.
    fn geometry(&self, [height, width, channels]: [usize; 3]) -> Geometry {
        let (kernel, stride) = (self.kernel.0, self.stride.0);
        let beyond = |axis: usize| match self.padding {
            Padding::Valid => kernel[axis].saturating_sub(stride[axis]),
            _ => 0,
        };
        let sizes = [height * stride[0] + beyond(0), width * stride[1] + beyond(1)];
        Geometry {
            height: sizes[0],
            width: sizes[1],
            channels: self.filters,
            filters: channels,
            kernel,
            stride,
            padding: self.padding.around(sizes, kernel, stride),
            dilation: [1, 1],
            groups: 1,
        }
    }
}

linear_map_settings!(Conv2dTranspose);

impl Layer for Conv2dTranspose {
    fn kind(&self) -> &'static str {
        "conv2d_transpose"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        check_sizes("a kernel of", &self.kernel.0, 1)?;
        check_sizes("a stride of", &self.stride.0, 1)?;
        check_sizes("filters:", &[self.filters], 1)?;
        if let Padding::Explicit(around) = self.padding {
            return Err(BuildError::configuration(format!(
                "has a padding of {around:?}: it is either valid or same"
            )));
        }
        let input = picture(single_input(inputs)?)?;
        let geometry = self.geometry(input);
        let [rows, columns] = self.kernel.0;
        let shape = [rows, columns, self.filters, input[2]];
        let output = [geometry.height, geometry.width, self.filters];
        if !holds_at_most(&shape, MOST_PARAMETERS) || !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would have a kernel of {shape:?} and give {output:?}, more values than can be held: make it smaller"
            )));
        }
        let fans = [rows * columns * self.filters, rows * columns * input[2]];
        build.parameter("kernel", shape, self.kernel_initializer, fans)?;
        build.demand_penalty(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [self.filters], self.bias_initializer, fans)?;
        }
        let transposed = Arc::new(Transposed::new(geometry));
        build.built(Arc::clone(&transposed));
        build.scratch(move |samples| transposed.scratch_len(samples));
        build.keep(self.activation.kept(output.iter().product()));
        Ok(output.into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.built::<Arc<Transposed>>().forward(
            pass.samples,
            pass.input(0),
            pass.parameter(KERNEL),
            self.use_bias.then(|| pass.parameter(BIAS)),
            pass.output,
            pass.scratch,
        );
        activation::forward(self.activation, self.filters, pass.output, pass.keep);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let trained = !pass.frozen();
        let (input, transposed) = (pass.input(0), pass.built::<Arc<Transposed>>());
        let delta = &mut *pass.output_gradient;
        activation::backward(self.activation, self.filters, pass.output, pass.keep, delta);
        let (kernel_gradient, bias_gradient) = match self.use_bias {
            true => {
                let (kernel, bias) = pass.parameter_gradients.pair(KERNEL, BIAS);
                (kernel, Some(bias))
            }
            false => (pass.parameter_gradients.get(KERNEL), None),
        };
        transposed.backward(
            pass.samples,
            input,
            pass.parameters.get(KERNEL),
            delta,
            pass.input_gradients.get(0),
            trained.then_some(kernel_gradient),
            bias_gradient,
            pass.scratch,
        );
    }
}
