//! The dense layer with few units, fewer than fill a vector several times over: vectors run along
//! the inputs instead. Where a vector of inputs is zero throughout, as most are in pictures of ink
//! on paper, it is skipped; an infinite or undefined weight or gradient that meets only such zeros
//! leaves no trace where 0 · ∞ would have given NaN.

use std::array;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::dense::{GradientSum, Sum};
use super::gemm::blocks;
use super::simd::{load, transpose};
use super::sparse::one_unless_zero;

/// The most units these kernels take.
pub(super) const UNITS: usize = 8;

/// Inputs that are worked on at a time: their part of the kernel, transposed, stays in the
/// first-level cache.
const INPUTS: usize = 512;

/// output += input · kernel for at most [`UNITS`] units.
pub(super) struct Forward<'a>(pub(super) Sum<'a>);

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for range in blocks(self.0.inputs, INPUTS) {
            match self.0.units {
                1 => self.block::<S, 1, 4>(simd, range),
                2 => self.block::<S, 2, 4>(simd, range),
                3 => self.block::<S, 3, 4>(simd, range),
                4 => self.block::<S, 4, 1>(simd, range),
                5 => self.block::<S, 5, 1>(simd, range),
                6 => self.block::<S, 6, 1>(simd, range),
                7 => self.block::<S, 7, 1>(simd, range),
                _ => self.block::<S, UNITS, 1>(simd, range),
            }
        }
    }
}

impl Forward<'_> {
    /// Adds the share of some inputs to all outputs, `R` samples at a time.
    #[inline(always)]
    fn block<S: Simd, const U: usize, const R: usize>(&mut self, simd: S, range: Range<usize>) {
        let mut columns = [[0.0; INPUTS]; U];
        transpose_kernel(&self.0.kernel[range.start * U..range.end * U], &mut columns);
        let whole = self.0.samples / R * R;
        for sample in (0..whole).step_by(R) {
            self.rows::<S, U, R>(simd, sample, range.clone(), &columns);
        }
        for sample in whole..self.0.samples {
            self.rows::<S, U, 1>(simd, sample, range.clone(), &columns);
        }
    }

    #[inline(always)]
    fn rows<S: Simd, const U: usize, const R: usize>(
        &mut self,
        simd: S,
        sample: usize,
        range: Range<usize>,
        columns: &[[f32; INPUTS]; U],
    ) {
        let rows: [&[f32]; R] =
            array::from_fn(|r| &self.0.input[(sample + r) * self.0.inputs..][range.clone()]);
        let (vectors, rest) = (range.len() / S::F32_LANES, range.len() % S::F32_LANES);
        let whole = rows.map(|row| &S::as_simd_f32s(row).0[..vectors]);
        let weights: [&[S::f32s]; U] =
            array::from_fn(|u| &S::as_simd_f32s(&columns[u]).0[..vectors]);
        let mut sums = [[simd.splat_f32s(0.0); U]; R];
        for range in blocks(vectors, MARKS) {
            let start = range.start;
            let mut marks = marks(simd, range, |v| whole.map(|row| row[v]));
            while let Some(v) = next(&mut marks) {
                let v = start + v;
                for (u, weights) in weights.iter().enumerate() {
                    let weight = weights[v];
                    for (row, sums) in whole.iter().zip(&mut sums) {
                        sums[u] = simd.mul_add_e_f32s(row[v], weight, sums[u]);
                    }
                }
            }
        }
        if rest > 0 {
            let start = range.len() - rest;
            for (row, sums) in rows.iter().zip(&mut sums) {
                let row = load(simd, &row[start..]);
                for (weights, sum) in columns.iter().zip(sums) {
                    // Beyond the row there are zeros, on which zeros of the kernel fall.
                    let end = (start + S::F32_LANES).min(INPUTS);
                    let weights = load(simd, &weights[start..end]);
                    *sum = simd.mul_add_e_f32s(row, weights, *sum);
                }
            }
        }
        let outputs = self.0.output[sample * U..][..R * U].chunks_exact_mut(U);
        for (output, sums) in outputs.zip(&sums) {
            for (output, sum) in output.iter_mut().zip(sums) {
                *output += simd.reduce_sum_f32s(*sum);
            }
        }
    }
}

/// Vectors that are marked at a time: the bits of a mark.
const MARKS: usize = 32;

/// A bit for each number in `range`, at most [`MARKS`] of them: whether any of its vectors is not
/// zero throughout.
#[inline(always)]
fn marks<S: Simd, const N: usize>(
    simd: S,
    range: Range<usize>,
    vectors: impl Fn(usize) -> [S::f32s; N],
) -> u32 {
    let mut bits = simd.splat_u32s(0);
    for number in range.rev() {
        bits = simd.add_u32s(bits, bits);
        let mut any = simd.splat_u32s(0);
        for values in vectors(number) {
            any = simd.or_u32s(any, one_unless_zero(simd, values));
        }
        bits = simd.or_u32s(bits, any);
    }
    let lanes = [bits];
    let lanes = pulp::bytemuck::cast_slice::<S::u32s, u32>(&lanes);
    lanes.iter().fold(0, |all, lane| all | lane)
}

/// Takes the lowest bit away and returns its number.
#[inline(always)]
fn next(marks: &mut u32) -> Option<usize> {
    let lowest = marks.trailing_zeros() as usize;
    (*marks != 0).then(|| {
        *marks &= *marks - 1;
        lowest
    })
}

