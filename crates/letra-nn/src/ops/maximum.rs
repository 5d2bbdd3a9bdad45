use super::{Backward, Forward, Op, last_axis, single_input};
use crate::Shape;
use crate::error::BuildError;

/// The largest of several pieces, unit by unit: input `[…, pieces · units]`, piece by piece,
/// output `[…, units]`; what is not a number counts as the largest. The gradient goes to the piece
/// that won, the first of equals.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    pub(crate) pieces: usize,
}

impl Maximum {
    fn units(&self, input: &Shape) -> usize {
        last_axis(input) / self.pieces
    }
}

impl Op for Maximum {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let mut sizes = single_input(inputs)?.sizes().to_vec();
        if let Some(last) = sizes.last_mut() {
            *last /= self.pieces;
        }
        Ok(vec![sizes.into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let units = self.units(&pass.input_shapes[0]);
        let rows = pass.inputs[0].chunks_exact(self.pieces * units);
        for (output, pieces) in pass.outputs[0].chunks_exact_mut(units).zip(rows) {
            largest(pieces, output);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let units = self.units(&pass.input_shapes[0]);
        let row = self.pieces * units;
        let gradients = pass.output_gradients[0].chunks_exact(units);
        let outputs = pass.outputs[0].chunks_exact(units).zip(gradients);
        let rows = input_gradient.chunks_exact_mut(row);
        let rows = rows.zip(pass.inputs[0].chunks_exact(row));
        for ((slopes, pieces), (output, gradient)) in rows.zip(outputs) {
            give_back(pieces, output, gradient, slopes);
        }
    }
}

/// The largest of the pieces of a row.
fn largest(pieces: &[f32], output: &mut [f32]) {
    let mut pieces = pieces.chunks_exact(output.len());
    output.copy_from_slice(pieces.next().expect("a piece at least"));
    for piece in pieces {
        for (most, value) in output.iter_mut().zip(piece) {
            let stays = *most >= *value || most.is_nan();
            *most = if stays { *most } else { *value };
        }
    }
}

/// The gradient of a row: each unit's goes to its winner.
fn give_back(pieces: &[f32], output: &[f32], gradient: &[f32], slopes: &mut [f32]) {
    slopes.fill(0.0);
    for (unit, (most, gradient)) in output.iter().zip(gradient).enumerate() {
        let mut places = (unit..pieces.len()).step_by(output.len());
        let won = |place: &usize| pieces[*place] == *most || pieces[*place].is_nan();
        if let Some(place) = places.find(won) {
            slopes[place] = *gradient;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_wins_and_what_is_undefined_shows() {
        let pieces = [1.0, 2.0, 5.0, 3.0, 2.0, f32::NAN, 3.0, 1.0, 5.0];
        let (mut output, mut slopes) = ([0.0; 3], [9.0; 9]);
        largest(&pieces, &mut output);
        assert_eq!(output[..2], [3.0, 2.0]);
        assert!(output[2].is_nan());
        give_back(&pieces, &output, &[0.5, 0.25, 4.0], &mut slopes);
        assert_eq!(slopes, [0.0, 0.25, 0.0, 0.5, 0.0, 4.0, 0.0, 0.0, 0.0]);
    }
}
