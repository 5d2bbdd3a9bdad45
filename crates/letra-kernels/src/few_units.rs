//! The dense layer with few units, fewer than fill a vector several times over: vectors run along
//! the inputs instead.

use std::array;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::dense::Sum;
use super::gemm::blocks;
use super::simd::{Aligned, LANES, load, mul_add, prefetch, transpose};

/// The most units these kernels take.
pub(crate) const MOST: usize = 8;

/// Inputs that are worked on at a time: their part of the kernel, transposed, stays in the
/// first-level cache.
const INPUTS: usize = 512;

/// output += input · kernel for at most [`MOST`] units.
pub(super) struct Forward<'a>(pub(super) Sum<'a>);

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for range in blocks(self.0.inputs, INPUTS) {
            match LANES / S::F32_LANES {
                1 => self.range::<S, 1>(simd, range),
                2 => self.range::<S, 2>(simd, range),
                _ => self.range::<S, 4>(simd, range),
            }
        }
    }
}

impl Forward<'_> {
    /// Adds the share of some inputs to all outputs; `P` vectors hold [`LANES`] values.
    #[inline(always)]
    fn range<S: Simd, const P: usize>(&mut self, simd: S, range: Range<usize>) {
        match self.0.units {
            1 => self.block::<S, P, 1, 4>(simd, range),
            2 => self.block::<S, P, 2, 4>(simd, range),
            3 => self.block::<S, P, 3, 4>(simd, range),
            4 => self.block::<S, P, 4, 3>(simd, range),
            5 => self.block::<S, P, 5, 3>(simd, range),
            6 => self.block::<S, P, 6, 2>(simd, range),
            7 => self.block::<S, P, 7, 1>(simd, range),
            _ => self.block::<S, P, MOST, 1>(simd, range),
        }
    }

    /// The same for `U` units, `R` samples at a time.
    #[inline(always)]
    fn block<S: Simd, const P: usize, const U: usize, const R: usize>(
        &mut self,
        simd: S,
        range: Range<usize>,
    ) {
        let mut columns = Aligned([[0.0; INPUTS]; U]);
        transpose_kernel(
            &self.0.kernel[range.start * U..range.end * U],
            &mut columns.0,
        );
        let whole = self.0.samples / R * R;
        for sample in (0..whole).step_by(R) {
            self.rows::<S, P, U, R>(simd, sample, range.clone(), &columns.0);
        }
        for sample in whole..self.0.samples {
            self.rows::<S, P, U, 1>(simd, sample, range.clone(), &columns.0);
        }
    }

    #[inline(always)]
    fn rows<S: Simd, const P: usize, const U: usize, const R: usize>(
        &mut self,
        simd: S,
        sample: usize,
        range: Range<usize>,
        columns: &[[f32; INPUTS]; U],
    ) {
        let rows: [&[f32]; R] =
            array::from_fn(|r| &self.0.input[(sample + r) * self.0.inputs..][range.clone()]);
        let ahead = (sample + R) * self.0.inputs + range.start;
        let mut sums = [[[simd.splat_f32s(0.0); P]; U]; R];
        for part in 0..P {
            let ahead = &self.0.input[ahead.min(self.0.input.len())..];
            let part_sums = part_of_rows(simd, part, &rows, columns, (ahead, self.0.inputs));
            for (sums, part_sums) in sums.iter_mut().zip(part_sums) {
                for (sum, part_sum) in sums.iter_mut().zip(part_sums) {
                    sum[part] = part_sum;
                }
            }
        }
        let outputs = self.0.output[sample * U..][..R * U].chunks_exact_mut(U);
        for (output, sums) in outputs.zip(sums) {
            for (output, sum) in output.iter_mut().zip(sums) {
                *output += total(simd, sum);
            }
        }
    }
}

