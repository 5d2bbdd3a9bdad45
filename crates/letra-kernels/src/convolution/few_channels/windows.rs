//! Pictures that are mostly blank, as paper is around its ink: of the windows that the pool takes
//! together, only those are computed that see a non-zero pixel. All others give what the
//! bias gives.
//!
//! A window of 2×2 cells sees one row and one column more than the kernel has. The product of these
//! pixels with the kernel, laid once for each cell, gives four cells of four filters at once:
//! sixteen lanes that lie side by side. Where a weight is infinite or no number no window is skipped,
//! and a gradient that is goes to all taps: 0 · ∞ is no number.

mod backward;
mod forward;

use super::{GROUP, Geometry};
use crate::convolution::vector::{load, store};
use pulp::Simd;

/// Cells of a window.
const CELLS: usize = 4;

/// Lanes of one product: the cells of a group of filters.
pub(super) const ROW: usize = CELLS * GROUP;

/// Most windows of a picture.
const MOST_WINDOWS: usize = 1024;

/// Most pairs of rows, and of columns, of a picture.
const MOST_PAIRS: usize = 32;

/// Where windows lie in pictures of one shape.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    geometry: Geometry,
    /// Rows and columns of windows.
    rows: usize,
    columns: usize,
    /// Rows and columns of the padded picture as far as windows reach.
    height: usize,
    width: usize,
}

/// A window that sees ink.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    /// Number of the window, row by row.
    window: u16,
    /// Its first pixel in the padded picture.
    pixel: u16,
}

/// The windows of a picture that see ink.
pub(super) struct Ink {
    spots: [Spot; MOST_WINDOWS],
    count: usize,
}

impl Default for Ink {
    fn default() -> Self {
        Self {
            spots: [Spot::default(); MOST_WINDOWS],
            count: 0,
        }
    }
}

impl Windows {
    /// The layout under a 2×2 pool, if the shape is one for it.
    pub(super) fn new(geometry: &Geometry) -> Option<Self> {
        let [kernel_rows, kernel_columns] = geometry.kernel;
        let (rows, columns) = (geometry.output_height() / 2, geometry.output_width() / 2);
        let (height, width) = (2 * rows + kernel_rows - 1, 2 * columns + kernel_columns - 1);
        let suits = geometry.channels == 1
            && geometry.filters.is_multiple_of(GROUP)
            && kernel_rows % 2 == 1
            && kernel_columns % 2 == 1
            && height.max(width) <= 2 * MOST_PAIRS
            && rows * columns <= MOST_WINDOWS;
        suits.then_some(Self {
            geometry: *geometry,
            rows,
            columns,
            height,
            width,
        })
    }

    /// Pixels that a window sees, down and across.
    fn reach(&self) -> [usize; 2] {
        self.geometry.kernel.map(|taps| taps + 1)
    }

    fn taps(&self) -> usize {
        let [rows, columns] = self.reach();
        rows * columns
    }

    fn groups(&self) -> usize {
        self.geometry.filters / GROUP
    }

    /// Elements of the weights: `[groups, taps of a window, ROW]`.
    pub(super) fn weights_len(&self) -> usize {
        self.groups() * self.taps() * ROW
    }

    /// The kernel, laid once for each cell of a window.
    pub(super) fn prepare(&self, kernel: &[f32], weights: &mut [f32]) {
        weights.fill(0.0);
        self.for_each_weight(|lane, tap| weights[lane] = kernel[tap]);
    }

