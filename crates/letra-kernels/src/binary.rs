//! The matrix product whose left factor holds zeros and ones: states of units that are off or on.
//!
//! Four entries of such a factor have 16 values. Of each four rows of the right factor all 16 sums are
//! worked out once, and a row of the left one then picks one of them: an addition takes the place of four
//! multiplications and additions. (Arlazarov, Dinic, Kronrod and Faradzhev 1970.)
//!
//! An entry of the product is a sum, in order, over the fours of rows of a block, of the sum over the four;
//! blocks are of `DEPTH` rows. It has the same bits whatever the size of the product around it, on every
//! instruction set.

use std::array;
use std::mem::MaybeUninit;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::gemm::{Mat, MatMut, PANEL, blocks, gemm, pack, write_sums};
use super::simd::{Aligned, LANES, dispatch, mul_add};

/// Rows of the right factor that are summed up at once.
const GROUP: usize = 4;
/// Their sums.
const SUMS: usize = 1 << GROUP;
/// Rows of a block of the right factor: the sums of two vectors of its columns fill a first-level cache.
const DEPTH: usize = 64;
const GROUPS: usize = DEPTH / GROUP;
/// Rows of the left factor that a block's sums are worked out for.
const ROWS: usize = 128;
/// Rows of the left factor for which sums are worth their work.
const FEWEST_ROWS: usize = 14;
/// Rows of the tile that is summed in registers.
const TILE_ROWS: usize = 4;

/// destination += left · right, where all entries of `left` are 0 or 1.
///
/// `left` is m × k, `right` is k × n, `destination` is m × n. A value of `right` that is no number, or
/// infinite, makes all entries of its column no numbers, as it does where zeros are multiplied. Where an
/// entry of `left` is something else, the product is that of [`gemm`].
///
/// # Panics
/// Where a matrix does not fit into its slice.
pub fn add_product(
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'_>,
    left: Mat<'_>,
    right: Mat<'_>,
) {
    assert!(
        destination.row_stride >= n,
        "rows of the destination overlap"
    );
    assert!(left.holds(m, k), "left is not m × k");
    assert!(right.holds(k, n), "right is not k × n");
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let product = Product {
        m,
        n,
        k,
        destination,
        left,
        right,
    };
    if dispatch(IsBinary(&product)) {
        return dispatch(product);
    }
    let Product { destination, .. } = product;
    gemm(m, n, k, destination, true, left, right);
}

struct Product<'a> {
    m: usize,
    n: usize,
    k: usize,
    destination: MatMut<'a>,
    left: Mat<'a>,
    right: Mat<'a>,
}

/// Whether all entries of the left factor are 0 or 1.
struct IsBinary<'a, 'b>(&'a Product<'b>);

impl WithSimd for IsBinary<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let Product { m, k, left, .. } = *self.0;
        let (lines, length, stride) = match left.column_stride {
            1 => (m, k, left.row_stride),
            _ => (k, m, left.column_stride),
        };
        if left.column_stride != 1 && left.row_stride != 1 {
            return false;
        }
        let other = |line: usize| {
            let values = &left.data[line * stride..][..length];
            values.iter().fold(0, |other, value| {
                let bits = value.to_bits();
                other | (bits ^ (bit(*value) * ONE))
            })
        };
        (0..lines).all(|line| other(line) == 0)
    }
}

const ONE: u32 = 1.0_f32.to_bits();

/// 1 of 1.0, 0 of 0.0.
#[inline(always)]
fn bit(value: f32) -> u32 {
    value.to_bits() >> (f32::MANTISSA_DIGITS - 1) & 1
}

/// Which of the sums each row picks, of each group of a block.
type Picks = [[u8; GROUPS]; ROWS];

