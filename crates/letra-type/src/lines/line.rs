//! A line of text that was found, and its picture made straight.

use super::chain::Chain;
use super::form::{
    BASELINE, LETTER_HEIGHT, LINE_HEIGHT, WINDOW_WIDTH, cut_out, letter_height, level, level_line,
    starts,
};
use crate::picture::Picture;
use crate::resample::{Taps, resample};

/// How far descenders reach below the baseline, in letter heights.
const DESCENT: f32 = 0.4;

/// Columns of ground before a straightened line and after it.
const BEFORE: f32 = LETTER_HEIGHT / 2.0;

/// Lines of no more letters may be parts of others: dots, marks and descenders.
const FEW_LETTERS: usize = 3;

/// The most pixels of a straightened line, in pixels of its 40 rows: 400 windows.
const LONGEST: usize = 400 * WINDOW_WIDTH;

/// A line of text in a picture. Places and lengths are in the picture's pixels, from its upper
/// left corner.
///
/// ```
/// use letra_type::{Font, LINE_HEIGHT, Picture, draw_line, find_lines};
///
/// let font = &Font::built_in()[0];
/// let mut picture = Picture::blank(400, 80, 255)?;
/// draw_line(&mut picture, font, "Seven kinds of rye", 36.0, (20.0, 50.0), 0)?;
/// let line = &find_lines(&picture)[0];
/// assert!((line.baseline - 50.0).abs() < 2.0 && (line.left - 20.0).abs() < 4.0);
/// assert!(!line.light_on_dark && line.x_height < line.letter_height);
/// assert_eq!(line.straightened(&picture).height(), LINE_HEIGHT);
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TextLine {
    /// The column where the line's first letter begins.
    pub left: f32,
    /// The row of the baseline at that column.
    pub baseline: f32,
    /// From the beginning of the first letter to the end of the last, along the columns.
    pub width: f32,
    /// How many pixels the baseline falls a pixel to the right.
    pub slope: f32,
    /// How far the uprights of its letters lean from the perpendicular of the baseline, to the left at
    /// their tops where it is above 0, in heights: as much as the slope on a board seen from the side,
    /// where uprights stay upright; 0 otherwise.
    pub lean: f32,
    /// Height of the line's taller letters above the baseline, see
    /// [`letter_height`](crate::letter_height()).
    pub letter_height: f32,
    /// Height that two letters in five do not exceed, which is that of small letters in most text.
    pub x_height: f32,
    /// Whether the letters are lighter than their ground.
    pub light_on_dark: bool,
    /// How many separate blots of ink it has; about as many as letters, less where these touch.
    pub letters: usize,
}

impl TextLine {
    /// The line of a chain found in a picture that was reduced by a factor.
    pub(super) fn from_chain(chain: &Chain, factor: f32, light_on_dark: bool) -> Option<Self> {
        let (first, last) = (chain.blots.first()?, chain.blots.last()?);
        let mut tops = chain.tops();
        let height = letter_height(&mut tops)?;
        let x_height = tops[tops.len() * 2 / 5].clamp(0.0, height);
        let left = first.left as f32;
        Some(Self {
            left: left * factor,
            baseline: chain.baseline_at(left) * factor,
            width: (last.right as f32 - left) * factor,
            slope: chain.slope,
            lean: 0.0,
            letter_height: height * factor,
            x_height: x_height * factor,
            light_on_dark,
            letters: chain.blots.len(),
        })
    }

    /// Left, top, right and bottom of the smallest upright box around the line, descenders
    /// included.
    pub fn bounds(&self) -> [f32; 4] {
        let fall = self.slope * self.width;
        let top = self.baseline + fall.min(0.0) - self.letter_height;
        let bottom = self.baseline + fall.max(0.0) + DESCENT * self.letter_height;
        [self.left, top, self.left + self.width, bottom]
    }

