use serde::{Deserialize, Serialize};

use super::convolving::check_no_norm;
use super::transposing::Transposing;
use super::window::{as_picture, as_sequence};
use super::{ActivationFunction, KernelAndBias, Layer, Padding};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::ConvolveTransposed;

/// A transposed convolution, which makes sequences longer: each step of the input adds a multiple of
/// a kernel to the output, and the kernels lie a stride apart (Dumoulin and Visin 2016, "A guide to
/// convolution arithmetic for deep learning", chapter 4).
///
/// Input `[steps, channels]`, output `[n, filters]` with n = steps · stride for "same" padding, and
/// steps · stride + max(kernel − stride, 0) for none, as in Keras; parameters `kernel`
/// `[kernel, filters, channels]` and `bias` `[filters]`:
///
/// *z*\[t s + i − p, f\] = *b*\[f\] + Σ *W*\[i, f, c\] · *x*\[t, c\].
///
/// Its gradient by *x* is the convolution of stride *s* with the same kernel. Defaults are
/// Keras's: stride 1, no padding, linear, Glorot uniform kernel, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let longer = Conv1dTranspose::new(8, 4).stride(2).same();
/// let network = Sequential::new([10, 3]).add(longer).build(1)?;
/// assert_eq!(network.output_shape(), [20, 8]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conv1dTranspose {
    filters: usize,
    kernel: usize,
    stride: usize,
    padding: Padding,
    activation: ActivationFunction,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl Conv1dTranspose {
    /// `filters` kernels of so many steps.
    pub fn new(filters: usize, kernel: usize) -> Self {
        Conv1dTranspose {
            filters,
            kernel,
            stride: 1,
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

    /// The inner part of the output, of the input's length times the stride.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    settings! {
        /// Steps of the output from one step of the input to the next.
        stride: usize,
    }
}

linear_map_settings!(Conv1dTranspose);

impl Layer for Conv1dTranspose {
    named!("conv1d_transpose");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let transposing = Transposing {
            filters: self.filters,
            kernel: [1, self.kernel],
            stride: [1, self.stride],
            padding: self.padding,
            axes: 1,
        };
        let (row, picture) = as_picture(inputs, emit)?;
        let geometry = transposing.checked(picture)?;
        let kernel = [self.kernel, self.filters, geometry.filters];
        let fans = transposing.fans(&geometry);
        check_no_norm(self.parameters.demands)?;
        let weights = self.parameters.weights(emit, kernel, fans, self.filters)?;
        let convolve = ConvolveTransposed::new(geometry, self.activation);
        let longer = self.parameters.output(emit, convolve, &[row], &weights)?;
        as_sequence(longer[0], emit)
    }
}
