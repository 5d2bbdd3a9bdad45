use serde::{Deserialize, Serialize};

use super::window::{Edges, picture};
use super::{Build, Layer, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::Frame;
use crate::plan::pass::{Backward, Forward};
use crate::shape::{MOST_VALUES, holds_at_most};

/// Zeros around a picture.
///
/// Input `[height, width, channels]`, output `[top + height + bottom, left + width + right,
/// channels]`. The gradient of the picture is the inner part of the output's.
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
    fn kind(&self) -> &'static str {
        "zero_padding2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        self.padding.check("a padding of")?;
        let [height, width, channels] = picture(single_input(inputs)?)?;
        let [[top, bottom], [left, right]] = self.padding.0;
        let output = [top + height + bottom, left + width + right, channels];
        if !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {output:?}, more than {MOST_VALUES} values: pad less"
            )));
        }
        build.built(Frame {
            outer: output,
            inner: [height, width],
            corner: [top, left],
        });
        Ok(output.into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        pass.built::<Frame>().fill(input, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let frame = pass.built::<Frame>();
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            frame.cut(pass.output_gradient, input_gradient);
        }
    }
}
