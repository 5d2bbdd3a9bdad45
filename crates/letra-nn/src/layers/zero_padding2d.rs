use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{Edges, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::cells::Frame;
use crate::ops::Pad;
use crate::shape::{MOST_VALUES, holds_at_most};

/// Zeros around a picture.
///
/// Input `[height, width, channels]`, output `[top + height + bottom, left + width + right,
/// channels]`. The gradient of the picture is the inner part of the output's.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(ZeroPadding2d::new(2)).build(0)?;
/// assert_eq!(network.output_shape(), [32, 32, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ZeroPadding2d {
    padding: Edges,
}

impl ZeroPadding2d {
    /// So many rows and columns on every side: one number for all; rows above and below
    /// `[rows, columns]`; or `[[top, bottom], [left, right]]`. Keras's default is 1.
    pub fn new(padding: impl Into<Edges>) -> Self {
        ZeroPadding2d {
            padding: padding.into(),
        }
    }
}

impl Layer for ZeroPadding2d {
    named!("zero_padding2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.padding.check("a padding of")?;
        let (input, shape) = emit.single_input(inputs)?;
        let [height, width, channels] = picture(shape)?;
        let [[top, bottom], [left, right]] = self.padding.0;
        let outer = [top + height + bottom, left + width + right, channels];
        if !holds_at_most(&outer, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {outer:?}, more than {MOST_VALUES} values"
            ))
            .with_hint("pad less"));
        }
        let frame = Frame {
            outer,
            inner: [height, width],
            corner: [top, left],
        };
        emit.output(Pad { frame }, &[input], &[])
    }
}
