use super::any_differs::no_gradient;
use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::reduce;

/// Rows of a table: each number *i* of `[…]`, whole and from 0 to below `rows`, becomes row *i* of *E*
/// `[rows, width]`: *y* = *E*\[*i*\], `[…, width]`. Row *i* of the table's gradient is the sum of ∂*y*
/// over all places of *i*; none goes back to the numbers.
///
/// The numbers are the network's inputs, which are checked before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup {
    pub(crate) rows: usize,
    pub(crate) width: usize,
}

impl Lookup {
    /// The row that a number stands for, if it is one.
    fn row(&self, index: f32) -> Option<usize> {
        let row = index as usize;
        (row as f32 == index && row < self.rows).then_some(row)
    }
}

impl Op for Lookup {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let input = single_input(inputs)?;
        Ok(vec![Shape::new([input.sizes(), &[self.width]].concat())])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let outputs = pass.outputs[0].chunks_exact_mut(self.width);
        for (output, &index) in outputs.zip(pass.inputs[0]) {
            match self.row(index) {
                Some(row) => output
                    .copy_from_slice(&pass.weights[0][row * self.width..(row + 1) * self.width]),
                // Seen, if ever the check were passed by.
                None => output.fill(f32::NAN),
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        no_gradient(pass);
        let Some(table) = &mut pass.weight_gradients[0] else {
            return;
        };
        let gradients = pass.output_gradients[0].chunks_exact(self.width);
        for (gradient, &index) in gradients.zip(pass.inputs[0]) {
            if let Some(row) = self.row(index) {
                let own = &mut table[row * self.width..(row + 1) * self.width];
                reduce::add(own, gradient);
            }
        }
    }
}
