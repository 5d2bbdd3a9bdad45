use serde::{Deserialize, Serialize};

use super::convolving::check_no_norm;
use super::transposing::Transposing;
use super::{ActivationFunction, KernelAndBias, Layer, Padding, Window, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::ConvolveTransposed;

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
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([7, 7, 8]).add(Conv2dTranspose::new(4, 3).same().stride(2)).build(0)?;
/// assert_eq!(network.output_shape(), [14, 14, 4]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv2dTranspose {
    filters: usize,
    kernel: Window,
    stride: Window,
    padding: Padding,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
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
            parameters: KernelAndBias::default(),
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
}

linear_map_settings!(Conv2dTranspose);

impl Layer for Conv2dTranspose {
    named!("conv2d_transpose");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let transposing = Transposing {
            filters: self.filters,
            kernel: self.kernel.0,
            stride: self.stride.0,
            padding: self.padding,
            axes: 2,
        };
        let geometry = transposing.checked(picture(shape)?)?;
        let [rows, columns] = self.kernel.0;
        let kernel = [rows, columns, self.filters, geometry.filters];
        let fans = transposing.fans(&geometry);
        check_no_norm(self.parameters.demands)?;
        let weights = self.parameters.weights(emit, kernel, fans, self.filters)?;
        let convolve = ConvolveTransposed::new(geometry, self.activation);
        self.parameters.output(emit, convolve, &[input], &weights)
    }
}
