use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::pooling::Pooling;

/// The mean of each window, channel by channel. A window of *k* cells passes its gradient on in
/// shares, ∂*x* = Σ ∂*y* / *k* over the windows that hold *x*; cells of the padding are not
/// counted in *k*.
#[derive(Debug, Clone)]
pub(crate) struct AveragePool {
    pooling: Pooling,
    output: Shape,
}

impl AveragePool {
    /// The given windows; the output's shape is one of as many values.
    pub(crate) fn new(pooling: Pooling, output: Shape) -> Self {
        AveragePool { pooling, output }
    }
}

impl Op for AveragePool {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output.clone()])
    }

    fn other_multiply_adds(&self, _inputs: &[Shape]) -> u64 {
        let [height, width] = self.pooling.window.map(|size| size as u64);
        (self.output.values() as u64).saturating_mul(height.saturating_mul(width))
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.pooling
            .forward_average(pass.samples, pass.inputs[0], pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let gradient = &*pass.output_gradients[0];
            self.pooling
                .backward_average(pass.samples, gradient, input_gradient);
        }
    }
}
