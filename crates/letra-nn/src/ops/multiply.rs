use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;

/// The product of inputs of one shape, value by value: *y* = Π *x*ᵢ, ∂*x*ᵢ = ∂*y* · Π *x*ⱼ over
/// the others *j*.
#[derive(Debug, Clone)]
pub struct Multiply;

impl Op for Multiply {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        joined_shape(inputs)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        pass.outputs[0].copy_from_slice(pass.inputs[0]);
        for input in &pass.inputs[1..] {
            reduce::multiply(pass.outputs[0], input);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        for (index, gradient) in pass.input_gradients.iter_mut().enumerate() {
            let Some(gradient) = gradient else { continue };
            gradient.copy_from_slice(pass.output_gradients[0]);
            let others = pass.inputs.iter().enumerate();
            for (_, other) in others.filter(|(other, _)| *other != index) {
                reduce::multiply(gradient, other);
            }
        }
    }
}
