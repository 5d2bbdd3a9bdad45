//! What of a picture known lines do not account for: the finder need not look at the rest.

use std::ops::Range;

use letra_type::Picture;

use super::FoundLine;

/// The side of a cell, in pixels.
const CELL: usize = 8;

/// A cell shows something if its levels differ by so many: less is paper, or noise.
const CONTRAST: u8 = 12;

/// How far a line's letters, accents and rules reach, in letter heights: above its baseline, below it, and
/// over its ends.
const ABOVE: f32 = 1.8;
const BELOW: f32 = 0.7;
const OVER_ENDS: f32 = 1.0;

/// The cells of a picture that show something which is in no known line.
pub(super) struct Unexplained {
    columns: usize,
    rows: usize,
    cells: Vec<bool>,
}

impl Unexplained {
    pub(super) fn of(picture: &Picture, known: &[FoundLine]) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
        let mut cells = Vec::with_capacity(columns * rows);
        let mut extremes = vec![(u8::MAX, u8::MIN); columns];
        for row in 0..rows {
            extremes.fill((u8::MAX, u8::MIN));
            // One row and one column more than the cell has: an edge between two cells is in one of them.
            for y in row * CELL..height.min((row + 1) * CELL + 1) {
                let levels = &picture.pixels()[y * width..][..width];
                for (column, (least, most)) in extremes.iter_mut().enumerate() {
                    for &level in &levels[column * CELL..width.min((column + 1) * CELL + 1)] {
                        *least = level.min(*least);
                        *most = level.max(*most);
                    }
                }
            }
            let shows = |&(least, most): &(u8, u8)| most - least >= CONTRAST;
            cells.extend(extremes.iter().map(shows));
        }
        let mut unexplained = Self {
            columns,
            rows,
            cells,
        };
        known.iter().for_each(|line| unexplained.explain(line));
        unexplained
    }

    /// Takes out the cells whose middles a line reaches.
    fn explain(&mut self, line: &FoundLine) {
        let along = [
            -OVER_ENDS * line.height,
            line.length + OVER_ENDS * line.height,
        ];
        let above = [-BELOW * line.height, ABOVE * line.height];
        let corners = along.map(|along| above.map(|above| line.place(along, above)));
        let corners = corners.as_flattened();
        let (columns, rows) = (
            cells_between(corners.iter().map(|&(x, _)| x), self.columns),
            cells_between(corners.iter().map(|&(_, y)| y), self.rows),
        );
        for row in rows {
            for column in columns.clone() {
                let middle = |cell: usize| (cell as f32 + 0.5) * CELL as f32;
                let (u, v) = line.seen_from((middle(column), middle(row)));
                if (along[0]..=along[1]).contains(&u) && (above[0]..=above[1]).contains(&v) {
                    self.cells[row * self.columns + column] = false;
                }
            }
        }
    }

    /// Whether there is any such cell in these columns and rows of pixels.
    pub(super) fn is_in(&self, columns: Range<usize>, rows: Range<usize>) -> bool {
        let cells = |pixels: Range<usize>, most: usize| {
            (pixels.start / CELL).min(most)..pixels.end.div_ceil(CELL).min(most)
        };
        let (columns, mut rows) = (cells(columns, self.columns), cells(rows, self.rows));
        rows.any(|row| {
            let of_row = &self.cells[row * self.columns..][..self.columns];
            of_row[columns.clone()].contains(&true)
        })
    }
}

/// The cells from the least of some places to the largest.
fn cells_between(places: impl Iterator<Item = f32> + Clone, most: usize) -> Range<usize> {
    let least = places.clone().fold(f32::INFINITY, f32::min);
    let largest = places.fold(f32::NEG_INFINITY, f32::max);
    // Below 0 is cell 0.
    let cell = |place: f32| ((place / CELL as f32) as usize).min(most);
    cell(least)..(cell(largest) + 1).min(most)
}

#[cfg(test)]
mod tests {
    use letra_type::{Font, draw_line};

    use super::*;

    #[test]
    fn a_known_line_explains_its_letters_and_not_those_beside_it() {
        let mut picture = Picture::blank(300, 200, 255).unwrap();
        let font = &Font::built_in()[0];
        for baseline in [60.0, 150.0] {
            draw_line(&mut picture, font, "Áltfjq", 40.0, (20.0, baseline), 0).unwrap();
        }
        let known = FoundLine {
            start: (20.0, 60.0),
            direction: (1.0, 0.0),
            length: 130.0,
            height: 29.0,
            confidence: 1.0,
        };
        let alone = Unexplained::of(&picture, &[]);
        assert!(alone.is_in(0..300, 0..80) && alone.is_in(0..300, 100..200));
        assert!(!alone.is_in(240..300, 0..200) && !alone.is_in(0..300, 184..900));
        let beside = Unexplained::of(&picture, std::slice::from_ref(&known));
        assert!(!beside.is_in(0..300, 0..80) && beside.is_in(0..300, 100..200));
        // A line that leaves the picture.
        let outside = FoundLine {
            start: (-500.0, -40.0),
            length: 2000.0,
            ..known
        };
        let beside = Unexplained::of(&picture, &[outside]);
        assert!(beside.is_in(0..300, 0..80) && beside.is_in(0..300, 100..200));
    }

    #[test]
    fn faint_edges_between_cells_are_seen() {
        let mut picture = Picture::blank(64, 64, 200).unwrap();
        assert!(!Unexplained::of(&picture, &[]).is_in(0..64, 0..64));
        let pixels = (0..64 * 64).map(|index| if index % 64 < 32 { 200 } else { 212 });
        picture = Picture::new(64, 64, pixels.collect()).unwrap();
        let unexplained = Unexplained::of(&picture, &[]);
        assert!(unexplained.is_in(24..32, 0..8) && !unexplained.is_in(32..64, 0..64));
    }
}
