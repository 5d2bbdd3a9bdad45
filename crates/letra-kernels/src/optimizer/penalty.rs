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
        let groups = parameters.chunks(LANES).zip(gradients.chunks_mut(LANES));
        for (parameters, gradients) in groups {
            let [absolutes, squares] = &mut sums;
            let terms = absolutes.iter_mut().zip(squares);
            for ((w, g), (absolute, square)) in parameters.iter().zip(gradients).zip(terms) {
                let w = *w;
                let sign = if w > 0.0 { l1 } else { 0.0 } - if w < 0.0 { l1 } else { 0.0 };
                *g += sign + 2.0 * l2 * w;
                *absolute += f64::from(w.abs());
                *square += f64::from(w) * f64::from(w);
            }
        }
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

/// The sum of `of` each value, in double precision.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    for values in values.chunks(LANES) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += of(f64::from(value));
        }
    }
    sums.iter().sum()
}

kernel! {
    fn absolute_sum(values: &[f32]) -> f64 {
        sum(values, #[inline(always)] |value| value.abs())
    }

    /// Σx², in double precision.
    pub fn square_sum(values: &[f32]) -> f64 {
        sum(values, #[inline(always)] |value| value * value)
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
