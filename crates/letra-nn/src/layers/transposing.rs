//! What the layers around a transposed convolution share.

use super::Padding;
use super::convolving::check_held;
use super::window::check_sizes;
use crate::error::BuildError;
use crate::kernels::convolution::Geometry;

/// The settings of a layer's transposed convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transposing {
    pub(super) filters: usize,
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: Padding,
    /// How many of the two axes the layer speaks of; the others, first, are of size 1.
    pub(super) axes: usize,
}

impl Transposing {
    /// The convolution whose way back it is on an input `[height, width, channels]`, if all fits.
    pub(super) fn checked(&self, picture: [usize; 3]) -> Result<Geometry, BuildError> {
        let of = 2 - self.axes;
        check_sizes("a kernel of", &self.kernel[of..], 1)?;
        check_sizes("a stride of", &self.stride[of..], 1)?;
        check_sizes("filters:", &[self.filters], 1)?;
        if let Padding::Explicit(around) = self.padding {
            return Err(
                BuildError::configuration(format!("has a padding of {around:?}"))
                    .with_hint("it is either valid or same"),
            );
        }
        let geometry = self.geometry(picture);
        let [rows, columns] = self.kernel;
        let output = [geometry.height, geometry.width, self.filters];
        check_held([rows, columns, self.filters, picture[2]], output)?;
        Ok(geometry)
    }

    fn geometry(&self, [height, width, channels]: [usize; 3]) -> Geometry {
        let (kernel, stride) = (self.kernel, self.stride);
        let beyond = |axis: usize| match self.padding {
            Padding::Valid => kernel[axis].saturating_sub(stride[axis]),
            _ => 0,
        };
        let sizes = [
            height * stride[0] + beyond(0),
            width * stride[1] + beyond(1),
        ];
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

    /// Numbers of inputs and outputs that Keras counts for initial values.
    pub(super) fn fans(&self, geometry: &Geometry) -> [usize; 2] {
        let cells = self.kernel[0] * self.kernel[1];
        [cells * self.filters, cells * geometry.filters]
    }
}
