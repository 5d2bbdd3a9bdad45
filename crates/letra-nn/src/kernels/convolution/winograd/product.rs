//! Products of small matrices that lie in the cache as they are needed.

use crate::kernels::convolution::vector::{load_unchecked, store};
use pulp::{Simd, WithSimd};

/// `destination [rows, columns]` = or += Σ over k of `left[row, k]` · `right[k, columns]`.
pub(super) struct Product<'a> {
    pub(super) rows: usize,
    /// A multiple of the vectors' lanes.
    pub(super) columns: usize,
    pub(super) depth: usize,
    pub(super) left: &'a [f32],
    /// Distance of two rows, and of two k, of the left matrix.
    pub(super) left_strides: [usize; 2],
    /// Rows of `columns` elements.
    pub(super) right: &'a [f32],
    /// Rows of `columns` elements.
    pub(super) destination: &'a mut [f32],
    pub(super) accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let [row_stride, step] = self.left_strides;
        if self.rows == 0 || self.columns == 0 || self.depth == 0 {
            return;
        }
        assert!((self.rows - 1) * row_stride + (self.depth - 1) * step < self.left.len());
        assert!(self.depth * self.columns <= self.right.len());
        assert!(self.rows * self.columns <= self.destination.len());
        let mut column = 0;
        while column + 2 * S::F32_LANES <= self.columns {
            self.strip::<S, 2>(simd, column);
            column += 2 * S::F32_LANES;
        }
        if column + S::F32_LANES <= self.columns {
            self.strip::<S, 1>(simd, column);
        }
    }
}

impl Product<'_> {
    /// All rows of `VECTORS` vectors of columns.
    #[inline(always)]
    fn strip<S: Simd, const VECTORS: usize>(&mut self, simd: S, column: usize) {
        let mut row = 0;
        while row + 6 <= self.rows {
            self.block::<S, 6, VECTORS>(simd, row, column);
            row += 6;
        }
        if row + 4 <= self.rows {
            self.block::<S, 4, VECTORS>(simd, row, column);
            row += 4;
        }
        while row < self.rows {
            self.block::<S, 1, VECTORS>(simd, row, column);
            row += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
    ) {
        let [row_stride, step] = self.left_strides;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let left = &self.left[row * row_stride..];
        let right = &self.right[column..];
        debug_assert!((ROWS - 1) * row_stride + (self.depth - 1) * step < left.len());
        for k in 0..self.depth {
            let mut x = [simd.splat_f32s(0.0); VECTORS];
            for (vector, x) in x.iter_mut().enumerate() {
                // SAFETY: the right matrix has `depth` rows of `columns` elements, as asserted.
                *x =
                    unsafe { load_unchecked::<S>(right, k * self.columns + vector * S::F32_LANES) };
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: the left matrix has `rows` rows of `depth` elements, as asserted.
                let factor = unsafe { *left.get_unchecked(row * row_stride + k * step) };
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = simd.mul_add_f32s(simd.splat_f32s(factor), x, *sum);
                }
            }
        }
        for (at, sums) in sums.iter().enumerate() {
            let start = (row + at) * self.columns + column;
            let destination = &mut self.destination[start..][..VECTORS * S::F32_LANES];
            for (vector, &sum) in sums.iter().enumerate() {
                let at = vector * S::F32_LANES;
                let sum = if self.accumulate {
                    simd.add_f32s(sum, S::as_simd_f32s(&destination[at..]).0[0])
                } else {
                    sum
                };
                store::<S>(destination, at, sum);
            }
        }
    }
}