    /// Visits each place in the weights that holds a tap of the kernel, with that tap's place in
    /// the kernel.
    fn for_each_weight(&self, mut visit: impl FnMut(usize, usize)) {
        let filters = self.geometry.filters;
        let [kernel_rows, kernel_columns] = self.geometry.kernel;
        let across = self.reach()[1];
        for filter in 0..filters {
            let (group, filter_lane) = (filter / GROUP, filter % GROUP);
            for (row, column) in
                (0..kernel_rows).flat_map(|row| (0..kernel_columns).map(move |x| (row, x)))
            {
                for cell in 0..CELLS {
                    let seen = (row + cell / 2) * across + column + cell % 2;
                    let lane = (group * self.taps() + seen) * ROW + cell * GROUP + filter_lane;
                    visit(lane, (row * kernel_columns + column) * filters + filter);
                }
            }
        }
    }

    /// Elements of the padded picture.
    pub(super) fn padded_len(&self) -> usize {
        self.height * self.width
    }

    /// Elements of the gradients of all windows of a group of filters, cell by cell.
    pub(super) fn deltas_len(&self) -> usize {
        self.rows * self.columns * ROW
    }

    /// Writes one sample into the padded picture, whose margins are zero, and finds the windows
    /// that see ink; `false` if they are so many that skipping the others does not pay.
    #[inline(always)]
    pub(super) fn find<S: Simd>(&self, input: &[f32], padded: &mut [f32], ink: &mut Ink) -> bool {
        self.pad::<S>(input, padded);
        let pairs = self.pairs(padded);
        let [down, across] = self.reach().map(|pixels| pixels / 2);
        let inside = u32::MAX >> (MOST_PAIRS - self.rows);
        ink.count = 0;
        for column in 0..self.columns {
            let band = pairs[column..column + across]
                .iter()
                .fold(0, |all, pair| all | pair);
            let mut seen = (0..down).fold(0, |all, pair| all | (band >> pair)) & inside;
            while seen != 0 {
                let row = seen.trailing_zeros() as usize;
                seen &= seen - 1;
                ink.spots[ink.count] = Spot {
                    window: (row * self.columns + column) as u16,
                    pixel: (2 * row * self.width + 2 * column) as u16,
                };
                ink.count += 1;
            }
        }
        let [kernel_rows, kernel_columns] = self.geometry.kernel;
        let all = self.rows * self.columns * kernel_rows * kernel_columns;
        8 * ink.count * self.taps() <= 7 * all
    }

    #[inline(always)]
    fn pad<S: Simd>(&self, input: &[f32], padded: &mut [f32]) {
        let Geometry { width, padding, .. } = self.geometry;
        let used = width.min(self.width - padding.left);
        let lines = padded.chunks_exact_mut(self.width).skip(padding.top);
        for (line, row) in lines.zip(input.chunks_exact(width)) {
            copy::<S>(&row[..used], &mut line[padding.left..padding.left + used]);
        }
    }

    /// For each pair of columns of the padded picture, in which pairs of rows it holds ink, a bit
    /// each.
    #[inline(always)]
    fn pairs(&self, padded: &[f32]) -> [u32; MOST_PAIRS] {
        let mut columns = [0; 2 * MOST_PAIRS];
        for (pair, lines) in padded.chunks_exact(2 * self.width).enumerate() {
            let (upper, lower) = lines.split_at(self.width);
            for ((column, upper), lower) in columns.iter_mut().zip(upper).zip(lower) {
                let ink = (upper.to_bits() | lower.to_bits()) != 0;
                *column |= u32::from(ink) << pair;
            }
        }
        let mut pairs = [0; MOST_PAIRS];
        for (pair, columns) in pairs.iter_mut().zip(columns.as_chunks::<2>().0) {
            *pair = columns[0] | columns[1];
        }
        pairs
    }
}

/// Copies a short line; a call of the library's copy would take longer than the copy.
#[inline(always)]
fn copy<S: Simd>(from: &[f32], to: &mut [f32]) {
    let Some(last) = from.len().checked_sub(S::F32_LANES) else {
        return to.copy_from_slice(from);
    };
    for at in (0..last).step_by(S::F32_LANES) {
        store::<S>(to, at, load::<S>(from, at));
    }
    store::<S>(to, last, load::<S>(from, last));
}