/// A block of the right factor, and the rows of the left one that it is for.
struct Block<'a> {
    rows: Range<usize>,
    depth: Range<usize>,
    picks: &'a Picks,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut panel = Aligned([MaybeUninit::uninit(); PANEL]);
        let mut tables = Aligned([0.0; GROUPS * SUMS * 2 * LANES]);
        let mut picks = [[0; GROUPS]; ROWS];
        for start in (0..self.k).step_by(DEPTH) {
            let depth = start..self.k.min(start + DEPTH);
            for rows in blocks(self.m, ROWS) {
                self.pick(rows.clone(), depth.clone(), &mut picks);
                let mut column = 0;
                while column < self.n {
                    let block = Block {
                        rows: rows.clone(),
                        depth: depth.clone(),
                        picks: &picks,
                    };
                    if self.n - column > S::F32_LANES {
                        self.columns::<S, 2>(simd, block, column, &mut panel.0, &mut tables.0);
                        column += 2 * S::F32_LANES;
                    } else {
                        self.columns::<S, 1>(simd, block, column, &mut panel.0, &mut tables.0);
                        column += S::F32_LANES;
                    }
                }
            }
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn pick(&self, rows: Range<usize>, depth: Range<usize>, picks: &mut Picks) {
        let Mat {
            data,
            row_stride,
            column_stride,
        } = self.left;
        for (row, picks) in rows.zip(picks) {
            *picks = [0; GROUPS];
            for (place, p) in depth.clone().enumerate() {
                let value = bit(data[row * row_stride + p * column_stride]) as u8;
                picks[place / GROUP] |= value << (place % GROUP);
            }
        }
    }

    /// Adds the share of a block to `V` vectors of columns.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        block: Block<'_>,
        column: usize,
        panel: &mut [MaybeUninit<f32>; PANEL],
        tables: &mut [f32],
    ) {
        let width = (V * S::F32_LANES).min(self.n - column);
        let Block { rows, depth, picks } = block;
        let packed = pack::<S, V>(self.right, depth, column..column + width, panel);
        let packed = S::as_simd_f32s(packed).0.as_chunks::<V>().0;
        let tables = S::as_mut_simd_f32s(tables).0.as_chunks_mut::<V>().0;
        let tables = tables.as_chunks_mut::<SUMS>().0;
        let groups = packed.len().div_ceil(GROUP);
        let with_tables = rows.len() >= FEWEST_ROWS;
        if with_tables {
            let groups = packed.chunks(GROUP);
            for (table, group) in tables.iter_mut().zip(groups) {
                sums_of(simd, filled(simd, group), table);
            }
        }
        let mut from = 0;
        while from < rows.len() {
            let corner = (rows.start + from, column);
            let picks = &picks[from..];
            let tile = Tile {
                corner,
                width,
                picks,
                groups,
            };
            match (rows.len() - from, with_tables) {
                (TILE_ROWS.., true) => self.by_tables::<S, TILE_ROWS, V>(simd, tile, tables),
                (_, true) => self.by_tables::<S, 1, V>(simd, tile, tables),
                (TILE_ROWS.., false) => self.by_products::<S, TILE_ROWS, V>(simd, tile, packed),
                (_, false) => self.by_products::<S, 1, V>(simd, tile, packed),
            }
            from += if rows.len() - from >= TILE_ROWS {
                TILE_ROWS
            } else {
                1
            };
        }
    }

    #[inline(always)]
    fn by_tables<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        tables: &[[[S::f32s; V]; SUMS]],
    ) {
        let picks: [&[u8; GROUPS]; R] = array::from_fn(|row| &tile.picks[row]);
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (group, table) in tables[..tile.groups].iter().enumerate().take(GROUPS) {
            for (sums, picks) in sums.iter_mut().zip(picks) {
                let picked = &table[usize::from(picks[group]) % SUMS];
                for (sum, picked) in sums.iter_mut().zip(picked) {
                    *sum = simd.add_f32s(*sum, *picked);
                }
            }
        }
        self.add(simd, &tile, &sums);
    }

    /// The same for rows that are too few for tables.
    #[inline(always)]
    fn by_products<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        packed: &[[S::f32s; V]],
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (group, right) in packed.chunks(GROUP).enumerate().take(GROUPS) {
            let right = filled(simd, right);
            let nothing = nothing(simd, right);
            for (row, sums) in sums.iter_mut().enumerate() {
                let pick = tile.picks[row][group];
                let mut share = nothing;
                for (place, right) in right.iter().enumerate() {
                    let left = simd.splat_f32s(f32::from(pick >> place & 1));
                    for (share, right) in share.iter_mut().zip(right) {
                        *share = mul_add(simd, left, *right, *share);
                    }
                }
                for (sum, share) in sums.iter_mut().zip(share) {
                    *sum = simd.add_f32s(*sum, share);
                }
            }
        }
        self.add(simd, &tile, &sums);
    }

    #[inline(always)]
    fn add<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        tile: &Tile<'_>,
        sums: &[[S::f32s; V]; R],
    ) {
        let destination = &mut self.destination;
        write_sums(simd, destination, tile.corner, tile.width, true, sums);
    }
}

/// Some rows of a panel of columns.
struct Tile<'a> {
    /// Its first row and column.
    corner: (usize, usize),
    width: usize,
    picks: &'a [[u8; GROUPS]],
    groups: usize,
}

/// A group of rows; zeros for those that there are not.
#[inline(always)]
fn filled<S: Simd, const V: usize>(simd: S, rows: &[[S::f32s; V]]) -> [[S::f32s; V]; GROUP] {
    array::from_fn(|row| rows.get(row).copied().unwrap_or([simd.splat_f32s(0.0); V]))
}

/// The sum of none of a group: 0, unless one of them is no number or infinite.
#[inline(always)]
fn nothing<S: Simd, const V: usize>(simd: S, group: [[S::f32s; V]; GROUP]) -> [S::f32s; V] {
    let zero = simd.splat_f32s(0.0);
    group.iter().fold([zero; V], |sums, row| {
        array::from_fn(|vector| mul_add(simd, zero, row[vector], sums[vector]))
    })
}

/// All sums of a group: number p is that of the rows whose bits p has, added in ascending order.
#[inline(always)]
fn sums_of<S: Simd, const V: usize>(
    simd: S,
    group: [[S::f32s; V]; GROUP],
    sums: &mut [[S::f32s; V]; SUMS],
) {
    sums[0] = nothing(simd, group);
    for (place, row) in group.iter().enumerate() {
        for known in 0..1 << place {
            let sum = array::from_fn(|v| simd.add_f32s(sums[known][v], row[v]));
            sums[known | 1 << place] = sum;
        }
    }
}

#[cfg(test)]
mod tests;
