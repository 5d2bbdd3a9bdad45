//! Lines whose place, direction and size are known about: made level there, and looked for by their blots.

use super::line::TextLine;
use super::mask::Grey;
use super::search_scale;
use crate::picture::Picture;

/// Letters are brought to a height between these, in pixels, before their blots are looked for.
const LETTERS: (f32, f32) = (14.0, 30.0);

/// What is looked at around a line, in letter heights: above its baseline, below it, and beyond its ends.
const ABOVE: f32 = 2.2;
const BELOW: f32 = 1.2;
const BEYOND: f32 = 1.0;

/// The most columns of what is looked at.
const MOST_COLUMNS: usize = 6000;

/// How far the baseline may be from where it was thought to be, in letter heights; by which factor the
/// height of the letters may differ; and how much of the line is to be found.
const BASELINE_OFF: f32 = 0.4;
const HEIGHT_OFF: f32 = 1.5;
const LEAST_SHARE: f32 = 0.5;

/// A line that stands about where `guess` says, of about that height, by its blots of ink: their baseline
/// and their height are exact to a part of a pixel, those of a guess may not be. The guess may have any
/// slope. `None` where blots make no such line.
///
/// ```
/// use letra_type::{Font, Picture, TextLine, draw_line, find_line_near, find_lines};
///
/// let mut picture = Picture::blank(400, 80, 255)?;
/// draw_line(&mut picture, &Font::built_in()[0], "Seven kinds", 36.0, (20.0, 50.0), 0)?;
/// let known = find_lines(&picture).remove(0);
/// let guess = TextLine { baseline: known.baseline + 3.0, slope: 0.02, ..known.clone() };
/// let found = find_line_near(&picture, &guess).expect("it is there");
/// assert!((found.baseline - known.baseline).abs() < 1.0 && found.slope.abs() < 0.01);
/// # Ok::<(), letra_type::Error>(())
/// ```
pub fn find_line_near(picture: &Picture, guess: &TextLine) -> Option<TextLine> {
    let view = View::of(guess)?;
    let grey = view.draw(picture);
    let found = search_scale(grey, 1.0);
    let letters = view.letters;
    let (first, last) = (BEYOND * letters, view.columns as f32 - BEYOND * letters);
    let fits = |line: &TextLine| {
        let middle = line.baseline + line.slope * line.width / 2.0;
        let ratio = line.letter_height / letters;
        let shared = (line.left + line.width).min(last) - line.left.max(first);
        (middle - ABOVE * letters).abs() <= BASELINE_OFF * letters
            && (1.0 / HEIGHT_OFF..=HEIGHT_OFF).contains(&ratio)
            && shared >= LEAST_SHARE * (last - first)
    };
    let lines = found.into_iter().filter(|found| fits(&found.line));
    let best = lines.max_by_key(|found| found.line.letters * found.weight)?;
    Some(view.placed(best.line))
}

/// The part of a picture around a line, made level and scaled.
struct View<'a> {
    guess: &'a TextLine,
    /// Height of the letters, in the view's pixels.
    letters: f32,
    /// Pixels of the picture one of the view.
    step: f32,
    columns: usize,
    rows: usize,
    /// Cosine and sine of the line's direction.
    direction: (f32, f32),
}

impl<'a> View<'a> {
    fn of(guess: &'a TextLine) -> Option<Self> {
        let height = guess.letter_height;
        let turn = (1.0 + guess.slope * guess.slope).sqrt();
        let length = guess.width * turn;
        let usable = height >= 1.0 && length > 0.0 && length.is_finite() && turn.is_finite();
        let letters = height.clamp(LETTERS.0, LETTERS.1);
        let step = height / letters;
        let columns = (length / step + 2.0 * BEYOND * letters).ceil();
        (usable && columns <= MOST_COLUMNS as f32).then_some(Self {
            guess,
            letters,
            step,
            columns: columns as usize,
            rows: ((ABOVE + BELOW) * letters).ceil() as usize,
            direction: (1.0 / turn, guess.slope / turn),
        })
    }

    /// A place of the view in the picture.
    fn place(&self, column: f32, row: f32) -> (f32, f32) {
        let along = (column - BEYOND * self.letters) * self.step;
        let down = (row - ABOVE * self.letters) * self.step;
        let (cos, sin) = self.direction;
        (
            self.guess.left + along * cos - down * sin,
            self.guess.baseline + along * sin + down * cos,
        )
    }

    /// The view's grey levels: between pixels in proportion; where it is coarser than the picture, the mean
    /// of several places. Beyond the picture its edge goes on.
    fn draw(&self, picture: &Picture) -> Grey {
        let (width, height) = (picture.width(), picture.height());
        let pixels = picture.pixels();
        let fine = (self.step.round() as usize).clamp(1, 16);
        let part = 1.0 / fine as f32;
        let level = |(x, y): (f32, f32)| {
            let x = (x - 0.5).clamp(0.0, width as f32 - 1.0);
            let y = (y - 0.5).clamp(0.0, height as f32 - 1.0);
            let (left, top) = (x as usize, y as usize);
            let (u, v) = (x - left as f32, y - top as f32);
            let (right, below) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
            let at = |row: usize, column: usize| f32::from(pixels[row * width + column]);
            let upper = at(top, left) + (at(top, right) - at(top, left)) * u;
            let lower = at(below, left) + (at(below, right) - at(below, left)) * u;
            upper + (lower - upper) * v
        };
        let mut levels = Vec::with_capacity(self.columns * self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                let mut sum = 0.0;
                for down in 0..fine {
                    for right in 0..fine {
                        let column = column as f32 + (right as f32 + 0.5) * part;
                        let row = row as f32 + (down as f32 + 0.5) * part;
                        sum += level(self.place(column, row));
                    }
                }
                levels.push((sum * part * part + 0.5) as u8);
            }
        }
        Grey {
            width: self.columns,
            height: self.rows,
            levels,
        }
    }

    /// A line of the view at its place in the picture.
    fn placed(&self, found: TextLine) -> TextLine {
        let (left, baseline) = self.place(found.left, found.baseline);
        let (cos, sin) = self.direction;
        // The view is level, so that slopes are those of angles that add up.
        let (x, y) = (cos - sin * found.slope, sin + cos * found.slope);
        TextLine {
            left,
            baseline,
            width: found.width * self.step * x,
            slope: y / x.max(1e-3),
            letter_height: found.letter_height * self.step,
            x_height: found.x_height * self.step,
            ..found
        }
    }
}
