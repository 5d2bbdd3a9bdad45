use serde::{Deserialize, Serialize};

use super::convolving::{Sliding, output_picture};
use super::maxout::check_pieces;
use super::window::check_sizes;
use super::{ActivationFunction, KernelAndBias, Layer, Padding, Window, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::ops::{Convolve, Maximum};

/// A convolution whose channels are each the largest of several linear pieces:
///
/// *y*\[r, c, i\] = maxⱼ *z*\[r, c, j, i\], with each *z*\[·, ·, j, ·\] a
/// [`Conv2d`](super::Conv2d) of its own (Goodfellow, Warde-Farley, Mirza, Courville and Bengio,
/// "Maxout networks", 2013, section 3).
///
/// Input `[height, width, channels]`, output `[h, w, filters]`; parameters `kernel`
/// `[rows, columns, channels, pieces · filters]`, the filters of the first piece first, and
/// `bias` `[pieces · filters]`. The gradient goes to the piece that won, the first of equals;
/// from there it is that of the convolution. Defaults: stride 1, no padding, Glorot uniform
/// kernel, each piece on its own, zero bias.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 3]).add(MaxoutConv2d::new(16, 3, 2)).build(0)?;
/// assert_eq!(network.output_shape(), [26, 26, 16]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxoutConv2d {
    filters: usize,
    kernel: Window,
    pieces: usize,
    stride: Window,
    padding: Padding,
    #[serde(flatten)]
    parameters: KernelAndBias,
}

impl MaxoutConv2d {
    /// `filters` channels of `pieces` pieces each, at least 2, with kernels of the given height
    /// and width; one number stands for both.
    pub fn new(filters: usize, kernel: impl Into<Window>, pieces: usize) -> Self {
        MaxoutConv2d {
            filters,
            kernel: kernel.into(),
            pieces,
            stride: Window([1, 1]),
            padding: Padding::Valid,
            parameters: KernelAndBias::default(),
        }
    }
}

kernel_settings!(MaxoutConv2d);
sliding_settings!(MaxoutConv2d);

impl Layer for MaxoutConv2d {
    named!("maxout_conv2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_pieces(self.pieces)?;
        check_sizes("filters:", &[self.filters], 1)?;
        let (input, shape) = emit.single_input(inputs)?;
        // The convolution that gives all pieces.
        let filters = self.filters.saturating_mul(self.pieces);
        let sliding = Sliding::over_picture(filters, self.kernel, self.stride, self.padding);
        let geometry = sliding.checked(picture(shape)?)?;
        let ([rows, columns], channels) = (self.kernel.0, geometry.channels);
        // Each piece is a layer of its own to the initializer.
        let fans = [rows * columns * channels, rows * columns * self.filters];
        let kernel = [rows, columns, channels, geometry.filters];
        let weights = self
            .parameters
            .weights(emit, kernel, fans, geometry.filters)?;
        let pieces = output_picture(&geometry).into();
        let convolve = Convolve::new(geometry, ActivationFunction::Linear, pieces);
        let pieces = emit.op(convolve, &[input], &weights)?;
        let maximum = Maximum {
            pieces: self.pieces,
        };
        self.parameters.output(emit, maximum, &[pieces], &[])
    }
}
