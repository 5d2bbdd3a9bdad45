use super::{Backward, Forward, Op, pass_on, same_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::fourier;

/// Waves of the given amplitude *a* at angles *x*: *y* = *a* cos(*x*), ∂*x* = −*a* sin(*x*) ∂*y*.
#[derive(Debug, Clone)]
pub(crate) struct Fourier {
    pub(crate) amplitude: f32,
}

impl Op for Fourier {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        same_shape(inputs)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        fourier::forward(self.amplitude, pass.outputs[0]);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        fourier::backward(self.amplitude, pass.inputs[0], pass.output_gradients[0]);
        pass_on(pass);
    }
}
