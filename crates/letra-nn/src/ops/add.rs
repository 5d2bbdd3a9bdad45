use super::{Backward, Forward, Op, joined_shape};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;

/// The sum of inputs of one shape, value by value: *y* = Σ *x*ᵢ, ∂*x*ᵢ = ∂*y*.
///
/// ```
/// use letra_nn::{ops, prelude::*};
///
/// let double = Lambda::new(|inputs, emit| {
///     let (input, _shape) = emit.single_input(inputs)?;
///     Ok(vec![emit.op(ops::Add, &[input; 2], &[])?])
/// });
/// let network = Sequential::new([2]).add(double).build(0)?;
/// assert_eq!(network.predict(&Tensor::new([1, 2], vec![2.0, -3.0])?)?.data(), [4.0, -6.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
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
