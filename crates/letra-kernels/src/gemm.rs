//! The matrix product.
//!
//! The right factor is copied, a panel at a time, into memory that stays in the first-level
//! cache: as many columns as two vectors hold, and as many rows as then fit. A tile of up to six
//! rows of the left factor times such a panel is summed in registers. (Goto and van de Geijn,
//! "Anatomy of high-performance matrix multiplication", 2008.)
//!
//! An entry of the product is summed over k in ascending order, in blocks whose length follows
//! from k and the strides alone: it has the same bits whatever the size of the product around it,
//! on every instruction set.

use std::array;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

use pulp::{Simd, WithSimd};

use super::simd::{Aligned, LANES, dispatch, mul_add, transpose};

/// A matrix as a view of a slice: entry (row, column) is
/// `data[row * row_stride + column * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    /// The entries.
    pub data: &'a [f32],
    /// Distance between an entry and the one below it.
    pub row_stride: usize,
    /// Distance between an entry and the one right of it.
    pub column_stride: usize,
}

impl<'a> Mat<'a> {
    /// The matrix whose rows lie one after another in `data`.
    pub fn row_major(data: &'a [f32], columns: usize) -> Mat<'a> {
        Mat {
            data,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose of the matrix whose rows, of length `columns`, lie one after another in
    /// `data`.
    pub fn transposed(data: &'a [f32], columns: usize) -> Mat<'a> {
        Mat {
            data,
            row_stride: 1,
            column_stride: columns,
        }
    }

    /// Whether every entry of a `rows` × `columns` matrix lies inside the slice.
    pub(super) fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        rows == 0
            || columns == 0
            || last(rows, self.row_stride)
                .zip(last(columns, self.column_stride))
                .and_then(|(row, column)| row.checked_add(column))
                .is_some_and(|index| index < self.data.len())
    }
}

/// A matrix to be written, its rows contiguous: entry (row, column) is
/// `data[row * row_stride + column]`.
#[derive(Debug)]
pub struct MatMut<'a> {
    /// The entries.
    pub data: &'a mut [f32],
    /// Distance between an entry and the one below it, at least the number of columns.
    pub row_stride: usize,
}

impl<'a> MatMut<'a> {
    /// The matrix whose rows lie one after another in `data`.
    pub fn row_major(data: &'a mut [f32], columns: usize) -> MatMut<'a> {
        MatMut {
            data,
            row_stride: columns,
        }
    }
}

/// destination = left · right, or destination += left · right where `accumulate` is set.
///
/// `left` is m × k, `right` is k × n, `destination` is m × n.
///
/// # Panics
/// Where a matrix does not fit into its slice.
pub fn gemm(
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'_>,
    accumulate: bool,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    assert!(
        destination.row_stride >= n,
        "rows of the destination overlap"
    );
    assert!(left.holds(m, k), "left is not m × k");
    assert!(right.holds(k, n), "right is not k × n");
    if k == 0 && !accumulate && n > 0 {
        let rows = destination.data.chunks_mut(destination.row_stride);
        rows.take(m).for_each(|row| row[..n].fill(0.0));
        return;
    }
    dispatch(Product {
        m,
        n,
        k,
        destination,
        accumulate,
        left,
        right,
    });
}

/// Rows of a packed panel at most.
const PANEL_ROWS: usize = 128;
/// Entries of a packed panel, whose rows are two vectors: 16 KiB at most, half of a small first-level
/// cache.
pub(super) const PANEL: usize = PANEL_ROWS * 2 * LANES;
/// Rows of a panel where the left factor is read down its columns: each row of the panel then
/// meets another memory page, and more pages than this overflow the page table's cache.
pub(super) const PANEL_ROWS_ACROSS: usize = 64;
/// Entries of the left factor that are worked on before the next: 192 KiB, a good part of a
/// second-level cache.
const LEFT_BLOCK: usize = 49_152;
/// Rows of the tile that is summed in registers.
const TILE_ROWS: usize = 6;
/// Rows of the product that are too few to pay for a copy of the right factor: two tiles.
const FEW_ROWS: usize = 2 * TILE_ROWS;

/// A checked product: the matrices lie inside their slices.
struct Product<'a> {
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'a>,
    accumulate: bool,
    left: Mat<'a>,
    right: Mat<'a>,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let wide = 2 * S::F32_LANES;
        let limit = match self.left.column_stride {
            1 => PANEL_ROWS,
            _ => PANEL_ROWS_ACROSS,
        };
        let few_rows = (1..=TILE_ROWS / 2).contains(&self.m) && self.right.column_stride == 1;
        let done = match few_rows {
            true => self.panels_in_place(simd, limit),
            false => 0,
        };
        let mut memory = Aligned([MaybeUninit::uninit(); PANEL]);
        for depth in blocks(self.k, limit) {
            for rows in blocks(self.m, (LEFT_BLOCK / limit).max(TILE_ROWS)) {
                let mut column = done;
                while column < self.n {
                    let block = Block {
                        rows: rows.clone(),
                        column,
                        depth: depth.clone(),
                    };
                    if self.n - column > S::F32_LANES {
                        self.packed_panel::<S, 2>(simd, block, &mut memory.0);
                        column += wide;
                    } else {
                        self.packed_panel::<S, 1>(simd, block, &mut memory.0);
                        column += S::F32_LANES;
                    }
                }
            }
        }
    }
}

/// A part of the product: some rows, the panel of columns from `column` on, some of the sum.
struct Block {
    rows: Range<usize>,
    column: usize,
    depth: Range<usize>,
}

impl Product<'_> {
    /// Writes the columns that fill two vectors or four, read where they lie: at most three rows
    /// are too few to pay for a copy. Returns how many they are.
    #[inline(always)]
    fn panels_in_place<S: Simd>(&mut self, simd: S, limit: usize) -> usize {
        let mut column = 0;
        while self.n - column >= 4 * S::F32_LANES {
            self.few_rows::<S, 4, 2, 1>(simd, column, limit);
            column += 4 * S::F32_LANES;
        }
        if self.n - column >= 2 * S::F32_LANES {
            self.few_rows::<S, 2, 4, 2>(simd, column, limit);
            column += 2 * S::F32_LANES;
        }
        column
    }