/// The products of rows with columns, summed in one of the vectors that hold [`LANES`] values
/// together. `ahead` are the rows that come next, and the distance between two of them.
#[inline(always)]
fn part_of_rows<S: Simd, const U: usize, const R: usize>(
    simd: S,
    part: usize,
    rows: &[&[f32]; R],
    columns: &[[f32; INPUTS]; U],
    (ahead, distance): (&[f32], usize),
) -> [[S::f32s; U]; R] {
    let length = rows[0].len();
    let (lines, rest) = (length / LANES, length % LANES);
    let parts = LANES / S::F32_LANES;
    let whole = rows.map(|row| &S::as_simd_f32s(row).0[..lines * parts]);
    let weights: [&[S::f32s]; U] =
        array::from_fn(|u| &S::as_simd_f32s(&columns[u]).0[..lines * parts]);
    let mut sums = [[simd.splat_f32s(0.0); U]; R];
    for v in (part..lines * parts).step_by(parts) {
        for r in 0..R {
            prefetch(ahead, r * distance + v * S::F32_LANES);
        }
        for (u, weights) in weights.iter().enumerate() {
            let weight = weights[v];
            for (row, sums) in whole.iter().zip(&mut sums) {
                sums[u] = mul_add(simd, row[v], weight, sums[u]);
            }
        }
    }
    if rest > 0 {
        // Beyond the row there are zeros, on which zeros of the kernel fall.
        let start = lines * LANES + part * S::F32_LANES;
        let range = start.min(length)..length.min(start + S::F32_LANES);
        for (row, sums) in rows.iter().zip(&mut sums) {
            let row = load(simd, &row[range.clone()]);
            for (weights, sum) in columns.iter().zip(sums) {
                let weights = load(simd, &weights[start..start + S::F32_LANES]);
                *sum = mul_add(simd, row, weights, *sum);
            }
        }
    }
    sums
}

/// The sum of [`LANES`] values: the second half is added to the first until one is left.
#[inline(always)]
fn total<S: Simd, const P: usize>(simd: S, mut vectors: [S::f32s; P]) -> f32 {
    let mut half = P / 2;
    while half > 0 {
        for i in 0..half {
            vectors[i] = simd.add_f32s(vectors[i], vectors[i + half]);
        }
        half /= 2;
    }
    simd.reduce_sum_f32s(vectors[0])
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

/// gradient += the rows `rows` of inputᵀ · delta for at most [`MOST`] units.
pub(super) struct KernelGradient<'a> {
    pub(super) inputs: usize,
    pub(super) units: usize,
    pub(super) rows: Range<usize>,
    pub(super) input: &'a [f32],
    pub(super) delta: &'a [f32],
    pub(super) gradient: &'a mut [f32],
}

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match self.units {
            1 => self.all::<S, 1, 4>(simd),
            2 => self.all::<S, 2, 4>(simd),
            3 => self.all::<S, 3, 4>(simd),
            4 => self.all::<S, 4, 2>(simd),
            5 => self.all::<S, 5, 2>(simd),
            6 => self.all::<S, 6, 2>(simd),
            7 => self.all::<S, 7, 1>(simd),
            _ => self.all::<S, MOST, 1>(simd),
        }
    }
}

impl KernelGradient<'_> {
    /// Adds the products to all rows, `V` vectors of rows at a time.
    #[inline(always)]
    fn all<S: Simd, const U: usize, const V: usize>(&mut self, simd: S) {
        let length = self.rows.len();
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
        let width = (V * S::F32_LANES).min(self.rows.len() - row);
        let column = self.rows.start + row;
        let mut sums = [[simd.splat_f32s(0.0); V]; U];
        let (delta, _) = self.delta.as_chunks::<U>();
        for (sample, delta) in delta.iter().enumerate() {
            let values = &self.input[sample * self.inputs + column..][..width];
            let values: [S::f32s; V] = match S::as_simd_f32s(values).0.first_chunk() {
                Some(values) => *values,
                None => [load(simd, values); V],
            };
            for (delta, sums) in delta.iter().zip(&mut sums) {
                let delta = simd.splat_f32s(*delta);
                for (value, sum) in values.iter().zip(sums) {
                    *sum = mul_add(simd, *value, delta, *sum);
                }
            }
        }
        let (gradients, _) = self.gradient[row * U..][..width * U].as_chunks_mut::<U>();
        for (u, sums) in sums.iter().enumerate() {
            let sums = pulp::bytemuck::cast_slice::<S::f32s, f32>(sums);
            for (gradient, sum) in gradients.iter_mut().zip(sums) {
                gradient[u] += sum;
            }
        }
    }
}
