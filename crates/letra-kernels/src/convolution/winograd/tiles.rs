//! Where the tiles of a picture lie.

use super::Geometry;

/// The tiles of one sample: 4×4 outputs each, the last of a row or column perhaps fewer.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    geometry: Geometry,
    rows: usize,
    columns: usize,
}

/// One tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub(super) sample: usize,
    row: usize,
    column: usize,
}

/// Where a square of pixels lies in a buffer of pixels: the place of the first, if all of them lie
/// within the picture, or else the part that does.
pub(super) enum Square {
    /// Place of the first pixel.
    Inside(usize),
    /// Place of the first pixel that lies within the picture, and the ranges of rows and columns of
    /// the square that do.
    Edge(usize, std::ops::Range<usize>, std::ops::Range<usize>),
}

impl Tiles {
    pub(super) fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            rows: geometry.output_height().div_ceil(4),
            columns: geometry.output_width().div_ceil(4),
        }
    }

    /// Tiles of one sample.
    pub(super) fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// A tile by its number, counted through all samples.
    pub(super) fn tile(&self, number: usize) -> Tile {
        Tile {
            sample: number / self.count(),
            row: number % self.count() / self.columns,
            column: number % self.columns,
        }
    }

    /// The 6×6 pixels of the input that a tile sees; places count pixels of all samples.
    pub(super) fn patch(&self, tile: Tile) -> Square {
        let Geometry {
            height,
            width,
            padding,
            ..
        } = self.geometry;
        let first = tile.sample * height * width;
        square(
            [4 * tile.row, 4 * tile.column],
            [padding.top, padding.left],
            6,
            first,
            [height, width],
        )
    }

    /// The 4×4 pixels of the map that a tile holds.
    pub(super) fn outputs(&self, tile: Tile) -> Square {
        let size = [self.geometry.output_height(), self.geometry.output_width()];
        let first = tile.sample * size[0] * size[1];
        square([4 * tile.row, 4 * tile.column], [0, 0], 4, first, size)
    }

    /// The 2×2 pixels after the pool that a tile holds.
    pub(super) fn pooled(&self, tile: Tile) -> Square {
        let size = [
            self.geometry.output_height() / 2,
            self.geometry.output_width() / 2,
        ];
        let first = tile.sample * size[0] * size[1];
        square([2 * tile.row, 2 * tile.column], [0, 0], 2, first, size)
    }
}

/// The square with its first pixel at `start` of a picture with `padding` rows and columns before
/// it; the picture begins at pixel `first` of the buffer.
fn square(
    start: [usize; 2],
    padding: [usize; 2],
    side: usize,
    first: usize,
    size: [usize; 2],
) -> Square {
    let within = |axis: usize| {
        let from = padding[axis].saturating_sub(start[axis]).min(side);
        let to = (size[axis] + padding[axis])
            .saturating_sub(start[axis])
            .min(side);
        from..to.max(from)
    };
    let (rows, columns) = (within(0), within(1));
    let corner = [start[0] + rows.start, start[1] + columns.start];
    let corner = [
        corner[0].saturating_sub(padding[0]),
        corner[1].saturating_sub(padding[1]),
    ];
    let place = first + corner[0] * size[1] + corner[1];
    if rows == (0..side) && columns == (0..side) {
        Square::Inside(place)
    } else {
        Square::Edge(place, rows, columns)
    }
}

/// Farther than any place of a slice, and so is twice as much.
const OUTSIDE: usize = usize::MAX / 4;

/// Where channel 0 of each pixel of a square lies in memory.
pub(super) type Pixels<const SIDE: usize> = [[*mut f32; SIDE]; SIDE];

/// The pixels of a square by itself, `[SIDE, SIDE, channels]`.
pub(super) fn alone<const SIDE: usize>(values: &mut [f32], channels: usize) -> Pixels<SIDE> {
    assert!(SIDE * SIDE * channels <= values.len());
    let first = values.as_mut_ptr();
    let mut pixels = [[first; SIDE]; SIDE];
    for (at, pixel) in pixels.as_flattened_mut().iter_mut().enumerate() {
        *pixel = first.wrapping_add(at * channels);
    }
    pixels
}

/// A picture of which squares are read or written: its width in pixels and its channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) channels: usize,
    /// Channels of a square by itself: whole vectors.
    pub(super) padded: usize,
}

impl Picture {
    /// Whether the pixels are whole vectors, so that squares can be read and written in place.
    pub(super) fn in_place(self) -> bool {
        self.channels == self.padded
    }

