//! What is to be said of a scene: for each cell of some pixels whether it is in a line of text, and where
//! that line lies.

use super::canvas::Point;

/// Pixels along a side of a scene.
pub const SCENE_SIDE: usize = 192;

/// Pixels along a side of a cell.
pub const SCENE_CELL: usize = 4;

/// Values of a cell's label.
pub const SCENE_VALUES: usize = 5;

/// The letter heights, in pixels, that count as text; those a little beyond them neither count nor not.
pub(super) const TEXT: (f32, f32) = (5.6, 18.0);
const LEFT_OPEN: f32 = 28.0;

/// How far a line's cells reach, in letter heights above its baseline; further out, cells count neither
/// as text nor as none.
const BODY: (f32, f32) = (-0.08, 1.05);
const RIM: (f32, f32) = (-0.45, 1.35);

/// How far the rim reaches over a line's ends, in letter heights.
const RIM_AT_ENDS: f32 = 0.4;

/// Pixels that distances are told in, and the letter height whose logarithm is 0.
pub(super) const UNIT: f32 = 8.0;
pub(super) const UNIT_HEIGHT: f32 = 10.0;

/// A straight part of a line: where its baseline begins and ends, and the height of its letters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) height: f32,
    /// Whether it is the line's first part, and whether it is the last.
    pub(super) ends: [bool; 2],
}

/// Labels of cells, in rows.
pub(super) struct Cells<'a> {
    values: &'a mut [f32],
    columns: usize,
}

impl<'a> Cells<'a> {
    /// Cells of a scene, none of them text.
    pub(super) fn new(values: &'a mut [f32]) -> Self {
        let columns = SCENE_SIDE / SCENE_CELL;
        assert_eq!(values.len(), columns * columns * SCENE_VALUES);
        values.fill(0.0);
        Self { values, columns }
    }

    /// Labels the cells of some lines: first what lies around each, then what lies in it.
    pub(super) fn label(&mut self, parts: &[Part]) {
        for part in parts {
            self.each(part, RIM, RIM_AT_ENDS, |label, _| label[0] = -1.0);
        }
        for part in parts {
            let height = part.height;
            let counts = (TEXT.0..=TEXT.1).contains(&height);
            if height > LEFT_OPEN {
                self.each(part, BODY, 0.0, |label, _| label[0] = 0.0);
            } else if counts {
                let (cos, sin) = direction(part);
                self.each(part, BODY, 0.0, |label, above| {
                    label[0] = 1.0;
                    label[1] = above / UNIT;
                    label[2] = libm::logf(height / UNIT_HEIGHT);
                    (label[3], label[4]) = (cos, sin);
                });
            }
        }
    }

    /// Does something to the label of each cell of a part, its middle so many pixels above the baseline,
    /// that lies between two heights above the baseline.
    fn each(
        &mut self,
        part: &Part,
        (low, high): (f32, f32),
        over_ends: f32,
        mut change: impl FnMut(&mut [f32], f32),
    ) {
        let (cos, sin) = direction(part);
        let along = |point: Point| (point.0 - part.from.0) * cos + (point.1 - part.from.1) * sin;
        let above = |point: Point| (point.0 - part.from.0) * sin - (point.1 - part.from.1) * cos;
        let length = along(part.to);
        let over = |end: bool| match end {
            true => over_ends * part.height,
            false => 0.0,
        };
        let (first, last) = (-over(part.ends[0]), length + over(part.ends[1]));
        let reach = part.height * high.max(-low) + over_ends * part.height + 1.0;
        let cell = SCENE_CELL as f32;
        let range = |one: f32, other: f32| {
            let from = ((one.min(other) - reach) / cell).max(0.0) as usize;
            let to = ((one.max(other) + reach) / cell).ceil().max(0.0) as usize;
            from..to.min(self.columns)
        };
        let (columns, rows) = (range(part.from.0, part.to.0), range(part.from.1, part.to.1));
        for row in rows {
            for column in columns.clone() {
                let middle = ((column as f32 + 0.5) * cell, (row as f32 + 0.5) * cell);
                let (u, v) = (along(middle), above(middle));
                let inside = (first..=last).contains(&u)
                    && (low * part.height..=high * part.height).contains(&v);
                if inside {
                    let at = (row * self.columns + column) * SCENE_VALUES;
                    change(&mut self.values[at..at + SCENE_VALUES], v);
                }
            }
        }
    }
}

/// Cosine and sine of the direction that a part is read in.
fn direction(part: &Part) -> Point {
    let (x, y) = (part.to.0 - part.from.0, part.to.1 - part.from.1);
    let length = (x * x + y * y).sqrt().max(1e-6);
    (x / length, y / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(part: Part) -> Vec<f32> {
        let columns = SCENE_SIDE / SCENE_CELL;
        let mut values = vec![9.0; columns * columns * SCENE_VALUES];
        Cells::new(&mut values).label(&[part]);
        values
    }

    fn at(values: &[f32], x: f32, y: f32) -> &[f32] {
        let columns = SCENE_SIDE / SCENE_CELL;
        let place = (y as usize / SCENE_CELL) * columns + x as usize / SCENE_CELL;
        &values[place * SCENE_VALUES..][..SCENE_VALUES]
    }

    #[test]
    fn cells_say_where_the_baseline_is_and_how_high_letters_are() {
        let level = labelled(Part {
            from: (20.0, 100.0),
            to: (120.0, 100.0),
            height: 12.0,
            ends: [true; 2],
        });
        // The middle of the cell at row 24 is at 98.
        let inside = at(&level, 60.0, 97.0);
        assert_eq!(inside[0], 1.0);
        assert!((inside[1] - 2.0 / UNIT).abs() < 1e-5);
        assert!((inside[2] - libm::logf(1.2)).abs() < 1e-5);
        assert_eq!(inside[3..], [1.0, 0.0]);
        assert_eq!(at(&level, 60.0, 102.0)[0], -1.0);
        assert_eq!(at(&level, 122.5, 97.0)[0], -1.0);
        assert_eq!(at(&level, 60.0, 130.0)[0], 0.0);
        // Read upwards: what is above the baseline lies to its left.
        let upwards = labelled(Part {
            from: (100.0, 150.0),
            to: (100.0, 50.0),
            height: 12.0,
            ends: [true; 2],
        });
        let inside = at(&upwards, 94.0, 90.0);
        assert!(
            inside[0] == 1.0 && inside[1] > 0.0 && inside[4] == -1.0,
            "{inside:?}"
        );
        assert_eq!(at(&upwards, 110.0, 90.0)[0], 0.0);
    }

    #[test]
    fn letters_too_small_or_too_large_are_no_text_of_this_size() {
        let of = |height: f32| {
            let part = Part {
                from: (20.0, 150.0),
                to: (170.0, 150.0),
                height,
                ends: [true; 2],
            };
            at(&labelled(part), 90.0, 149.0)[0]
        };
        assert_eq!(
            [of(4.0), of(12.0), of(22.0), of(60.0)],
            [-1.0, 1.0, -1.0, 0.0]
        );
    }
}
