use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, output_picture};
use super::{ActivationFunction, KernelAndBias, Layer, Padding, Window, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::Convolve;

/// A convolution over pictures: each of `filters` kernels slides over the picture and
/// gives one channel of the output (LeCun, Bottou, Bengio and Haffner 1998).
///
/// Input `[height, width, channels]`, output `[h, w, filters]` with
/// h = ⌊(height + padding − (kernel − 1) · dilation − 1) / stride⌋ + 1; parameters `kernel`
/// `[rows, columns, channels / groups, filters]` and `bias` `[filters]`. As everywhere in
/// the field the kernel is not flipped:
///
/// *z*\[y, x, f\] = *b*\[f\] + Σ *W*\[i, j, c, f\] · *x*\[y s + i d − p, x s + j d − p, c\],
///
/// where *c* goes over the channels of the filter's group. Defaults are Keras's: stride 1, no
/// padding, dilation rate 1, one group, linear, Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 3]).add(Conv2d::new(16, [3, 5]).same().relu()).build(0)?;
/// assert_eq!(network.output_shape(), [28, 28, 16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv2d {
    filters: usize,
    kernel: Window,
    stride: Window,
    padding: Padding,
    #[serde(default = "one")]
    dilation_rate: Window,
    #[serde(default = "one_group")]
    groups: usize,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

/// The dilation rate in files from before there was one.
fn one() -> Window {
    Window([1, 1])
}

/// The groups in files from before there were any.
fn one_group() -> usize {
    1
}

impl Conv2d {
    /// `filters` kernels of the given height and width; one number stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>) -> Self {
        Conv2d {
            filters,
            kernel: kernel.into(),
            stride: Window([1, 1]),
            padding: Padding::Valid,
            dilation_rate: one(),
            groups: one_group(),
            activation: ActivationFunction::Linear,
            parameters: KernelAndBias::default(),
        }
    }

    /// Groups of channels and filters: a filter sees the channels of its group. The groups must
    /// divide both.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
}

linear_map_settings!(Conv2d);
sliding_settings!(Conv2d, dilated);

impl Layer for Conv2d {
    named!("conv2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let sliding = Sliding {
            dilation: self.dilation_rate.0,
            groups: self.groups,
            ..Sliding::over_picture(self.filters, self.kernel, self.stride, self.padding)
        };
        let geometry = sliding.checked(picture(shape)?)?;
        let [rows, columns] = self.kernel.0;
        let channels = geometry.channels / self.groups;
        let fans = [rows * columns * channels, rows * columns * self.filters];
        let kernel = [rows, columns, channels, self.filters];
        let weights = self.parameters.weights(emit, kernel, fans, self.filters)?;
        let output = output_picture(&geometry).into();
        let convolve = Convolve::new(geometry, self.activation, output);
        self.parameters.output(emit, convolve, &[input], &weights)
    }
}
