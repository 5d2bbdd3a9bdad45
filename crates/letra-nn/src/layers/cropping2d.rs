use serde::{Deserialize, Serialize};

use super::window::{Edges, picture};
use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::Frame;
use crate::plan::pass::{Backward, Forward};

/// Rows and columns cut off a picture's edges.
///
/// Input `[height, width, channels]`, output `[height − top − bottom, width − left − right,
/// channels]`. The gradient of what was cut off is 0.
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
    fn kind(&self) -> &'static str {
        "cropping2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        self.cropping.check("a cropping of")?;
        let [height, width, channels] = picture(single_input(inputs)?)?;
        let [[top, bottom], [left, right]] = self.cropping.0;
        if top + bottom >= height || left + right >= width {
            return Err(BuildError::input(
                format!("a picture that its cropping {:?} leaves a part of", self.cropping.0),
                "cut off less",
            ));
        }
        let inner = [height - top - bottom, width - left - right];
        build.built(Frame {
            outer: [height, width, channels],
            inner,
            corner: [top, left],
        });
        Ok([inner[0], inner[1], channels].into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        pass.built::<Frame>().cut(input, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let frame = pass.built::<Frame>();
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            frame.fill(pass.output_gradient, input_gradient);
        }
    }
}