    /// Left, top, right and bottom of the smallest upright box around some columns of the
    /// [straightened](TextLine::straightened) line, descenders included, in the picture's pixels.
    ///
    /// ```
    /// # use letra_type::{Font, Picture, draw_line, find_lines};
    /// # let mut picture = Picture::blank(400, 80, 255)?;
    /// draw_line(&mut picture, &Font::built_in()[0], "Seven kinds", 36.0, (20.0, 50.0), 0)?;
    /// let line = &find_lines(&picture)[0];
    /// let width = line.straightened(&picture).width();
    /// // Half a letter's height of ground stands before the line and after it.
    /// let [left, _, right, _] = line.bounds_between(10..width - 10);
    /// assert!((left - line.left).abs() < 1.0 && (right - line.bounds()[2]).abs() < 2.0);
    /// # Ok::<(), letra_type::Error>(())
    /// ```
    pub fn bounds_between(&self, columns: std::ops::Range<usize>) -> [f32; 4] {
        let step = self.letter_height.max(1.0) / LETTER_HEIGHT;
        let turn = (1.0 + self.slope * self.slope).sqrt();
        let along = |column: usize| (column as f32 * step - BEFORE * step) / turn;
        let (from, to) = (along(columns.start), along(columns.end));
        let part = Self {
            left: self.left + from,
            baseline: self.baseline + self.slope * from,
            width: to - from,
            ..self.clone()
        };
        part.bounds()
    }

    pub(super) fn top(&self) -> f32 {
        self.bounds()[1]
    }

    /// Whether the line is not one but a mark or two above letters of another: small, of few blots, and
    /// right above the other's letters or upon them.
    pub(super) fn marks(&self, other: &Self) -> bool {
        let middle = self.left + self.width / 2.0;
        let within = (other.left..=other.left + other.width).contains(&middle);
        let baseline = other.baseline + other.slope * (middle - other.left);
        let above = (baseline - self.baseline) / other.letter_height;
        within
            && self.letters <= 4
            && self.letter_height <= 0.4 * other.letter_height
            && self.width <= 1.5 * other.letter_height
            && (0.6..=1.5).contains(&above)
    }