/// Writes the columns of `kernel`, whose rows have `U` entries, to `columns`.
#[inline(always)]
fn transpose_kernel<const U: usize>(kernel: &[f32], columns: &mut [[f32; INPUTS]; U]) {
    let (fours, rest) = kernel.as_chunks::<U>().0.as_chunks::<4>();
    for (i, [a, b, c, d]) in fours.iter().enumerate() {
        let place = 4 * i..4 * i + 4;
        for u in (0..U / 4 * 4).step_by(4) {
            let square = transpose([four(a, u), four(b, u), four(c, u), four(d, u)]);
            for (column, values) in columns[u..u + 4].iter_mut().zip(&square) {
                column[place.clone()].copy_from_slice(values);
            }
        }
        for u in U / 4 * 4..U {
            columns[u][place.clone()].copy_from_slice(&[a[u], b[u], c[u], d[u]]);
        }
    }
    for (i, row) in (4 * fours.len()..).zip(rest) {
        for (column, value) in columns.iter_mut().zip(row) {
            column[i] = *value;
        }
    }
}

#[inline(always)]
fn four<const U: usize>(row: &[f32; U], u: usize) -> [f32; 4] {
    [row[u], row[u + 1], row[u + 2], row[u + 3]]
}

/// gradient += inputᵀ · delta for at most [`UNITS`] units.
pub(super) struct KernelGradient<'a>(pub(super) GradientSum<'a>);

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match self.0.units {
            1 => self.all::<S, 1, 4>(simd),
            2 => self.all::<S, 2, 4>(simd),
            3 => self.all::<S, 3, 4>(simd),
            4 => self.all::<S, 4, 1>(simd),
            5 => self.all::<S, 5, 1>(simd),
            6 => self.all::<S, 6, 1>(simd),
            7 => self.all::<S, 7, 1>(simd),
            _ => self.all::<S, UNITS, 1>(simd),
        }
    }
}

impl KernelGradient<'_> {
    /// Adds the products to all rows, `V` vectors of rows at a time.
    #[inline(always)]
    fn all<S: Simd, const U: usize, const V: usize>(&mut self, simd: S) {
        let length = self.0.rows.len();
        let wide = V * S::F32_LANES;
        let mut row = 0;
        while length - row >= wide {
            self.vectors::<S, U, V>(simd, row);
            row += wide;
        }
        while row < length {
            self.vectors::<S, U, 1>(simd, row);
            row += S::F32_LANES;
        }
    }

    /// Adds the products to `V` vectors of rows, or as much of one as is left.
    #[inline(always)]
    fn vectors<S: Simd, const U: usize, const V: usize>(&mut self, simd: S, row: usize) {
        let width = (V * S::F32_LANES).min(self.0.rows.len() - row);
        let column = self.0.rows.start + row;
        let mut sums = [[simd.splat_f32s(0.0); V]; U];
        let (delta, _) = self.0.delta[..self.0.samples * U].as_chunks::<U>();
        let values = |sample: usize| -> [S::f32s; V] {
            let values = &self.0.input[sample * self.0.inputs + column..][..width];
            match S::as_simd_f32s(values).0.first_chunk() {
                Some(values) => *values,
                None => [load(simd, values); V],
            }
        };
        for range in blocks(self.0.samples, MARKS) {
            let start = range.start;
            let mut marks = marks(simd, range, values);
            while let Some(sample) = next(&mut marks) {
                let sample = start + sample;
                let values = values(sample);
                for (delta, sums) in delta[sample].iter().zip(&mut sums) {
                    let delta = simd.splat_f32s(*delta);
                    for (value, sum) in values.iter().zip(sums) {
                        *sum = simd.mul_add_e_f32s(*value, delta, *sum);
                    }
                }
            }
        }
        let sums: [&[f32]; U] =
            array::from_fn(|u| pulp::bytemuck::cast_slice::<S::f32s, f32>(&sums[u]));
        let (gradients, _) = self.0.gradient[row * U..][..width * U].as_chunks_mut::<U>();
        add_columns(&sums, gradients);
    }
}

/// Adds columns to the rows of `gradients`, which may be fewer than the columns are long.
#[inline(always)]
fn add_columns<const U: usize>(columns: &[&[f32]; U], gradients: &mut [[f32; U]]) {
    let (fours, rest) = gradients.as_chunks_mut::<4>();
    let done = 4 * fours.len();
    for (i, rows) in fours.iter_mut().enumerate() {
        let part: [[f32; 4]; U] = array::from_fn(|u| {
            let column = &columns[u][4 * i..][..4];
            [column[0], column[1], column[2], column[3]]
        });
        for u in (0..U / 4 * 4).step_by(4) {
            let square = transpose([part[u], part[u + 1], part[u + 2], part[u + 3]]);
            for (row, values) in rows.iter_mut().zip(&square) {
                for (gradient, value) in row[u..u + 4].iter_mut().zip(values) {
                    *gradient += value;
                }
            }
        }
        for u in U / 4 * 4..U {
            for (row, value) in rows.iter_mut().zip(&part[u]) {
                row[u] += value;
            }
        }
    }
    for (i, row) in (done..).zip(rest) {
        for (gradient, column) in row.iter_mut().zip(columns) {
            *gradient += column[i];
        }
    }
}
