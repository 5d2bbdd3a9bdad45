use super::*;
use crate::noise::Noise;
use crate::simd::tests::{bits, on_each_instruction_set};

/// Zeros and ones.
fn states(noise: &mut Noise, count: usize) -> Vec<f32> {
    let numbers = noise.values(count);
    numbers
        .iter()
        .map(|x| f32::from(u8::from(*x > 0.0)))
        .collect()
}

/// A matrix by its rows, or by its columns.
fn laid_out(data: &[f32], by_columns: bool, rows: usize, columns: usize) -> Mat<'_> {
    match by_columns {
        true => Mat::transposed(data, rows),
        false => Mat::row_major(data, columns),
    }
}

#[test]
fn agrees_with_its_twin() {
    let mut noise = Noise::new(1);
    for case in 0..60 {
        let limit = [3, 20, 150][case % 3];
        let [m, n] = [(); 2].map(|()| noise.between(0, limit));
        let k = noise.between(0, [3, 70, 300][case / 3 % 3]);
        let (left, right) = (states(&mut noise, m * k), noise.values(k * n));
        let left = laid_out(&left, case % 2 == 0, m, k);
        let right = laid_out(&right, case % 4 < 2, k, n);
        let before = noise.values(m * n);
        on_each_instruction_set(|| {
            let mut product = before.clone();
            add_product(m, n, k, MatMut::row_major(&mut product, n), left, right);
            for i in 0..m {
                for j in 0..n {
                    let at = |matrix: Mat<'_>, row: usize, column: usize| {
                        let place = row * matrix.row_stride + column * matrix.column_stride;
                        f64::from(matrix.data[place])
                    };
                    let sum: f64 = (0..k).map(|p| at(left, i, p) * at(right, p, j)).sum();
                    let wanted = f64::from(before[i * n + j]) + sum;
                    let found = f64::from(product[i * n + j]);
                    assert!((found - wanted).abs() < 1e-4, "{found} for {wanted}");
                }
            }
            bits(&product)
        });
    }
}

#[test]
fn a_part_has_the_bits_of_the_whole() {
    let (m, n, k) = (150, 50, 130);
    let mut noise = Noise::new(2);
    let (left, right) = (states(&mut noise, m * k), noise.values(k * n));
    let right = Mat::transposed(&right, k);
    on_each_instruction_set(|| {
        let mut whole = vec![0.0; m * n];
        let destination = MatMut::row_major(&mut whole, n);
        add_product(m, n, k, destination, Mat::row_major(&left, k), right);
        for rows in [0..1, 1..14, 3..24, 13..40, 20..150] {
            let mut part = vec![0.0; rows.len() * n];
            let left = Mat::row_major(&left[rows.start * k..], k);
            let destination = MatMut::row_major(&mut part, n);
            add_product(rows.len(), n, k, destination, left, right);
            assert_eq!(bits(&part), bits(&whole[rows.start * n..rows.end * n]));
        }
    });
}

#[test]
fn what_is_not_a_number_shows_and_other_values_are_multiplied() {
    for m in [2, 40] {
        let (n, k) = (20, 9);
        for bad in [f32::NAN, f32::INFINITY] {
            let mut right = vec![1.0; k * n];
            right[4 * n + 7] = bad;
            let (left, mut product) = (vec![0.0; m * k], vec![0.0; m * n]);
            let (left, right) = (Mat::row_major(&left, k), Mat::row_major(&right, n));
            add_product(m, n, k, MatMut::row_major(&mut product, n), left, right);
            for (place, value) in product.iter().enumerate() {
                assert_eq!(value.is_nan(), place % n == 7);
            }
        }
        for other in [0.5, -0.0, -1.0, f32::NAN] {
            let mut left = vec![1.0; m * k];
            left[3] = other;
            let right = vec![1.0; k * n];
            let (left, right) = (Mat::row_major(&left, k), Mat::row_major(&right, n));
            let (mut product, mut wanted) = (vec![2.0; m * n], vec![2.0; m * n]);
            add_product(m, n, k, MatMut::row_major(&mut product, n), left, right);
            let destination = MatMut::row_major(&mut wanted, n);
            gemm(m, n, k, destination, true, left, right);
            assert_eq!(bits(&product), bits(&wanted));
        }
    }
}