    /// Whether another line stands in the same row: each shares half of its height with the other.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let (one, two) = (self.bounds(), other.bounds());
        let shared = one[3].min(two[3]) - one[1].max(two[1]);
        let apart = one[0] >= two[2] || two[0] >= one[2];
        apart && shared >= 0.5 * (one[3] - one[1]).max(two[3] - two[1])
    }

    /// Whether two lines lie on each other for more than half of the smaller; for more than a
    /// seventh if one is dark on light and the other light on dark, or of few letters.
    pub(super) fn shares_place(&self, other: &Self) -> bool {
        let (one, two) = (self.bounds(), other.bounds());
        let shared = |low: usize| {
            let [from, to] = [one[low].max(two[low]), one[low + 2].min(two[low + 2])];
            (to - from).max(0.0)
        };
        let area = |bounds: [f32; 4]| (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]);
        let few = self.letters.min(other.letters) <= FEW_LETTERS;
        let share = if self.light_on_dark == other.light_on_dark && !few {
            0.5
        } else {
            1.0 / 7.0
        };
        shared(0) * shared(1) > share * area(one).min(area(two))
    }

    /// The line made level and scaled, its letters 20 pixels high on a baseline at row 29 of 40,
    /// with half a letter's height of ground before and after it; grey levels as they are.
    ///
    /// A line of more than 64,000 pixels is cut there.
    pub fn straightened(&self, picture: &Picture) -> Picture {
        let (levels, width) = self.levels(picture);
        let levels = levels.iter().map(|&level| (level + 0.5) as u8).collect();
        Picture::from_parts(width, LINE_HEIGHT, levels)
    }

    /// Windows along the line as a sampler draws them, 40 × 160 grey levels each, dark on light,
    /// one after the other: every `stride` pixels of the straightened line, and one at its end.
    ///
    /// A line shorter than a window stands in the middle of one.
    pub fn windows(&self, picture: &Picture, stride: usize) -> Vec<u8> {
        let (levels, width) = self.levels(picture);
        let mut window = vec![0.0; LINE_HEIGHT * WINDOW_WIDTH];
        let mut windows = Vec::new();
        for start in starts(width, stride) {
            cut_out(&levels, width, start, &mut window);
            let at = windows.len();
            windows.resize(at + window.len(), 0);
            level(&window, self.light_on_dark, &mut windows[at..]);
        }
        windows
    }

    /// The straightened line, levelled as windows are: dark on light, the ground at 255, the ink at 0;
    /// and its width.
    ///
    /// A line of more than 64,000 pixels is cut there.
    pub fn levelled(&self, picture: &Picture) -> (Vec<u8>, usize) {
        let (levels, width) = self.levels(picture);
        (level_line(&levels, width, self.light_on_dark), width)
    }

    /// The line with its letters' uprights upright in the picture, as on a board that is seen from the side,
    /// if that makes its strokes clearly more upright than the perpendicular of an aslant baseline does.
    #[must_use]
    pub fn stood_up(self, picture: &Picture) -> Self {
        const LEAST_SLOPE: f32 = 0.04;
        const MOST_SLOPE: f32 = 0.6;
        const CLEARLY: f32 = 1.15;
        if !(LEAST_SLOPE..=MOST_SLOPE).contains(&self.slope.abs()) {
            return self;
        }
        let leaning = Self {
            lean: self.slope,
            ..self.clone()
        };
        match leaning.uprightness(picture) > CLEARLY * self.uprightness(picture) {
            true => leaning,
            false => self,
        }
    }

    /// How much the ink of a column differs from that of the next, squared and added up: most where
    /// strokes are upright.
    fn uprightness(&self, picture: &Picture) -> f32 {
        let (levels, width) = self.levelled(picture);
        let mut columns = vec![0.0; width];
        for row in levels.chunks_exact(width) {
            for (sum, &level) in columns.iter_mut().zip(row) {
                *sum += f32::from(255 - level) / 255.0;
            }
        }
        columns
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0]))
            .sum()
    }

    /// Grey levels of the straightened line, and its width.
    fn levels(&self, picture: &Picture) -> (Vec<f32>, usize) {
        let step = self.letter_height.max(1.0) / LETTER_HEIGHT;
        let along = self.width * (1.0 + self.slope * self.slope).sqrt();
        let width = ((along / step + 2.0 * BEFORE).ceil() as usize).clamp(1, LONGEST);
        if step < 1.0 {
            return (self.sampled(picture, step, width), width);
        }
        let (strip, strip_width, at) = self.strip(picture, step, BEFORE, width);
        let (mut columns, mut rows) = (Taps::default(), Taps::default());
        let height = strip.len() / strip_width;
        columns.set(strip_width, width, at.0, step);
        rows.set(height, LINE_HEIGHT, at.1, step);
        let mut levels = Vec::new();
        let (spare, target) = (&mut Vec::new(), &mut levels);
        resample(&strip, strip_width, &columns, &rows, spare, target);
        (levels, width)
    }

    /// Grey levels of the straightened line where its letters grow, each interpolated between the picture's pixels but
    /// once, as a sampler scales what it draws: made level first and larger then, small letters would be blurred twice.
    fn sampled(&self, picture: &Picture, step: f32, width: usize) -> Vec<f32> {
        let turn = (1.0 + self.slope * self.slope).sqrt();
        let (cos, sin) = (1.0 / turn, self.slope / turn);
        let mut levels = Vec::with_capacity(LINE_HEIGHT * width);
        for row in 0..LINE_HEIGHT {
            let down = (row as f32 + 0.5 - BASELINE) * step;
            for column in 0..width {
                let along = (column as f32 + 0.5 - BEFORE) * step;
                let x = self.left + along * cos - down * sin - 0.5;
                let y = self.baseline + along * sin + down * cos - 0.5;
                levels.push(level_at(picture, x, y));
            }
        }
        levels
    }

    /// The line's part of the picture made level, at the picture's own scale where letters are up
    /// to 80 pixels high and coarser for larger ones; its width; and where in it the straightened
    /// line begins. Beyond the picture its edge goes on.
    fn strip(
        &self,
        picture: &Picture,
        step: f32,
        before: f32,
        width: usize,
    ) -> (Vec<f32>, usize, (f32, f32)) {
        let length = (width as f32 * step).ceil() as usize + 2;
        let height = (LINE_HEIGHT as f32 * step).ceil() as usize + 2;
        let turn = (1.0 + self.slope * self.slope).sqrt();
        let (cos, sin) = (1.0 / turn, self.slope / turn);
        let mut strip = Vec::with_capacity(length * height);
        for row in 0..height {
            let down = row as f32 - 1.0 - BASELINE * step + 0.5;
            let along = -1.0 - before * step + 0.5 + down * self.lean;
            let first = (
                self.left + along * cos - down * sin - 0.5,
                self.baseline + along * sin + down * cos - 0.5,
            );
            add_row(picture, first, (cos, sin), length, &mut strip);
        }
        (strip, length, (1.0, 1.0))
    }
}

