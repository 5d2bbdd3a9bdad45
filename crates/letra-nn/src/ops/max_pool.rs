use super::{Backward, Forward, Needs, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::convolution::Padding2;
use crate::kernels::pooling::Pooling;

/// The largest value of each window, channel by channel. The gradient goes to the value that won,
/// the first of equals in row-major order; cells of the padding never win.
#[derive(Debug, Clone)]
pub(crate) struct MaxPool {
    pooling: Pooling,
    output: Shape,
}

impl MaxPool {
    /// The given windows; the output's shape is one of as many values.
    pub(crate) fn new(pooling: Pooling, output: Shape) -> Self {
        MaxPool { pooling, output }
    }

    pub(crate) fn pooling(&self) -> &Pooling {
        &self.pooling
    }

    pub(crate) fn output(&self) -> &Shape {
        &self.output
    }

    /// The window, where windows lie side by side and nothing is padded.
    pub(crate) fn plain_window(&self) -> Option<[usize; 2]> {
        let Pooling {
            window,
            stride,
            padding,
            ..
        } = self.pooling;
        (window == stride && padding == Padding2::default()).then_some(window)
    }

    /// Whether the only window is the whole picture.
    pub(crate) fn is_global(&self) -> bool {
        self.pooling.window == [self.pooling.height, self.pooling.width]
    }
}

impl Op for MaxPool {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output.clone()])
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: self.output.values(),
            ..Needs::default()
        }
    }

    fn other_multiply_adds(&self, _inputs: &[Shape]) -> u64 {
        let [height, width] = self.pooling.window.map(|size| size as u64);
        (self.output.values() as u64).saturating_mul(height.saturating_mul(width))
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let codes = (!pass.keep.is_empty()).then_some(&mut *pass.keep);
        self.pooling
            .forward_max(pass.samples, pass.inputs[0], pass.outputs[0], codes);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let gradient = &*pass.output_gradients[0];
            self.pooling
                .backward_max(pass.samples, gradient, pass.keep, input_gradient);
        }
    }
}
