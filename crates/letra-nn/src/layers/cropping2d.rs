use serde::{Deserialize, Serialize};

use super::Layer;
use super::window::{Edges, picture};
use crate::error::BuildError;
use crate::graph::{Emit, Value};
use crate::kernels::cells::Frame;
use crate::ops::Crop;

/// Rows and columns cut off a picture's edges.
///
/// Input `[height, width, channels]`, output `[height − top − bottom, width − left − right,
/// channels]`. The gradient of what was cut off is 0.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let network = Sequential::new([28, 28, 1]).add(Cropping2d::new([[1, 3], [0, 4]])).build(0)?;
/// assert_eq!(network.output_shape(), [24, 24, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cropping2d {
    cropping: Edges,
}

impl Cropping2d {
    /// So many rows and columns off every side: one number for all; rows above and below
    /// `[rows, columns]`; or `[[top, bottom], [left, right]]`. Keras's default is 0.
    pub fn new(cropping: impl Into<Edges>) -> Self {
        Cropping2d {
            cropping: cropping.into(),
        }
    }
}

impl Layer for Cropping2d {
    named!("cropping2d");

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        self.cropping.check("a cropping of")?;
        let (input, shape) = emit.single_input(inputs)?;
        let [height, width, channels] = picture(shape)?;
        let [[top, bottom], [left, right]] = self.cropping.0;
        if top + bottom >= height || left + right >= width {
            return Err(BuildError::input(
                format!(
                    "a picture that its cropping {:?} leaves a part of",
                    self.cropping.0
                ),
                "cut off less",
            ));
        }
        let frame = Frame {
            outer: [height, width, channels],
            inner: [height - top - bottom, width - left - right],
            corner: [top, left],
        };
        emit.output(Crop { frame }, &[input], &[])
    }
}