    /// Writes a panel of `V` vectors, `ONE` blocks of the sum at once if there is one row, else
    /// `MORE`.
    #[inline(always)]
    fn few_rows<S: Simd, const V: usize, const ONE: usize, const MORE: usize>(
        &mut self,
        simd: S,
        column: usize,
        limit: usize,
    ) {
        match self.m {
            1 => self.panel_in_place::<S, 1, V, ONE>(simd, column, limit),
            2 => self.panel_in_place::<S, 2, V, MORE>(simd, column, limit),
            _ => self.panel_in_place::<S, 3, V, MORE>(simd, column, limit),
        }
    }

    /// Writes a panel of `V` vectors in all `R` rows; `B` blocks of the sum are summed at once,
    /// since one addition takes as long as several that do not wait for each other.
    #[inline(always)]
    fn panel_in_place<S: Simd, const R: usize, const V: usize, const B: usize>(
        &mut self,
        simd: S,
        column: usize,
        limit: usize,
    ) {
        let count = self.k.div_ceil(limit);
        for first in (0..count).step_by(B) {
            // The last ones are filled up with one of them.
            let depths: [Range<usize>; B] =
                array::from_fn(|b| block(self.k, count, (first + b).min(count - 1)));
            let mut sums = [[[simd.splat_f32s(0.0); V]; R]; B];
            let common = depths.iter().map(Range::len).min().unwrap_or(0);
            for p in 0..common {
                for (depth, sums) in depths.iter().zip(&mut sums) {
                    self.add_in_place(simd, column, depth.start + p, sums);
                }
            }
            for (depth, sums) in depths.iter().zip(&mut sums) {
                for p in depth.start + common..depth.end {
                    self.add_in_place(simd, column, p, sums);
                }
            }
            for (depth, sums) in depths.into_iter().zip(&sums).take(count - first) {
                let rows = 0..R;
                let place = Block {
                    rows,
                    column,
                    depth,
                };
                self.write(simd, place, sums);
            }
        }
    }

