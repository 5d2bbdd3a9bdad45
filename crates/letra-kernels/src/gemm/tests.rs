use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

fn twin(m: usize, n: usize, k: usize, left: Mat<'_>, right: Mat<'_>) -> Vec<f64> {
    let entry = |matrix: Mat<'_>, row: usize, column: usize| {
        f64::from(matrix.data[row * matrix.row_stride + column * matrix.column_stride])
    };
    let mut product = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for p in 0..k {
                product[i * n + j] += entry(left, i, p) * entry(right, p, j);
            }
        }
    }
    product
}

/// A matrix in one of four layouts: by rows or by columns, with or without gaps.
fn matrix(noise: &mut Noise, rows: usize, columns: usize) -> (Vec<f32>, usize, usize) {
    let gap = noise.between(0, 1) * 3;
    match noise.between(0, 1) {
        0 => (noise.values(rows * (columns + gap)), columns + gap, 1),
        _ => (noise.values(columns * (rows + gap)), 1, rows + gap),
    }
}

#[test]
fn agrees_with_its_twin() {
    let mut noise = Noise::new(1);
    for case in 0..150 {
        let limit = [3, 20, 90][case % 3];
        // Every other product has few rows, whose right factor is not copied.
        let m = noise.between(0, [limit, 3][case % 2]);
        let n = noise.between(0, limit);
        let k = noise.between(0, [3, 70, 700][case % 3]);
        let (left, row_stride, column_stride) = matrix(&mut noise, m, k);
        let left = Mat {
            data: &left,
            row_stride,
            column_stride,
        };
        let (right, row_stride, column_stride) = matrix(&mut noise, k, n);
        let right = Mat {
            data: &right,
            row_stride,
            column_stride,
        };
        let row_stride = n + noise.between(0, 2);
        let before = noise.values(m * row_stride);
        let twin = twin(m, n, k, left, right);
        let tolerance = 1e-5 * (k as f64).sqrt().max(1.0);
        for accumulate in [false, true] {
            on_each_instruction_set(|| {
                let mut product = before.clone();
                let destination = MatMut {
                    data: &mut product,
                    row_stride,
                };
                gemm(m, n, k, destination, accumulate, left, right);
                for (index, (value, before)) in product.iter().zip(&before).enumerate() {
                    let (i, j) = (index / row_stride, index % row_stride);
                    let expected = match (j < n, accumulate) {
                        (true, true) => twin[i * n + j] + f64::from(*before),
                        (true, false) => twin[i * n + j],
                        (false, _) => f64::from(*before),
                    };
                    assert!(
                        (f64::from(*value) - expected).abs() < tolerance,
                        "{m} {n} {k}"
                    );
                }
                bits(&product)
            });
        }
    }
}

#[test]
fn a_part_has_the_bits_of_the_whole() {
    let (m, k) = (40, 700);
    let mut noise = Noise::new(2);
    let left = noise.values(m * k);
    for n in [50, 110] {
        let right = noise.values(k * n);
        for (left, next_row) in [
            (Mat::row_major(&left, k), k),
            (Mat::transposed(&left, m), 1),
        ] {
            on_each_instruction_set(|| {
                let mut whole = vec![0.0; m * n];
                let right = Mat::row_major(&right, n);
                let destination = MatMut::row_major(&mut whole, n);
                gemm(m, n, k, destination, false, left, right);
                for rows in [0..1, 1..3, 1..4, 3..24, 13..40] {
                    let mut part = vec![0.0; rows.len() * n];
                    let left = Mat {
                        data: &left.data[rows.start * next_row..],
                        ..left
                    };
                    let destination = MatMut::row_major(&mut part, n);
                    gemm(rows.len(), n, k, destination, false, left, right);
                    assert_eq!(part, whole[rows.start * n..rows.end * n]);
                }
            });
        }
    }
}

#[test]
#[should_panic(expected = "left is not m × k")]
fn refuses_a_factor_that_is_too_small() {
    let (left, right, mut product) = ([0.0; 5], [0.0; 6], [0.0; 4]);
    let (left, right) = (Mat::row_major(&left, 3), Mat::row_major(&right, 2));
    gemm(
        2,
        2,
        3,
        MatMut::row_major(&mut product, 2),
        false,
        left,
        right,
    );
}
