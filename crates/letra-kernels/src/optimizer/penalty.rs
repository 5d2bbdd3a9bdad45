//! What is done to gradients before an update, and to parameters after it.

use super::assert_lengths;
use crate::simd::kernel;

/// Values of a sum that are added side by side, so that vectors of any width give the same bits.
const LANES: usize = 16;

/// g ← g + l1 · sign(w) + 2 l2 · w; returns l1 · Σ|w| + l2 · Σw², as Keras's L1 and L2 have it.
/// The sign of 0 is 0.
pub fn penalize(parameters: &[f32], gradients: &mut [f32], l1: f32, l2: f32) -> f64 {
    assert_lengths(parameters, &[gradients]);
    let [sum, square_sum] = penalize_and_sum(parameters, gradients, l1, l2);
    f64::from(l1) * sum + f64::from(l2) * square_sum
}

kernel! {
    fn penalize_and_sum(parameters: &[f32], gradients: &mut [f32], l1: f32, l2: f32) -> [f64; 2] {
        let mut sums = [[0.0; LANES]; 2];
        let (parameters, last_parameters) = parameters.as_chunks::<LANES>();
        let (gradients, last_gradients) = gradients.as_chunks_mut::<LANES>();
        let mut add = |parameters: &[f32; LANES], gradients: &mut [f32; LANES]| {
            for i in 0..LANES {
                let w = parameters[i];
                let sign = if w > 0.0 { l1 } else { 0.0 } - if w < 0.0 { l1 } else { 0.0 };
                gradients[i] += sign + 2.0 * l2 * w;
                sums[0][i] += f64::from(w.abs());
                sums[1][i] += f64::from(w) * f64::from(w);
            }
        };
        for (parameters, gradients) in parameters.iter().zip(gradients) {
            add(parameters, gradients);
        }
        let (mut parameters, mut gradients) = ([0.0; LANES], [0.0; LANES]);
        parameters[..last_parameters.len()].copy_from_slice(last_parameters);
        gradients[..last_gradients.len()].copy_from_slice(last_gradients);
        add(&parameters, &mut gradients);
        last_gradients.copy_from_slice(&gradients[..last_gradients.len()]);
        sums.map(|sums| sums.iter().sum())
    }
}

/// l1 · Σ|w| + l2 · Σw².
pub fn penalty(parameters: &[f32], l1: f32, l2: f32) -> f64 {
    let sum = match l1 == 0.0 {
        true => 0.0,
        false => absolute_sum(parameters),
    };
    f64::from(l1) * sum + f64::from(l2) * square_sum(parameters)
}

kernel! {
    fn absolute_sum(values: &[f32]) -> f64 {
        let mut sums = [0.0; LANES];
        let (values, last) = values.as_chunks::<LANES>();
        for values in values {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += f64::from(value.abs());
            }
        }
        for (sum, &value) in sums.iter_mut().zip(last) {
            *sum += f64::from(value.abs());
        }
        sums.iter().sum()
    }

    /// Σx², in double precision.
    pub fn square_sum(values: &[f32]) -> f64 {
        let mut sums = [0.0; LANES];
        let (values, last) = values.as_chunks::<LANES>();
        for values in values {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        for (sum, &value) in sums.iter_mut().zip(last) {
            *sum += f64::from(value) * f64::from(value);
        }
        sums.iter().sum()
    }

    /// Cuts values to magnitudes of at most `limit`; a value that is no number stays.
    pub fn clip(values: &mut [f32], limit: f32) {
        for value in values {
            *value = value.clamp(-limit, limit);
        }
    }

    /// x ← factor · x
    pub fn scale(values: &mut [f32], factor: f32) {
        for value in values {
            *value *= factor;
        }
    }

    /// Shortens the columns of a row-major matrix whose norm is above `limit` to it: column j is
    /// multiplied by min(norm, limit) / (norm + 10⁻⁷), as Keras's `MaxNorm` does. `sums` is room for
    /// a number a column.
    pub fn limit_column_norms(matrix: &mut [f32], limit: f32, sums: &mut [f32]) {
        assert_eq!(
            matrix.len() % sums.len().max(1),
            0,
            "the matrix has no whole number of rows"
        );
        let columns = sums.len().max(1);
        sums.fill(0.0);
        for row in matrix.chunks_exact(columns) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += value * value;
            }
        }
        for sum in &mut *sums {
            let norm = sum.sqrt();
            let wanted = if norm < limit { norm } else { limit };
            *sum = wanted / (norm + 1e-7);
        }
        for row in matrix.chunks_exact_mut(columns) {
            for (value, factor) in row.iter_mut().zip(&*sums) {
                *value *= factor;
            }
        }
    }
}
