//! Products of small matrices that lie in the cache, without packing.

use super::vector::{array, load, load_unchecked, relu, store_unchecked};
use crate::simd::mul_add;
use pulp::{Simd, WithSimd};

/// Places of the rows, or of the columns, of a matrix.
pub(super) trait Offsets: Copy {
    /// How many there are.
    fn count(self) -> usize;
    /// Where one of them lies.
    fn at(self, index: usize) -> usize;
    /// Where the one farthest away lies.
    fn farthest(self) -> usize;
}

/// Rows or columns at equal distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spaced {
    pub(super) count: usize,
    pub(super) step: usize,
}

impl Offsets for Spaced {
    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn at(self, index: usize) -> usize {
        index * self.step
    }

    #[inline(always)]
    fn farthest(self) -> usize {
        self.count.saturating_sub(1) * self.step
    }
}

/// Rows or columns anywhere.
impl Offsets for &[u32] {
    #[inline(always)]
    fn count(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn at(self, index: usize) -> usize {
        self[index] as usize
    }

    #[inline(always)]
    fn farthest(self) -> usize {
        self.iter().max().map_or(0, |&offset| offset as usize)
    }
}

/// What the sums begin with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'a> {
    /// With 0.
    Zero,
    /// With what the destination holds.
    Destination,
    /// With the same row of `columns` elements each.
    Row(&'a [f32]),
}

/// `destination [rows, columns]` = `start` + Σ over k of `left[row, k]` · `right[k, columns]`.
pub(super) struct Product<'a, O> {
    /// Element (row, k) is at `rows.at(row) + depth.at(k)`.
    pub(super) left: &'a [f32],
    pub(super) rows: O,
    pub(super) depth: O,
    /// Columns of the destination: a multiple of the vectors' lanes.
    pub(super) columns: usize,
    /// Rows of `columns` elements.
    pub(super) right: &'a [f32],
    /// Rows of `columns` elements.
    pub(super) destination: &'a mut [f32],
    pub(super) start: Start<'a>,
    /// Whether negative results become 0.
    pub(super) relu: bool,
}

/// Rows whose sums are held in registers together.
const ROWS: usize = 6;

impl<O: Offsets> WithSimd for Product<'_, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        assert!(self.rows.farthest() + self.depth.farthest() < self.left.len());
        assert!(self.depth.count() * self.columns <= self.right.len());
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

impl<O: Offsets> Product<'_, O> {
    /// All rows of `VECTORS` vectors of columns, in blocks as even as can be.
    #[inline(always)]
    fn strip<S: Simd, const VECTORS: usize>(&mut self, simd: S, column: usize) {
        let mut row = 0;
        for left in (1..=self.rows.count().div_ceil(ROWS)).rev() {
            let rows = (self.rows.count() - row).div_ceil(left);
            match rows {
                1 => self.block::<S, 1, VECTORS>(simd, row, column),
                2 => self.block::<S, 2, VECTORS>(simd, row, column),
                3 => self.block::<S, 3, VECTORS>(simd, row, column),
                4 => self.block::<S, 4, VECTORS>(simd, row, column),
                5 => self.block::<S, 5, VECTORS>(simd, row, column),
                _ => self.block::<S, ROWS, VECTORS>(simd, row, column),
            }
            row += rows;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const COUNT: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
    ) {
        let rows: [usize; COUNT] = array(|at| self.rows.at(row + at));
        let right = &self.right[column..];
        let destination = &mut self.destination[row * self.columns + column..];
        assert!((COUNT - 1) * self.columns + VECTORS * S::F32_LANES <= destination.len());
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; COUNT];
        match self.start {
            Start::Zero => {}
            Start::Destination => {
                for (at, sums) in sums.iter_mut().enumerate() {
                    for (vector, sum) in sums.iter_mut().enumerate() {
                        let at = at * self.columns + vector * S::F32_LANES;
                        // SAFETY: the destination has room, as asserted.
                        *sum = unsafe { load_unchecked::<S>(destination, at) };
                    }
                }
            }
            Start::Row(row) => {
                let first: [S::f32s; VECTORS] =
                    array(|vector| load::<S>(row, column + vector * S::F32_LANES));
                sums = [first; COUNT];
            }
        }
        for k in 0..self.depth.count() {
            let at = self.depth.at(k);
            let mut x = [simd.splat_f32s(0.0); VECTORS];
            for (vector, x) in x.iter_mut().enumerate() {
                let at = k * self.columns + vector * S::F32_LANES;
                // SAFETY: the right matrix has `depth` rows of `columns` elements, as asserted, and
                // `VECTORS` vectors fit after `column`.
                *x = unsafe { load_unchecked::<S>(right, at) };
            }
            for (row, sums) in rows.iter().zip(&mut sums) {
                debug_assert!(row + at < self.left.len());
                // SAFETY: the greatest of these places is within the left matrix, as asserted.
                let factor = simd.splat_f32s(unsafe { *self.left.get_unchecked(row + at) });
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = mul_add(simd, factor, x, *sum);
                }
            }
        }
        for (at, sums) in sums.iter().enumerate() {
            for (vector, &sum) in sums.iter().enumerate() {
                let at = at * self.columns + vector * S::F32_LANES;
                let sum = if self.relu { relu(simd, sum) } else { sum };
                // SAFETY: the destination has room, as asserted.
                unsafe { store_unchecked::<S>(destination, at, sum) };
            }
        }
    }
}
