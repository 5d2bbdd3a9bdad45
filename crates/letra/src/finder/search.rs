//! A picture looked at by the network, at one size after the other, in tiles.

use std::ops::Range;

use letra_nn::prelude::*;
use letra_type::{Picture, SCENE_CELL, SCENE_VALUES};

use super::Finder;
use super::decoding::{FoundLine, lines_of, without_doubles};
use super::network::{GRAIN, to_input};
use super::unexplained::Unexplained;
use crate::failure::Failure;

/// Pictures of more pixels are looked at from half their size on, or less.
const MOST_PIXELS: usize = 2_500_000;

/// A picture is made smaller by halves until its longer side is shorter than this.
const SHORTEST: usize = 40;

/// The longest side of a tile, and how far tiles reach over their neighbours: most of what the network sees
/// about a cell.
const TILE: usize = 512;
const MARGIN: usize = 48;

/// Tiles that the network sees at once.
const AT_ONCE: usize = 8;

/// What is said of cells that are not looked at: no text.
const NO_TEXT: f32 = -20.0;

/// What the network says of a picture: five values a cell, in rows.
pub(super) struct Map {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) values: Vec<f32>,
}

impl Map {
    /// The values of a cell; its logit is the first.
    pub(super) fn cell(&self, column: usize, row: usize) -> &[f32] {
        &self.values[(row * self.columns + column) * SCENE_VALUES..][..SCENE_VALUES]
    }
}

impl Finder {
    /// Finds the lines of text in a picture, whatever way they run, the surest first. Letters are found
    /// from 6 pixels of height on, of pictures above 2.5 million pixels from 12 on.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub fn find(&self, picture: &Picture) -> Result<Vec<FoundLine>, Failure> {
        self.find_beside(picture, &[])
    }

    /// As [`Finder::find`], beside lines that are known: it looks only where the picture shows something that
    /// is in none of them, and so costs little on a page that is known.
    ///
    /// # Errors
    /// As [`Finder::find`].
    pub fn find_beside(
        &self,
        picture: &Picture,
        known: &[FoundLine],
    ) -> Result<Vec<FoundLine>, Failure> {
        let unexplained = Unexplained::of(picture, known);
        let mut factor = 1;
        while picture.pixels().len() / (factor * factor) > MOST_PIXELS {
            factor += 1;
        }
        let mut seen = match factor {
            1 => picture.clone(),
            _ => picture.reduced(factor),
        };
        let mut found = Vec::new();
        loop {
            let shows = |columns: Range<usize>, rows: Range<usize>| {
                let pixels = |side: Range<usize>| side.start * factor..side.end * factor;
                unexplained.is_in(pixels(columns), pixels(rows))
            };
            let map = self
                .map(&seen, shows)
                .map_err(|error| Failure::network("the finder cannot be used", &error))?;
            found.extend(lines_of(&map, factor as f32));
            if seen.width().max(seen.height()) < 2 * SHORTEST
                || seen.width().min(seen.height()) < GRAIN
            {
                break;
            }
            seen = seen.reduced(2);
            factor *= 2;
        }
        Ok(without_doubles(found))
    }

    /// What the network says of a picture in those columns and rows that show something; elsewhere no text.
    pub(super) fn map(
        &self,
        picture: &Picture,
        shows: impl Fn(Range<usize>, Range<usize>) -> bool,
    ) -> Result<Map, Error> {
        let (width, height) = (picture.width(), picture.height());
        let (across, down) = (Tiling::of(width), Tiling::of(height));
        let network = self.network.with_input_shape([down.side, across.side, 1])?;
        let places: Vec<(usize, usize)> = down
            .starts()
            .flat_map(|top| across.starts().map(move |left| (left, top)))
            .filter(|&(left, top)| {
                let pixels = |cells: Range<usize>| cells.start * SCENE_CELL..cells.end * SCENE_CELL;
                shows(
                    pixels(across.own(left, width)),
                    pixels(down.own(top, height)),
                )
            })
            .collect();
        let mut map = Map {
            columns: width.div_ceil(SCENE_CELL),
            rows: height.div_ceil(SCENE_CELL),
            values: Vec::new(),
        };
        let unseen = [NO_TEXT].into_iter().chain([0.0; SCENE_VALUES - 1]);
        map.values = unseen
            .cycle()
            .take(map.columns * map.rows * SCENE_VALUES)
            .collect();
        let tile = across.side * down.side;
        for some in places.chunks(AT_ONCE) {
            let mut pixels = Vec::with_capacity(some.len() * tile);
            for &(left, top) in some {
                for row in top..top + down.side {
                    // Beyond the picture its edge goes on.
                    let row = &picture.pixels()[row.min(height - 1) * width..][..width];
                    let within = across.side.min(width - left);
                    pixels.extend(
                        row[left..left + within]
                            .iter()
                            .map(|&level| to_input(level)),
                    );
                    let edge = to_input(row[width - 1]);
                    pixels.extend(std::iter::repeat_n(edge, across.side - within));
                }
            }
            let shape = [some.len(), down.side, across.side, 1];
            let said = network.predict(&Tensor::new(shape, pixels)?)?;
            for (index, &(left, top)) in some.iter().enumerate() {
                let (columns, rows) = (across.own(left, width), down.own(top, height));
                let cells = across.side / SCENE_CELL;
                let said = said.sample(index);
                for row in rows {
                    let from = (row - top / SCENE_CELL) * cells + columns.start - left / SCENE_CELL;
                    let to = row * map.columns + columns.start;
                    let count = columns.len() * SCENE_VALUES;
                    map.values[to * SCENE_VALUES..][..count]
                        .copy_from_slice(&said[from * SCENE_VALUES..][..count]);
                }
            }
        }
        Ok(map)
    }
}

/// How one side of a picture is cut into tiles.
struct Tiling {
    length: usize,
    /// Pixels of a tile along this side.
    side: usize,
}

impl Tiling {
    fn of(length: usize) -> Self {
        Self {
            length,
            side: length.next_multiple_of(GRAIN).min(TILE),
        }
    }

    fn step(&self) -> usize {
        self.side.saturating_sub(2 * MARGIN).max(GRAIN)
    }

    /// Where tiles begin.
    fn starts(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        let count = match self.length <= self.side {
            true => 1,
            false => 1 + (self.length - self.side).div_ceil(self.step()),
        };
        let step = self.step();
        (0..count).map(move |index| index * step)
    }

    /// The cells that a tile answers for.
    fn own(&self, start: usize, length: usize) -> Range<usize> {
        let first = if start == 0 { 0 } else { start + MARGIN };
        let last = match start + self.side >= length {
            true => length.div_ceil(SCENE_CELL),
            false => (start + self.side - MARGIN) / SCENE_CELL,
        };
        first / SCENE_CELL..last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_answer_for_each_cell_once() {
        for length in [1, 7, 8, 100, 511, 512, 513, 600, 928, 929, 1280, 4000] {
            let tiling = Tiling::of(length);
            let mut next = 0;
            for start in tiling.starts() {
                let own = tiling.own(start, length);
                assert_eq!(own.start, next, "{length}: {start}");
                assert!(own.end * SCENE_CELL <= start + tiling.side && start < length);
                next = own.end;
            }
            assert_eq!(next, length.div_ceil(SCENE_CELL), "{length}");
        }
    }
}