    /// Adds to the sums of a panel what entry `p` of the sums over k is.
    #[inline(always)]
    fn add_in_place<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        column: usize,
        p: usize,
        sums: &mut [[S::f32s; V]; R],
    ) {
        let start = p * self.right.row_stride + column;
        let right = S::as_simd_f32s(&self.right.data[start..start + V * S::F32_LANES]).0;
        for (row, sums) in sums.iter_mut().enumerate() {
            let Mat {
                data,
                row_stride,
                column_stride,
            } = self.left;
            let left = simd.splat_f32s(data[row * row_stride + p * column_stride]);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = mul_add(simd, left, *right, *sum);
            }
        }
    }

    /// Adds the share of a panel of `V` vectors to all rows of a block.
    #[inline(always)]
    fn packed_panel<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        block: Block,
        memory: &mut [MaybeUninit<f32>; PANEL],
    ) {
        let width = (V * S::F32_LANES).min(self.n - block.column);
        let columns = block.column..block.column + width;
        let Mat {
            data,
            row_stride,
            column_stride,
        } = self.right;
        if self.m <= FEW_ROWS && column_stride == 1 && width == V * S::F32_LANES {
            let column = block.column;
            let right = block.depth.clone().map(|p| {
                let start = p * row_stride + column;
                &S::as_simd_f32s(&data[start..start + width])
                    .0
                    .as_chunks::<V>()
                    .0[0]
            });
            return self.tiles(simd, block, right);
        }
        let packed = pack::<S, V>(self.right, block.depth.clone(), columns, memory);
        let right = S::as_simd_f32s(packed).0.as_chunks::<V>().0.iter();
        self.tiles(simd, block, right);
    }

    /// Adds the share of a panel, given row by row, to all rows of a block.
    #[inline(always)]
    fn tiles<'r, S: Simd, const V: usize>(
        &mut self,
        simd: S,
        block: Block,
        right: impl Iterator<Item = &'r [S::f32s; V]> + Clone,
    ) {
        for rows in blocks(block.rows.len(), TILE_ROWS) {
            let place = Block {
                rows: rows.start + block.rows.start..rows.end + block.rows.start,
                column: block.column,
                depth: block.depth.clone(),
            };
            match rows.len() {
                1 => self.tile::<S, 1, V>(simd, place, right.clone()),
                2 => self.tile::<S, 2, V>(simd, place, right.clone()),
                3 => self.tile::<S, 3, V>(simd, place, right.clone()),
                4 => self.tile::<S, 4, V>(simd, place, right.clone()),
                5 => self.tile::<S, 5, V>(simd, place, right.clone()),
                _ => self.tile::<S, TILE_ROWS, V>(simd, place, right.clone()),
            }
        }
    }

    /// Adds the share of a panel, given row by row, to `R` rows.
    #[inline(always)]
    fn tile<'r, S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        place: Block,
        right: impl Iterator<Item = &'r [S::f32s; V]>,
    ) {
        let Mat {
            data,
            row_stride,
            column_stride,
        } = self.left;
        let first = &data[place.rows.start * row_stride + place.depth.start * column_stride..];
        let last = (R - 1) * row_stride + (place.depth.len() - 1) * column_stride;
        assert!(last < first.len(), "left is not m × k");
        let offsets: [usize; R] = array::from_fn(|row| row * row_stride);
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (p, right) in (0..place.depth.len()).zip(right) {
            for (offset, sums) in offsets.iter().zip(&mut sums) {
                // SAFETY: the offset is that of a row below R, and p is below depth.len(), so the
                // index is at most `last`.
                let left = unsafe { first.get_unchecked(offset + p * column_stride) };
                let left = simd.splat_f32s(*left);
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = mul_add(simd, left, *right, *sum);
                }
            }
        }
        self.write(simd, place, &sums);
    }

    /// Writes sums of a block to the destination, or adds them to it.
    #[inline(always)]
    fn write<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        place: Block,
        sums: &[[S::f32s; V]; R],
    ) {
        let accumulate = self.accumulate || place.depth.start > 0;
        let width = (V * S::F32_LANES).min(self.n - place.column);
        let corner = (place.rows.start, place.column);
        write_sums(simd, &mut self.destination, corner, width, accumulate, sums);
    }
}

