use serde::{Deserialize, Serialize};

use super::{Build, Layer};
use crate::Shape;
use crate::error::BuildError;
use crate::plan::pass::{Backward, Forward};

/// Two or more inputs side by side along the last axis, Keras's default: pictures
/// `[h, w, a]` and `[h, w, b]` become `[h, w, a + b]`. All other axes must agree. The
/// gradient of each input is its share of the output's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Concatenate;

fn width(shape: &Shape) -> usize {
    shape.sizes().last().copied().unwrap_or(1)
}

impl Layer for Concatenate {
    fn kind(&self) -> &'static str {
        "concatenate"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], _build: &mut Build) -> Result<Shape, BuildError> {
        let [first, others @ ..] = inputs else {
            return Err(BuildError::configuration("joins values but is given none"));
        };
        if others.is_empty() {
            return Err(BuildError::configuration(
                "joins values but is given 1: give it at least 2",
            ));
        }
        let front = |shape: &Shape| shape.sizes().split_last().map(|(_, front)| front.to_vec());
        if front(first).is_none() || others.iter().any(|other| front(other) != front(first)) {
            return Err(BuildError::input(
                "inputs whose axes agree but for the last",
                "make them equal, with a layer before it",
            ));
        }
        let mut sizes = first.sizes().to_vec();
        let widths = inputs.iter().map(width);
        let sum = widths.fold(0usize, usize::saturating_add);
        let last = sizes.len() - 1;
        sizes[last] = sum;
        Ok(sizes.into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let inputs = pass.inputs();
        let row: usize = (0..inputs).map(|index| width(pass.input_shape(index))).sum();
        let mut start = 0;
        for index in 0..inputs {
            let (input, width) = (pass.input(index), width(pass.input_shape(index)));
            let rows = pass.output.chunks_exact_mut(row);
            for (row, values) in rows.zip(input.chunks_exact(width)) {
                row[start..start + width].copy_from_slice(values);
            }
            start += width;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let inputs = pass.inputs();
        let row: usize = (0..inputs).map(|index| width(pass.input_shape(index))).sum();
        let mut start = 0;
        for index in 0..inputs {
            let width = width(pass.input_shape(index));
            if let Some(gradient) = pass.input_gradients.get(index) {
                let rows = pass.output_gradient.chunks_exact(row);
                for (values, row) in gradient.chunks_exact_mut(width).zip(rows) {
                    values.copy_from_slice(&row[start..start + width]);
                }
            }
            start += width;
        }
    }
}
