use serde::{Deserialize, Serialize};

use super::window::check_sizes;
use super::{Build, Layer, Window, picture, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::{Interpolation, Repetition};
use crate::plan::pass::{Backward, Forward};
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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpSampling2d {
    size: Window,
    interpolation: Method,
}

/// What stands between the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Nearest,
    Bilinear,
}

/// What a layer works with on the shape at hand.
enum Built {
    Nearest(Repetition),
    Bilinear(Interpolation),
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
    fn kind(&self) -> &'static str {
        "up_sampling2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        check_sizes("a size of", &self.size.0, 1)?;
        let [height, width, channels] = picture(single_input(inputs)?)?;
        let times = self.size.0;
        let output = [height * times[0], width * times[1], channels];
        if !holds_at_most(&output, MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "would give {output:?}, more than {MOST_VALUES} values: choose a smaller size"
            )));
        }
        let built = match self.interpolation {
            Method::Nearest => Built::Nearest(Repetition {
                width,
                channels,
                times,
            }),
            Method::Bilinear => {
                let interpolation = Interpolation::new([height, width, channels], times);
                let line = interpolation.line_len();
                build.scratch(move |_| line);
                Built::Bilinear(interpolation)
            }
        };
        build.built(built);
        Ok(output.into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = pass.input(0);
        match pass.built::<Built>() {
            Built::Nearest(repetition) => repetition.repeat(input, pass.output),
            Built::Bilinear(between) => between.forward(input, pass.output, pass.scratch),
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (built, gradient) = (pass.built::<Built>(), &*pass.output_gradient);
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        match built {
            Built::Nearest(repetition) => repetition.sum(gradient, input_gradient),
            Built::Bilinear(between) => between.backward(gradient, input_gradient, pass.scratch),
        }
    }
}