/// Writes sums to the destination from row and column `corner` on, `width` columns of them, or adds them
/// to it.
#[inline(always)]
pub(super) fn write_sums<S: Simd, const R: usize, const V: usize>(
    simd: S,
    destination: &mut MatMut<'_>,
    corner: (usize, usize),
    width: usize,
    accumulate: bool,
    sums: &[[S::f32s; V]; R],
) {
    for (row, sums) in (corner.0..).zip(sums) {
        let start = row * destination.row_stride + corner.1;
        let destination = &mut destination.data[start..][..width];
        let (whole, rest) = S::as_mut_simd_f32s(destination);
        for (part, sum) in whole.iter_mut().zip(sums) {
            *part = match accumulate {
                true => simd.add_f32s(*part, *sum),
                false => *sum,
            };
        }
        if !rest.is_empty() {
            let sum = match accumulate {
                true => simd.add_f32s(simd.partial_load_f32s(rest), sums[whole.len()]),
                false => sums[whole.len()],
            };
            simd.partial_store_f32s(rest, sum);
        }
    }
}

/// Copies a panel of the right factor to `memory`, row by row, each filled up with zeros to
/// `V` vectors.
#[inline(always)]
pub(super) fn pack<'m, S: Simd, const V: usize>(
    right: Mat<'_>,
    depth: Range<usize>,
    columns: Range<usize>,
    memory: &'m mut [MaybeUninit<f32>; PANEL],
) -> &'m [f32] {
    let width = V * S::F32_LANES;
    let packed = &mut memory[..depth.len() * width];
    if columns.len() < width {
        packed.fill(MaybeUninit::new(0.0));
    }
    if right.column_stride == 1 && columns.len() == width {
        let (vectors, _) = S::as_uninit_mut_simd_f32s(packed).0.as_chunks_mut::<V>();
        for (p, row) in depth.zip(vectors) {
            let values = &right.data[p * right.row_stride + columns.start..][..width];
            for (vector, value) in row.iter_mut().zip(S::as_simd_f32s(values).0) {
                vector.write(*value);
            }
        }
    } else if right.row_stride == 1 {
        pack_transposed(right, depth, columns, width, packed);
    } else {
        for (p, row) in depth.zip(packed.chunks_exact_mut(width)) {
            for (column, value) in columns.clone().zip(row) {
                value.write(right.data[p * right.row_stride + column * right.column_stride]);
            }
        }
    }
    // SAFETY: every row was written in its first columns.len() entries, and the others are zeros
    // where there are any; a `MaybeUninit<f32>` has the layout of an `f32`.
    unsafe { &*(ptr::from_ref(packed) as *const [f32]) }
}

/// Copies a panel whose columns are contiguous, a square of it at a time.
#[inline(always)]
fn pack_transposed(
    right: Mat<'_>,
    depth: Range<usize>,
    columns: Range<usize>,
    width: usize,
    packed: &mut [MaybeUninit<f32>],
) {
    let column = |j: usize| {
        let start = (columns.start + j) * right.column_stride + depth.start;
        right.data[start..][..depth.len()].as_chunks::<4>()
    };
    let rest = depth.len() / 4 * 4;
    let squares = columns.len() / 4 * 4;
    for j in (0..squares).step_by(4) {
        let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] =
            [column(j), column(j + 1), column(j + 2), column(j + 3)];
        let sources = a.iter().zip(b).zip(c).zip(d);
        for ((((a, b), c), d), rows) in sources.zip(packed.chunks_exact_mut(4 * width)) {
            for (i, values) in transpose([*a, *b, *c, *d]).iter().enumerate() {
                rows[i * width + j..][..4].copy_from_slice(&values.map(MaybeUninit::new));
            }
        }
        for (i, source) in [a_rest, b_rest, c_rest, d_rest].iter().enumerate() {
            for (value, row) in source
                .iter()
                .zip(packed[rest * width..].chunks_exact_mut(width))
            {
                row[j + i].write(*value);
            }
        }
    }
    for j in squares..columns.len() {
        let values = column(j).0.as_flattened().iter().chain(column(j).1);
        for (value, row) in values.zip(packed.chunks_exact_mut(width)) {
            row[j].write(*value);
        }
    }
}

/// 0..length cut into as few ranges of at most `limit` as will do, their lengths as equal as can
/// be.
#[inline(always)]
pub(super) fn blocks(length: usize, limit: usize) -> impl Iterator<Item = Range<usize>> {
    let count = length.div_ceil(limit);
    (0..count).map(move |number| block(length, count, number))
}

/// One of `count` ranges that 0..length is cut into.
#[inline(always)]
fn block(length: usize, count: usize, number: usize) -> Range<usize> {
    number * length / count..(number + 1) * length / count
}

#[cfg(test)]
mod tests;
