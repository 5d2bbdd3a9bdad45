use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;

/// The sum of inputs of one shape, value by value: *y* = Σ *x*ᵢ, ∂*x*ᵢ = ∂*y*.
#[derive(Debug, Clone)]
pub struct Add;

impl Op for Add {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        for input in &pass.inputs[1..] {
            reduce::add(pass.outputs[0], input);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        for gradient in pass.input_gradients.iter_mut().flatten() {
            gradient.copy_from_slice(pass.output_gradients[0]);
        }
    }
}
