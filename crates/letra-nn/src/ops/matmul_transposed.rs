use std::iter::once;

use super::matmul::{kernel_and_bias, output_shape};
use super::{Backward, Forward, Needs, Op, last_axis};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::dense;

/// The product of the input's last axis with a transposed matrix, a bias, and a function after them:
/// *y* = *f*(*x* · *W*ᵀ + *b*).
///
/// Input `[…, inputs]`, output `[…, units]`; weights *W* `[units, inputs]` and, where there is a second,
/// *b* `[units]`. With δ the gradient at the pre-activation,
///
/// ∂*W* = δᵀ · *x*, ∂*b* = Σ δ, ∂*x* = δ · *W*.
#[derive(Debug, Clone)]
pub(crate) struct MatMulTransposed {
    pub(crate) units: usize,
    pub(crate) function: ActivationKind,
}

impl Op for MatMulTransposed {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        output_shape(self.units, inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        let positions = inputs[0].values() / last_axis(&inputs[0]).max(1);
        Needs {
            keep: self.function.kept(self.units.saturating_mul(positions)),
            ..Needs::default()
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.units);
        let output = &mut *pass.outputs[0];
        let rows = output.len() / units;
        // The same product as the gradient of a dense layer's input.
        dense::input_gradient(rows, units, inputs, pass.inputs[0], pass.weights[0], output);
        if let Some(bias) = pass.weights.get(1) {
            for row in output.chunks_exact_mut(units) {
                row.iter_mut()
                    .zip(*bias)
                    .for_each(|(sum, bias)| *sum += bias);
            }
        }
        activation::forward(self.function, units, output, pass.keep);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (inputs, units) = (last_axis(&pass.input_shapes[0]), self.units);
        let (input, delta) = (pass.inputs[0], &mut *pass.output_gradients[0]);
        let rows = delta.len() / units;
        activation::backward(self.function, units, pass.outputs[0], pass.keep, delta);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            dense::forward(rows, units, inputs, delta, pass.weights[0], None, gradient);
        }
        let [kernel, bias] = kernel_and_bias(&mut pass.weight_gradients);
        if let Some(gradient) = bias {
            dense::bias_gradient(rows, units, delta, gradient);
        }
        if let Some(gradient) = kernel {
            let part = once((&*delta, input));
            dense::kernel_gradient(units, inputs, 0..units, part, true, gradient);
        }
    }
}
