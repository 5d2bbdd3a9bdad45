//! The largest of several pieces, unit by unit.

use super::simd::kernel;

kernel! {
    /// output = the largest of the pieces of `values` `[rows, pieces, units]`, unit by unit; what is
    /// not a number counts as the largest. `output` is `[rows, units]`.
    pub fn forward(pieces: usize, units: usize, values: &[f32], output: &mut [f32]) {
        assert_eq!(
            values.len(),
            pieces * output.len(),
            "values are not pieces × outputs"
        );
        let rows = values.chunks_exact(pieces * units);
        for (output, values) in output.chunks_exact_mut(units).zip(rows) {
            output.copy_from_slice(&values[..units]);
            for piece in values[units..].chunks_exact(units) {
                for (output, value) in output.iter_mut().zip(piece) {
                    *output = if *output >= *value || output.is_nan() { *output } else { *value };
                }
            }
        }
    }

    /// The gradient by `values`: that by the output where a piece is the first to equal it, and 0
    /// elsewhere.
    pub fn backward(
        pieces: usize,
        units: usize,
        values: &[f32],
        output: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
    ) {
        assert_eq!(
            values.len(),
            gradient.len(),
            "gradient and values differ in length"
        );
        assert_eq!(
            values.len(),
            pieces * output.len(),
            "values are not pieces × outputs"
        );
        assert_eq!(
            output.len(),
            output_gradient.len(),
            "gradient and output differ in length"
        );
        let row = pieces * units;
        let outputs = output.chunks_exact(units).zip(output_gradient.chunks_exact(units));
        let rows = gradient.chunks_exact_mut(row).zip(values.chunks_exact(row));
        for ((gradient, values), (output, output_gradient)) in rows.zip(outputs) {
            for piece in 0..pieces {
                let own = &mut gradient[piece * units..][..units];
                let slopes = own.iter_mut().zip(&values[piece * units..][..units]);
                for ((slope, value), (output, given)) in
                    slopes.zip(output.iter().zip(output_gradient))
                {
                    let won = (value == output) | value.is_nan();
                    *slope = if won { *given } else { 0.0 };
                }
                // An earlier piece that is as large has won already.
                for earlier in 0..piece {
                    let earlier = &values[earlier * units..][..units];
                    let slopes = own.iter_mut();
                    for ((slope, value), output) in slopes.zip(earlier).zip(output) {
                        let won = (value == output) | value.is_nan();
                        *slope = if won { 0.0 } else { *slope };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn the_first_of_the_largest_wins() {
        let mut noise = Noise::new(61);
        for _ in 0..100 {
            let (rows, units) = (noise.between(0, 9), noise.between(1, 40));
            let pieces = noise.between(1, 5);
            // Few different values, so that some are equal.
            let values: Vec<f32> = noise
                .values(rows * pieces * units)
                .iter()
                .map(|v| (3.0 * v).round())
                .collect();
            let given = noise.values(rows * units);
            on_each_instruction_set(|| {
                let mut output = vec![f32::NAN; rows * units];
                let mut gradient = vec![f32::NAN; values.len()];
                forward(pieces, units, &values, &mut output);
                backward(pieces, units, &values, &output, &given, &mut gradient);
                for (at, &largest) in output.iter().enumerate() {
                    let (row, unit) = (at / units, at % units);
                    let place = |piece: usize| (row * pieces + piece) * units + unit;
                    let own: Vec<f32> = (0..pieces).map(|piece| values[place(piece)]).collect();
                    let most = own.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    assert_eq!(largest, most);
                    let winner = own.iter().position(|value| *value == most).unwrap();
                    for piece in 0..pieces {
                        let wanted = if piece == winner { given[at] } else { 0.0 };
                        assert_eq!(gradient[place(piece)], wanted);
                    }
                }
            });
        }
    }

    #[test]
    fn what_is_undefined_shows() {
        on_each_instruction_set(|| {
            let mut output = [0.0; 2];
            forward(2, 2, &[f32::NAN, 1.0, 3.0, f32::NAN], &mut output);
            assert!(output.iter().all(|value| value.is_nan()));
        });
    }
}
