use super::{Backward, Forward, Op, last_axis, single_input};
use crate::Shape;
use crate::error::BuildError;

/// Some neighbouring values of the last axis: `count` from `first` on. The gradient of the others is 0.
#[derive(Debug, Clone)]
pub(crate) struct PartOfRow {
    pub(crate) first: usize,
    pub(crate) count: usize,
}

impl Op for PartOfRow {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        match single_input(inputs)?.sizes() {
            [front @ .., width] if self.first + self.count <= *width => {
                Ok(vec![[front, &[self.count]].concat().into()])
            }
            _ => Err(BuildError::input(
                format!("at least {} values a row", self.first + self.count),
                "give it more",
            )),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let rows = pass.inputs[0].chunks_exact(last_axis(&pass.input_shapes[0]));
        for (part, row) in pass.outputs[0].chunks_exact_mut(self.count).zip(rows) {
            part.copy_from_slice(&row[self.first..self.first + self.count]);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        gradient.fill(0.0);
        let rows = gradient.chunks_exact_mut(last_axis(&pass.input_shapes[0]));
        let parts = pass.output_gradients[0].chunks_exact(self.count);
        for (row, part) in rows.zip(parts) {
            row[self.first..self.first + self.count].copy_from_slice(part);
        }
    }
}
