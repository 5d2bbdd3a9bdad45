//! Pixels of components of which some are coarser than others, as libjpeg makes them.

use super::Samples;
use super::frame::{Component, Frame};

/// The samples of the whole picture. Where `smooth` is said those of components of half the width or
/// height are mixed with the ones beside them; otherwise each is repeated.
pub(super) fn samples(frame: &Frame, smooth: bool) -> Samples {
    let width = frame.width.div_ceil(frame.shrink);
    let height = frame.height.div_ceil(frame.shrink);
    let of_a_pixel = frame.components.len();
    let sources: Vec<Source> = frame
        .components
        .iter()
        .map(|component| Source::new(frame, component, smooth && frame.shrink < 8))
        .collect();
    let mut levels = vec![0; width * height * of_a_pixel];
    let mut upsampled = Vec::new();
    for (row, pixels) in levels.chunks_exact_mut(width * of_a_pixel).enumerate() {
        for (place, source) in sources.iter().enumerate() {
            source.fill(row, width, &mut upsampled);
            let to = pixels[place..].iter_mut().step_by(of_a_pixel);
            for (to, &level) in to.zip(&upsampled) {
                *to = level;
            }
        }
    }
    Samples {
        width,
        height,
        of_a_pixel,
        levels,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Twice as wide, and as high or twice as high, or twice as high alone.
    Wider,
    WiderAndHigher,
    Higher,
    Repeated,
}

struct Source<'a> {
    component: &'a Component,
    way: Way,
    /// Samples that hold pixels.
    width: usize,
    height: usize,
    /// Blocks of a unit, and those of the component that has the most.
    across: (usize, usize),
    down: (usize, usize),
}

impl<'a> Source<'a> {
    fn new(frame: &Frame, component: &'a Component, smooth: bool) -> Self {
        let components = || frame.components.iter();
        let most_across = components().map(|one| one.columns).max().unwrap_or(1);
        let most_down = components().map(|one| one.rows).max().unwrap_or(1);
        let (across, down) = (
            (component.columns, most_across),
            (component.rows, most_down),
        );
        let width = (frame.width * across.0).div_ceil(across.1 * frame.shrink);
        let height = (frame.height * down.0).div_ceil(down.1 * frame.shrink);
        let twice = |(own, most): (usize, usize)| 2 * own == most;
        let same = |(own, most): (usize, usize)| own == most;
        let way = match smooth {
            true if twice(across) && same(down) && width > 2 => Way::Wider,
            true if twice(across) && twice(down) && width > 2 => Way::WiderAndHigher,
            true if same(across) && twice(down) => Way::Higher,
            _ => Way::Repeated,
        };
        Self {
            component,
            way,
            width,
            height,
            across,
            down,
        }
    }

    /// Makes a row of the picture, of `width` levels or some more.
    fn fill(&self, row: usize, width: usize, to: &mut Vec<u8>) {
        to.clear();
        match self.way {
            Way::Repeated => {
                let from = self.component.row(row * self.down.0 / self.down.1);
                let (own, most) = self.across;
                match own == most {
                    true => to.extend_from_slice(&from[..width]),
                    false => to.extend((0..width).map(|column| from[column * own / most])),
                }
            }
            Way::Wider => {
                let from = &self.component.row(row)[..self.width];
                widen(from.iter().map(|&level| i32::from(level)), to, (4, 2, 1));
            }
            Way::Higher => {
                let half = if row % 2 == 0 { 1 } else { 2 };
                let sums = self.nearer(row);
                to.extend(sums.map(|sum| ((sum + half) >> 2) as u8));
            }
            Way::WiderAndHigher => widen(self.nearer(row), to, (16, 7, 8)),
        }
    }

    /// Three times the samples of the nearer row of samples and once those of the farther.
    fn nearer(&self, row: usize) -> impl Iterator<Item = i32> {
        let near = row / 2;
        let far = match row % 2 {
            0 => near.saturating_sub(1),
            _ => (near + 1).min(self.height - 1),
        };
        let near = &self.component.row(near)[..self.width];
        let pairs = near.iter().zip(self.component.row(far));
        pairs.map(|(&near, &far)| 3 * i32::from(near) + i32::from(far))
    }
}

/// Two levels of each value: three parts of it and one of that to its left or right; what is to be
/// divided by, and what is added before to round, on the right and on the left.
fn widen(
    values: impl Iterator<Item = i32>,
    to: &mut Vec<u8>,
    (whole, right, left): (i32, i32, i32),
) {
    let mut values = values.peekable();
    let mut before = None;
    while let Some(value) = values.next() {
        let after = values.peek().copied().unwrap_or(value);
        let mix = |beside: i32, half: i32| ((3 * value + beside + half) / whole) as u8;
        to.push(mix(before.unwrap_or(value), left));
        to.push(mix(after, right));
        before = Some(value);
    }
}
