use std::any::Any;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::window::check_sizes;
use super::{
    Activation, ActivationFunction, Build, Layer, MaxPool2d, Padding, Window, picture, single_input,
};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::kernels::convolution::{Convolution, Geometry, Pool};
use crate::plan::pass::{Backward, Forward, Prepare};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Initializer, KernelDemands, Shape};

/// A convolution over pictures: each of `filters` kernels slides over the picture and
/// gives one channel of the output (LeCun, Bottou, Bengio and Haffner 1998).
///
/// Input `[height, width, channels]`, output `[h, w, filters]` with
/// h = ⌊(height + padding − kernel) / stride⌋ + 1; parameters `kernel`
/// `[rows, columns, channels, filters]` and `bias` `[filters]`. As everywhere in the
/// field the kernel is not flipped:
///
/// *z*\[y, x, f\] = *b*\[f\] + Σ *W*\[i, j, c, f\] · *x*\[y s + i − p, x s + j − p, c\].
///
/// Defaults are Keras's: stride 1, no padding, linear, Glorot uniform kernel, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv2d {
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
    /// Window of the max pooling that was fused behind the ReLU; never saved.
    #[serde(skip)]
    pool: Option<[usize; 2]>,
}

const KERNEL: usize = 0;
const BIAS: usize = 1;

impl Conv2d {
    /// `filters` kernels of the given height and width; one number stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>) -> Self {
        Conv2d {
            filters,
            kernel: kernel.into(),
            stride: Window([1, 1]),
            padding: Padding::Valid,
            activation: ActivationFunction::Linear,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
            pool: None,
        }
    }

    /// No padding: the output is smaller than the input.
    pub fn valid(mut self) -> Self {
        self.padding = Padding::Valid;
        self
    }

    /// Padding that keeps the size, for stride 1.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// Rows of zeros above and below, columns of zeros left and right.
    pub fn padding(mut self, around: impl Into<Window>) -> Self {
        self.padding = Padding::Explicit(around.into().0);
        self
    }

    /// Steps from one position to the next.
    pub fn stride(mut self, stride: impl Into<Window>) -> Self {
        self.stride = stride.into();
        self
    }

    fn geometry(&self, [height, width, channels]: [usize; 3]) -> Geometry {
        let (kernel, stride) = (self.kernel.0, self.stride.0);
        Geometry {
            height,
            width,
            channels,
            filters: self.filters,
            kernel,
            stride,
            padding: self.padding.around([height, width], kernel, stride),
        }
    }

    fn convolution(&self, geometry: Geometry) -> Convolution {
        let relu = self.activation == ActivationFunction::Relu;
        let pool = self.pool.map(|[height, width]| Pool { height, width });
        Convolution::new(geometry, relu, pool)
    }

    /// The activation, where the convolution itself does not include it.
    fn tail(&self) -> ActivationFunction {
        match self.activation {
            ActivationFunction::Relu => ActivationFunction::Linear,
            other => other,
        }
    }

    fn check(&self) -> Result<(), BuildError> {
        let padding = match self.padding {
            Padding::Explicit(around) => around,
            _ => [0, 0],
        };
        check_sizes("a kernel of", &self.kernel.0, 1)?;
        check_sizes("a stride of", &self.stride.0, 1)?;
        check_sizes("a padding of", &padding, 0)?;
        check_sizes("filters:", &[self.filters], 1)
    }
}

linear_map_settings!(Conv2d);

impl Layer for Conv2d {
    fn kind(&self) -> &'static str {
        "conv2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        self.check()?;
        let input = single_input(inputs)?;
        let geometry = self.geometry(picture(input)?);
        if geometry.output_height() == 0 || geometry.output_width() == 0 {
            return Err(BuildError::input(
                format!("a picture that its kernel {:?} fits into", self.kernel.0),
                "use a smaller kernel, padding, or fewer pooling layers before it",
            ));
        }
        let [rows, columns] = self.kernel.0;
        let fans = [rows * columns * geometry.channels, rows * columns * self.filters];
        let shape = [rows, columns, geometry.channels, self.filters];
        let output = [geometry.output_height(), geometry.output_width(), self.filters];
        if !holds_at_most(&shape, MOST_PARAMETERS) || !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would have a kernel of {shape:?} and give {output:?}, more values than can be held: make it smaller"
            )));
        }
        build.parameter("kernel", shape, self.kernel_initializer, fans)?;
        build.demand(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [self.filters], self.bias_initializer, fans)?;
        }
        let convolution = Arc::new(self.convolution(geometry));
        build.prepared(convolution.prepared_len());
        build.keep(convolution.keep_len());
        build.built(Arc::clone(&convolution));
        build.scratch(move |samples| convolution.scratch_len(samples));
        let [pool_height, pool_width] = self.pool.unwrap_or([1, 1]);
        Ok([
            geometry.output_height() / pool_height,
            geometry.output_width() / pool_width,
            self.filters,
        ]
        .into())
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        pass.built::<Arc<Convolution>>().prepare(pass.parameters.get(KERNEL), pass.prepared);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.built::<Arc<Convolution>>().forward(
            pass.samples,
            pass.input(0),
            pass.parameter(KERNEL),
            pass.prepared,
            self.use_bias.then(|| pass.parameter(BIAS)),
            pass.output,
            pass.training.then_some(&mut *pass.keep),
            pass.scratch,
        );
        activation::forward(self.tail(), self.filters, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (input, convolution) = (pass.input(0), pass.built::<Arc<Convolution>>());
        activation::backward(self.tail(), self.filters, pass.output, pass.output_gradient);
        let (kernel_gradient, bias_gradient) = match self.use_bias {
            true => {
                let (kernel, bias) = pass.parameter_gradients.pair(KERNEL, BIAS);
                (kernel, Some(bias))
            }
            false => (pass.parameter_gradients.get(KERNEL), None),
        };
        convolution.backward(
            pass.samples,
            input,
            pass.parameters.get(KERNEL),
            pass.prepared,
            pass.output,
            pass.output_gradient,
            pass.keep,
            pass.input_gradients.get(0),
            kernel_gradient,
            bias_gradient,
            pass.scratch,
        );
    }

    /// Takes in the activation behind it, and a plain max pooling behind a ReLU.
    fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
        let next: &dyn Any = next;
        if self.pool.is_some() {
            return None;
        }
        if let Some(next) = next.downcast_ref::<Activation>()
            && self.activation == ActivationFunction::Linear
        {
            return Some(Box::new(self.clone().activation(next.function())));
        }
        let pool = next.downcast_ref::<MaxPool2d>()?.plain_window()?;
        matches!(self.activation, ActivationFunction::Relu | ActivationFunction::Linear).then(|| {
            let mut fused = self.clone();
            fused.pool = Some(pool);
            Box::new(fused) as Box<dyn Layer>
        })
    }
}