/// Fewer places than this are looked at one by one.
const SHORT_RUN: usize = 8;

/// Adds the levels at so many places, each a step of about a pixel beside the one before it.
fn add_row(
    picture: &Picture,
    first: (f32, f32),
    step: (f32, f32),
    length: usize,
    levels: &mut Vec<f32>,
) {
    let (width, height) = (picture.width(), picture.height());
    let place = |index: usize| {
        let index = index as f32;
        (first.0 + index * step.0, first.1 + index * step.1)
    };
    let mut index = 0;
    while index < length {
        let (x, y) = place(index);
        let rest = (length - index) as f32;
        // As many places as lie between the same two rows of pixels, and a pixel further each.
        let inside = x >= 0.0 && y >= 0.0 && x < (width - 1) as f32 && y < (height - 1) as f32;
        let run = match inside {
            true => rest
                .min(steps_until_next(y, step.1))
                .min(steps_until_next(x, step.0 - 1.0))
                .min((width - 1) as f32 - x.floor()) as usize,
            false => 0,
        };
        if run < SHORT_RUN {
            levels.push(level_at(picture, x, y));
            index += 1;
            continue;
        }
        let (left, top) = (x as usize, y as usize);
        let (u, v) = (x - left as f32, y - top as f32);
        let row = |row: usize| &picture.pixels()[row * width + left..][..run + 1];
        let (upper, lower) = (row(top), row(top + 1));
        let upper = upper.iter().zip(&upper[1..]);
        let lower = lower.iter().zip(&lower[1..]);
        levels.extend((0..run as i32).zip(upper.zip(lower)).map(
            |(index, ((&a, &b), (&c, &d)))| {
                let u = u + index as f32 * (step.0 - 1.0);
                let v = v + index as f32 * step.1;
                let [a, b, c, d] = [a, b, c, d].map(f32::from);
                let (upper, lower) = (a + (b - a) * u, c + (d - c) * u);
                upper + (lower - upper) * v
            },
        ));
        index += run;
    }
}

/// How many steps a value makes before it reaches the next whole number.
fn steps_until_next(value: f32, step: f32) -> f32 {
    let within = value - value.floor();
    match step {
        step if step > 0.0 => (1.0 - within) / step,
        step if step < 0.0 => within / -step,
        _ => f32::INFINITY,
    }
}

