//! Eigenvalues of symmetric matrices, in double precision.

/// Sweeps at most; a handful is usual.
const MOST_SWEEPS: usize = 60;

/// A square matrix, row-major.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub(super) size: usize,
    pub(super) values: Vec<f64>,
}

impl Matrix {
    pub(super) fn zeros(size: usize) -> Self {
        Matrix {
            size,
            values: vec![0.0; size * size],
        }
    }

    fn identity(size: usize) -> Self {
        let mut matrix = Self::zeros(size);
        matrix
            .values
            .iter_mut()
            .step_by(size + 1)
            .for_each(|value| *value = 1.0);
        matrix
    }

    pub(super) fn trace(&self) -> f64 {
        self.values.iter().step_by(self.size + 1).sum()
    }

    pub(super) fn times(&self, other: &Matrix) -> Matrix {
        let mut product = Matrix::zeros(self.size);
        let rows = product.values.chunks_exact_mut(self.size);
        for (sums, row) in rows.zip(self.values.chunks_exact(self.size)) {
            for (factor, other) in row.iter().zip(other.values.chunks_exact(self.size)) {
                sums.iter_mut()
                    .zip(other)
                    .for_each(|(sum, value)| *sum += factor * value);
            }
        }
        product
    }

    /// Eigenvalues of a symmetric matrix and, as rows, their vectors, by Jacobi's method: rotations that
    /// set one value beside the diagonal to 0 each, sweep after sweep (Golub and Van Loan 2013, section 8.5).
    pub(super) fn eigen(&self) -> (Vec<f64>, Matrix) {
        let size = self.size;
        let (mut matrix, mut vectors) = (self.clone(), Matrix::identity(size));
        for _ in 0..MOST_SWEEPS {
            let (mut beside, mut all) = (0.0, 0.0);
            for (index, value) in matrix.values.iter().enumerate() {
                all += value * value;
                if index / size != index % size {
                    beside += value * value;
                }
            }
            if beside <= all * 1e-30 {
                break;
            }
            for first in 0..size {
                for second in first + 1..size {
                    matrix.rotate(&mut vectors, first, second);
                }
            }
        }
        let diagonal = matrix.values.iter().step_by(size + 1).copied();
        (diagonal.collect(), vectors)
    }

    /// Sets the values at two places beside the diagonal to 0.
    fn rotate(&mut self, vectors: &mut Matrix, p: usize, q: usize) {
        let size = self.size;
        let at = |row: usize, column: usize| row * size + column;
        let beside = self.values[at(p, q)];
        if beside == 0.0 {
            return;
        }
        let theta = (self.values[at(q, q)] - self.values[at(p, p)]) / (2.0 * beside);
        let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
        let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
        let sine = tangent * cosine;
        let turn = |values: &mut [f64], first: usize, second: usize| {
            let (a, b) = (values[first], values[second]);
            values[first] = cosine * a - sine * b;
            values[second] = sine * a + cosine * b;
        };
        for row in 0..size {
            turn(&mut self.values, at(row, p), at(row, q));
        }
        for column in 0..size {
            turn(&mut self.values, at(p, column), at(q, column));
            turn(&mut vectors.values, at(p, column), at(q, column));
        }
        self.values[at(p, q)] = 0.0;
        self.values[at(q, p)] = 0.0;
    }

    /// The square root of a symmetric matrix without negative eigenvalues; those that rounding made
    /// negative are 0.
    pub(super) fn square_root(&self) -> Matrix {
        let (values, vectors) = self.eigen();
        let mut root = Matrix::zeros(self.size);
        for (value, vector) in values.iter().zip(vectors.values.chunks_exact(self.size)) {
            let factor = value.max(0.0).sqrt();
            for (row, left) in root.values.chunks_exact_mut(self.size).zip(vector) {
                row.iter_mut()
                    .zip(vector)
                    .for_each(|(sum, right)| *sum += factor * left * right);
            }
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Domain, Random};

    /// A symmetric matrix without negative eigenvalues.
    fn positive(size: usize, seed: u64) -> Matrix {
        let random = Random::new(seed, Domain::Data, 0, 0);
        let values = random
            .normal(0, size * size)
            .into_iter()
            .map(f64::from)
            .collect();
        let factor = Matrix { size, values };
        let mut transposed = factor.clone();
        for row in 0..size {
            for column in 0..size {
                transposed.values[row * size + column] = factor.values[column * size + row];
            }
        }
        factor.times(&transposed)
    }

    #[test]
    fn a_square_root_is_one() {
        for size in [1, 2, 3, 7, 20] {
            let matrix = positive(size, size as u64);
            let root = matrix.square_root();
            let square = root.times(&root);
            for (square, value) in square.values.iter().zip(&matrix.values) {
                assert!((square - value).abs() < 1e-10 * (1.0 + value.abs()));
            }
        }
    }

    #[test]
    fn vectors_are_stretched_by_their_values() {
        let matrix = positive(9, 4);
        let (values, vectors) = matrix.eigen();
        for (value, vector) in values.iter().zip(vectors.values.chunks_exact(9)) {
            for (row, own) in matrix.values.chunks_exact(9).zip(vector) {
                let product: f64 = row.iter().zip(vector).map(|(a, b)| a * b).sum();
                assert!((product - value * own).abs() < 1e-10);
            }
        }
    }
}
