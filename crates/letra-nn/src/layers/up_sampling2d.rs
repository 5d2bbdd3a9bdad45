use serde::{Deserialize, Serialize};

use super::window::check_sizes;
use super::{Layer, Window, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::cells::{Interpolation, Method};
use crate::ops::UpSample;
use crate::shape::{MOST_VALUES, holds_at_most};

/// Makes pictures larger by whole factors.
///
/// Input `[height, width, channels]`, output `[height · rows, width · columns, channels]`. By
/// default each cell is repeated ("nearest"), and the gradient of a cell is the sum over its
/// copies. [`bilinear`](Self::bilinear) puts a line between the centres of neighbouring cells
/// instead: output *i* of factor *s* lies at *v* = (i + ½) / s − ½, and with *t* = v − ⌊v⌋
///
/// *y*\[i\] = (1 − *t*) · *x*\[⌊v⌋\] + *t* · *x*\[⌊v⌋ + 1\]
///
/// along each axis, the picture's edge standing for what lies beyond, as in Keras; the
/// gradient goes back with the same weights.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([1, 2, 1]).add(UpSampling2d::new([1, 2])).build(0)?;
/// let given = network.predict(&Tensor::new([1, 1, 2, 1], vec![1.0, 3.0])?)?;
/// assert_eq!(given.data(), [1.0, 1.0, 3.0, 3.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpSampling2d {
    size: Window,
    interpolation: Method,
}

impl UpSampling2d {
    /// So many times as high and wide; one number stands for both. Keras's default is 2.
    pub fn new(size: impl Into<Window>) -> Self {
        UpSampling2d {
            size: size.into(),
            interpolation: Method::Nearest,
        }
    }

    /// Repeats each cell.
    pub fn nearest(mut self) -> Self {
        self.interpolation = Method::Nearest;
        self
    }

    /// Draws lines between the centres of neighbouring cells.
    pub fn bilinear(mut self) -> Self {
        self.interpolation = Method::Bilinear;
        self
    }
}

impl Layer for UpSampling2d {
    named!("up_sampling2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        check_sizes("a size of", &self.size.0, 1)?;
        let (input, shape) = emit.single_input(inputs)?;
        let (picture, times) = (picture(shape)?, self.size.0);
        let output = [picture[0] * times[0], picture[1] * times[1], picture[2]];
        if !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {output:?}, more than {MOST_VALUES} values"
            ))
            .with_hint("choose a smaller size"));
        }
        let larger = Interpolation::new(picture, times, self.interpolation);
        emit.output(UpSample(larger), &[input], &[])
    }
}