    /// The pixels of a square of `values`, to be read; what lies outside of the picture is read
    /// from `outside`. The pointers are good as long as the slices are not written.
    #[inline(always)]
    pub(super) fn readable<const SIDE: usize>(
        self,
        square: &Square,
        values: &[f32],
        outside: &[f32],
    ) -> Pixels<SIDE> {
        let ends = [values.len(), outside.len()];
        let [values, outside] = [values, outside].map(|slice| slice.as_ptr().cast_mut());
        self.pixels(square, [values, outside], ends)
    }

    /// The pixels of a square of `values`, to be read and written; those outside of the picture
    /// are all the pixel `outside`. The pointers are good as long as the slices are not used otherwise.
    #[inline(always)]
    pub(super) fn writable<const SIDE: usize>(
        self,
        square: &Square,
        values: &mut [f32],
        outside: &mut [f32],
    ) -> Pixels<SIDE> {
        let ends = [values.len(), outside.len()];
        self.pixels(square, [values.as_mut_ptr(), outside.as_mut_ptr()], ends)
    }

    #[inline(always)]
    fn pixels<const SIDE: usize>(
        self,
        square: &Square,
        [values, outside]: [*mut f32; 2],
        ends: [usize; 2],
    ) -> Pixels<SIDE> {
        let (place, rows, columns) = inside(square, SIDE);
        assert!(self.in_place() && self.padded <= ends[1]);
        if !rows.is_empty() && !columns.is_empty() {
            let end = place + (rows.len() - 1) * self.width + columns.len();
            assert!(end * self.channels <= ends[0]);
        }
        // Without branches: half of the tiles of a small picture lie at its edges.
        let (mut down, mut right) = ([OUTSIDE; SIDE], [OUTSIDE; SIDE]);
        for (row, down) in down.iter_mut().enumerate() {
            if rows.contains(&row) {
                *down = (place + (row - rows.start) * self.width) * self.channels;
            }
        }
        for (column, right) in right.iter_mut().enumerate() {
            if columns.contains(&column) {
                *right = (column - columns.start) * self.channels;
            }
        }
        let mut pixels = [[outside; SIDE]; SIDE];
        for (pixels, down) in pixels.iter_mut().zip(down) {
            for (pixel, right) in pixels.iter_mut().zip(right) {
                let at = down + right;
                *pixel = if at < OUTSIDE {
                    values.wrapping_add(at)
                } else {
                    outside
                };
            }
        }
        pixels
    }

    /// Copies what lies within the picture; the rest of the square becomes 0.
    pub(super) fn gather(self, square: &Square, side: usize, values: &[f32], to: &mut [f32]) {
        to[..side * side * self.padded].fill(0.0);
        self.for_each_pixel(square, side, |place, at| {
            to[at..at + self.channels].copy_from_slice(&values[place..place + self.channels]);
        });
    }

    /// Copies the part of the square that lies within the picture.
    pub(super) fn scatter(self, square: &Square, side: usize, from: &[f32], values: &mut [f32]) {
        self.for_each_pixel(square, side, |place, at| {
            values[place..place + self.channels].copy_from_slice(&from[at..at + self.channels]);
        });
    }

    /// Adds the part of the square that lies within the picture.
    pub(super) fn scatter_add(self, square: &Square, side: usize, from: &[f32], sums: &mut [f32]) {
        self.for_each_pixel(square, side, |place, at| {
            let sums = &mut sums[place..place + self.channels];
            for (sum, value) in sums.iter_mut().zip(&from[at..]) {
                *sum += value;
            }
        });
    }

    /// Places in the picture and in the square of the pixels that are in both.
    fn for_each_pixel(self, square: &Square, side: usize, mut visit: impl FnMut(usize, usize)) {
        let (place, rows, columns) = inside(square, side);
        for row in rows.clone() {
            for column in columns.clone() {
                let pixel = place + (row - rows.start) * self.width + column - columns.start;
                visit(pixel * self.channels, (row * side + column) * self.padded);
            }
        }
    }
}

/// Place of the first pixel of the square that lies within the picture, and the ranges of its rows
/// and columns that do.
fn inside(square: &Square, side: usize) -> (usize, std::ops::Range<usize>, std::ops::Range<usize>) {
    match square {
        Square::Inside(place) => (*place, 0..side, 0..side),
        Square::Edge(place, rows, columns) => (*place, rows.clone(), columns.clone()),
    }
}
