use super::{Backward, Forward, Op, last_axis};
use crate::Shape;
use crate::error::BuildError;

/// Inputs side by side along the last axis; all other axes agree. The gradient of each input is
/// its share of the output's.
///
/// ```
/// use letra_nn::layers::ActivationFunction;
/// use letra_nn::{ops, prelude::*};
///
/// // The positive part of the input beside the input itself.
/// let with_relu = Lambda::new(|inputs, emit| {
///     let (input, _shape) = emit.single_input(inputs)?;
///     let positive = emit.op(ops::Activate::new(ActivationFunction::Relu), &[input], &[])?;
///     Ok(vec![emit.op(ops::Concatenate, &[positive, input], &[])?])
/// });
/// let network = Sequential::new([2]).add(with_relu).build(0)?;
/// let given = network.predict(&Tensor::new([1, 2], vec![2.0, -3.0])?)?;
/// assert_eq!(given.data(), [2.0, 0.0, 2.0, -3.0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Concatenate;

impl Op for Concatenate {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let [first, others @ ..] = inputs else {
            return Err(BuildError::configuration("joins values but is given none"));
        };
        if others.is_empty() {
            return Err(BuildError::configuration("joins values but is given 1")
                .with_hint("give it at least 2"));
        }
        let front = |shape: &Shape| shape.sizes().split_last().map(|(_, front)| front.to_vec());
        let agree = others.iter().all(|other| front(other) == front(first));
        let Some(front) = front(first).filter(|_| agree) else {
            return Err(BuildError::input(
                "inputs whose axes agree but for the last",
                "make them equal, with a layer before it",
            ));
        };
        let sum = inputs.iter().map(last_axis).fold(0, usize::saturating_add);
        Ok(vec![[front, vec![sum]].concat().into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let row: usize = pass.input_shapes.iter().map(last_axis).sum();
        let mut start = 0;
        for (input, shape) in pass.inputs.iter().zip(pass.input_shapes) {
            let width = last_axis(shape);
            let rows = pass.outputs[0].chunks_exact_mut(row);
            for (row, values) in rows.zip(input.chunks_exact(width)) {
                row[start..start + width].copy_from_slice(values);
            }
            start += width;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let row: usize = pass.input_shapes.iter().map(last_axis).sum();
        let mut start = 0;
        for (gradient, shape) in pass.input_gradients.iter_mut().zip(pass.input_shapes) {
            let width = last_axis(shape);
            if let Some(gradient) = gradient {
                let rows = pass.output_gradients[0].chunks_exact(row);
                for (values, row) in gradient.chunks_exact_mut(width).zip(rows) {
                    values.copy_from_slice(&row[start..start + width]);
                }
            }
            start += width;
        }
    }
}