/// The level at a place between the middles of pixels; beyond the picture its edge goes on.
fn level_at(picture: &Picture, x: f32, y: f32) -> f32 {
    let (width, pixels) = (picture.width(), picture.pixels());
    let (right, bottom) = (width - 1, picture.height() - 1);
    let (x, y) = (x.clamp(0.0, right as f32), y.clamp(0.0, bottom as f32));
    let (left, top) = (x as u32 as usize, y as u32 as usize);
    let (u, v) = (x - left as f32, y - top as f32);
    let first = top * width + left;
    let beside = usize::from(left < right);
    let below = if top < bottom { width } else { 0 };
    let between = |start: usize| {
        let (one, other) = (f32::from(pixels[start]), f32::from(pixels[start + beside]));
        one + (other - one) * u
    };
    let upper = between(first);
    upper + (between(first + below) - upper) * v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_places_has_the_levels_of_each_place() {
        let pixels = (0..97 * 61).map(|index| (index * index % 251) as u8);
        let picture = Picture::new(97, 61, pixels.collect()).unwrap();
        for (first, angle) in [
            ((3.0, 5.0), 0.0_f32),
            ((-7.4, 30.2), 0.01),
            ((0.0, 59.9), -0.03),
            ((40.7, -2.0), 0.2),
            ((90.0, 60.0), 0.0),
            ((2.5, 20.0), -0.0004),
            ((60.0, 3.0), 1.2),
        ] {
            let step = (libm::cosf(angle), libm::sinf(angle));
            let mut levels = Vec::new();
            add_row(&picture, first, step, 120, &mut levels);
            assert_eq!(levels.len(), 120);
            for (index, level) in levels.into_iter().enumerate() {
                let along = index as f32;
                let (x, y) = (first.0 + along * step.0, first.1 + along * step.1);
                let wanted = level_at(&picture, x, y);
                assert!(
                    (level - wanted).abs() < 0.02,
                    "{first:?} {index}: {level} {wanted}"
                );
            }
        }
    }

    /// A level line of small letters at a place of whole pixels.
    fn small() -> TextLine {
        TextLine {
            left: 8.0,
            baseline: 20.0,
            width: 60.0,
            slope: 0.0,
            lean: 0.0,
            letter_height: 8.0,
            x_height: 6.0,
            light_on_dark: false,
            letters: 9,
        }
    }

    #[test]
    fn small_letters_are_scaled_but_once() {
        let level = |pixel: usize| (pixel * 7_919 % 256) as u8;
        let picture = Picture::new(90, 30, (0..90 * 30).map(level).collect()).unwrap();
        let line = small();
        let (levels, width) = line.levels(&picture);
        // What a sampler does with a picture that it has drawn.
        let step = line.letter_height / LETTER_HEIGHT;
        let (mut columns, mut rows) = (Taps::default(), Taps::default());
        columns.set(90, width, line.left - BEFORE * step, step);
        rows.set(30, LINE_HEIGHT, line.baseline - BASELINE * step, step);
        let mut once = Vec::new();
        let (spare, target) = (&mut Vec::new(), &mut once);
        resample(picture.pixels(), 90, &columns, &rows, spare, target);
        assert_eq!(levels.len(), once.len());
        for (level, once) in levels.iter().zip(&once) {
            assert!((level - once).abs() < 0.01, "{level} {once}");
        }
    }

    #[test]
    fn small_letters_that_rise_are_made_level() {
        // Grey levels that fall along the line's own direction alone.
        let slope = 0.1_f32;
        let line = TextLine { slope, ..small() };
        let level = |pixel: usize| {
            let (x, y) = ((pixel % 90) as f32 + 0.5, (pixel / 90) as f32 + 0.5);
            (3.0 * (y - slope * x) + 100.0) as u8
        };
        let picture = Picture::new(90, 40, (0..90 * 40).map(level).collect()).unwrap();
        let (levels, width) = line.levels(&picture);
        for row in levels.chunks_exact(width) {
            let inside = &row[30..width - 30];
            let [low, high] =
                [f32::min, f32::max].map(|of| inside.iter().copied().fold(inside[0], of));
            assert!(high - low < 3.0, "{low} {high}");
        }
    }
}
