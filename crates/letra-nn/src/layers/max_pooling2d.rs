use serde::{Deserialize, Serialize};

use super::{Build, Layer, Padding, Window, picture, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward};

/// Sizes of windows and strides that are still credible.
const MOST: usize = 1 << 16;
/// Cells of a window at most: single precision numbers each of them exactly.
const MOST_CELLS: usize = 1 << 24;

/// The largest value of each window, channel by channel.
///
/// Input `[height, width, channels]`, output `[h, w, channels]` with
/// h = ⌊(height + padding − window) / stride⌋ + 1. The gradient goes to the value that
/// won, the first of equals in row-major order. Defaults are Keras's: the stride is the
/// window, no padding. Padded cells never win.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MaxPool2d {
    window: Window,
    stride: Window,
    padding: Padding,
}

impl MaxPool2d {
    /// Windows of the given height and width side by side; one number stands for both.
    pub fn new(window: impl Into<Window>) -> Self {
        let window = window.into();
        MaxPool2d {
            window,
            stride: window,
            padding: Padding::Valid,
        }
    }

    /// Steps from one window to the next.
    pub fn stride(mut self, stride: impl Into<Window>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Padding that makes the output ⌈size / stride⌉.
    pub fn same(mut self) -> Self {
        self.padding = Padding::Same;
        self
    }

    /// The window, where windows lie side by side and nothing is padded.
    pub(crate) fn plain_window(&self) -> Option<[usize; 2]> {
        let plain = self.stride == self.window && self.padding == Padding::Valid;
        plain.then_some(self.window.0)
    }

    fn pooling(&self, [height, width, channels]: [usize; 3]) -> Pooling {
        let (window, stride) = (self.window.0, self.stride.0);
        Pooling {
            height,
            width,
            channels,
            window,
            stride,
            padding: self.padding.around([height, width], window, stride),
        }
    }
}

impl Layer for MaxPool2d {
    fn kind(&self) -> &'static str {
        "max_pooling2d"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        for (what, sizes) in [("window", self.window.0), ("stride", self.stride.0)] {
            if sizes.iter().any(|size| !(1..=MOST).contains(size)) {
                return Err(BuildError::configuration(format!(
                    "has a {what} of {sizes:?}: it must be from 1 to {MOST}"
                )));
            }
        }
        if self.window.0[0] * self.window.0[1] > MOST_CELLS {
            return Err(BuildError::configuration(format!(
                "has a window of {:?}: it must have at most {MOST_CELLS} cells",
                self.window.0
            )));
        }
        if let Padding::Explicit(around) = self.padding {
            return Err(BuildError::configuration(format!(
                "has a padding of {around:?}: it is either valid or same"
            )));
        }
        let pooling = self.pooling(picture(single_input(inputs)?)?);
        if pooling.output_height() == 0 || pooling.output_width() == 0 {
            return Err(BuildError::input(
                format!("a picture that its window {:?} fits into", self.window.0),
                "use a smaller window or leave this layer out",
            ));
        }
        build.keep(pooling.output_len());
        Ok([pooling.output_height(), pooling.output_width(), pooling.channels].into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let pooling = self.pooling(picture(pass.input_shape(0)).expect("build checked the input"));
        let (samples, input) = (pass.samples, pass.input(0));
        let codes = (!pass.keep.is_empty()).then_some(&mut *pass.keep);
        pooling.forward_max(samples, input, pass.output, codes);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let pooling = self.pooling(picture(pass.input_shape(0)).expect("build checked the input"));
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            pooling.backward_max(pass.samples, pass.output_gradient, pass.keep, input_gradient);
        }
    }
}
