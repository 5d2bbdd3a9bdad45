use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;

/// The product of inputs of one shape, value by value: *y* = Π *x*ᵢ, ∂*x*ᵢ = ∂*y* · Π *x*ⱼ over
/// the others *j*.
///
/// ```
/// use letra_nn::{ops, prelude::*};
///
/// // The cube of the input.
/// let cube = Lambda::new(|inputs, emit| {
///     let (input, _shape) = emit.single_input(inputs)?;
///     Ok(vec![emit.op(ops::Multiply, &[input; 3], &[])?])
/// });
/// let network = Sequential::new([2]).add(cube).build(0)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![2.0, -3.0])?)?.data(), [8.0, -27.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
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
