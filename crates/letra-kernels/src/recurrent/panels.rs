//! A matrix packed once for many products with few rows each.
//!
//! A panel has all rows of the matrix and, of each, up to 64 columns in groups of 16: where a unit has
//! several gates, the columns of all gates of the same units, so that their functions can follow at
//! once. Column `gate · width + unit` of a panel belongs to a gate of one of its `width` units.
//!
//! An entry of a product is summed over the rows of the matrix in ascending order, so that it has the
//! same bits whatever the number of rows of the left factor, on every instruction set.

use std::array;

use pulp::Simd;

use crate::simd::{LANES, mul_add};

/// Rows of the left factor that are summed in registers at a time, at most.
const MOST_ROWS: usize = 6;
/// Groups of columns in a panel at most.
const MOST_GROUPS: usize = 4;
/// Columns of a panel at most.
pub(super) const MOST_COLUMNS: usize = MOST_GROUPS * LANES;

/// How the columns of a matrix are cut into panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panels {
    /// Rows of the matrix.
    depth: usize,
    gates: usize,
    /// Columns of the matrix that belong to a gate.
    units: usize,
}

/// One of the panels.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// Its first unit.
    pub(super) first: usize,
    /// Its units.
    pub(super) width: usize,
    /// Groups of its columns.
    groups: usize,
    /// Where it is among all that are packed.
    start: usize,
}

impl Panels {
    /// Of a matrix `[depth, gates · units]` that has a column for each unit in each of up to four
    /// gates, those of a gate side by side.
    pub fn new(depth: usize, gates: usize, units: usize) -> Self {
        assert!((1..=MOST_GROUPS).contains(&gates), "too many gates");
        Panels {
            depth,
            gates,
            units,
        }
    }

    /// Units of all panels but the last: groups of a gate are whole.
    fn width(&self) -> usize {
        MOST_GROUPS / self.gates * LANES
    }

    fn panels(self) -> impl Iterator<Item = Panel> {
        let groups = move |width: usize| (self.gates * width).div_ceil(LANES);
        (0..self.units.div_ceil(self.width())).map(move |number| {
            let first = number * self.width();
            let width = self.width().min(self.units - first);
            Panel {
                first,
                width,
                groups: groups(width),
                start: number * groups(self.width()) * self.depth * LANES,
            }
        })
    }

    /// Numbers of all panels.
    pub fn packed(&self) -> usize {
        let groups: usize = self.panels().map(|panel| panel.groups).sum();
        self.depth * groups * LANES
    }

    /// Packs the matrix whose entry (row, column) is `entry(row, column)`; panels are filled up with
    /// zeros.
    pub fn pack(&self, entry: impl Fn(usize, usize) -> f32, packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed(), "panels are not of this layout");
        packed.fill(0.0);
        for Panel {
            first,
            width,
            groups,
            start,
        } in self.panels()
        {
            let rows = packed[start..].chunks_exact_mut(groups * LANES);
            for (row, columns) in rows.take(self.depth).enumerate() {
                for (gate, values) in columns.chunks_mut(width).take(self.gates).enumerate() {
                    for (unit, value) in values.iter_mut().enumerate() {
                        *value = entry(row, gate * self.units + first + unit);
                    }
                }
            }
        }
    }

    /// For each panel and row of `left` the row's products with the panel, handed on to `then`.
    /// `left` has `rows` rows of `depth` values, each `stride` after the one before.
    #[inline(always)]
    pub(super) fn multiply<S: Simd>(
        &self,
        simd: S,
        packed: &[f32],
        (rows, stride): (usize, usize),
        left: &[f32],
        mut then: impl Then<S>,
    ) {
        if rows == 0 {
            return;
        }
        assert!((rows - 1) * stride + self.depth <= left.len() && packed.len() == self.packed());
        let mut tile = [[0.0; MOST_COLUMNS]; MOST_ROWS];
        for panel in self.panels() {
            let mut row = 0;
            while row < rows {
                // As many sums as there are registers for.
                let most = if S::F32_LANES == LANES { MOST_ROWS } else { 3 };
                let together = (rows - row).div_ceil((rows - row).div_ceil(most));
                let product = Product {
                    depth: self.depth,
                    left: &left[row * stride..],
                    stride,
                    right: &packed[panel.start..][..self.depth * panel.groups * LANES],
                };
                match panel.groups {
                    1 => product.rows::<S, 1>(simd, together, &mut tile),
                    2 => product.rows::<S, 2>(simd, together, &mut tile),
                    3 => product.rows::<S, 3>(simd, together, &mut tile),
                    _ => product.rows::<S, 4>(simd, together, &mut tile),
                }
                for (index, sums) in tile[..together].iter().enumerate() {
                    then.row(panel, row + index, sums);
                }
                row += together;
            }
        }
    }
}

/// What is done with the products of a row with a panel.
pub(super) trait Then<S: Simd> {
    /// Row `row` of the left factor.
    fn row(&mut self, panel: Panel, row: usize, sums: &[f32; MOST_COLUMNS]);
}

struct Product<'a> {
    depth: usize,
    left: &'a [f32],
    stride: usize,
    right: &'a [f32],
}

impl Product<'_> {
    #[inline(always)]
    fn rows<S: Simd, const V: usize>(
        &self,
        simd: S,
        rows: usize,
        tile: &mut [[f32; MOST_COLUMNS]; MOST_ROWS],
    ) {
        match rows {
            1 => self.sums::<S, 1, V>(simd, tile),
            2 => self.sums::<S, 2, V>(simd, tile),
            3 => self.sums::<S, 3, V>(simd, tile),
            4 => self.sums::<S, 4, V>(simd, tile),
            5 => self.sums::<S, 5, V>(simd, tile),
            _ => self.sums::<S, 6, V>(simd, tile),
        }
    }

    #[inline(always)]
    fn sums<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        tile: &mut [[f32; MOST_COLUMNS]; MOST_ROWS],
    ) {
        let Product {
            depth,
            left,
            stride,
            right,
        } = *self;
        let offsets: [usize; R] = array::from_fn(|row| row * stride);
        assert!(offsets[R - 1] + depth <= left.len());
        let parts = LANES / S::F32_LANES;
        let (vectors, _) = S::as_simd_f32s(right);
        for part in 0..parts {
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            for (p, right) in vectors.chunks_exact(V * parts).enumerate() {
                let right: [S::f32s; V] = array::from_fn(|group| right[group * parts + part]);
                for (offset, sums) in offsets.iter().zip(&mut sums) {
                    // SAFETY: the offset is at most the last row's, and the panel has `depth` rows,
                    // so that the index is inside `left`, as is asserted above.
                    let value = simd.splat_f32s(unsafe { *left.get_unchecked(offset + p) });
                    for (sum, right) in sums.iter_mut().zip(right) {
                        *sum = mul_add(simd, value, right, *sum);
                    }
                }
            }
            for (row, sums) in tile.iter_mut().zip(&sums) {
                let places = S::as_mut_simd_f32s(row).0.iter_mut().skip(part);
                for (place, sum) in places.step_by(parts).zip(sums) {
                    *place = *sum;
                }
            }
        }
    }
}
