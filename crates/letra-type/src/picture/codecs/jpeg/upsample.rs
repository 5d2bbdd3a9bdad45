//! Pixels of components of which some are coarser than others, as libjpeg makes them.

use super::Samples;
use super::frame::{Component, Frame};

/// The samples of the whole picture, of its first components so many as are `kept`. Where `smooth` is
/// said those of components of half the width or height are mixed with the ones beside them; otherwise
/// each is repeated.
pub(super) fn samples(frame: &Frame, kept: usize, smooth: bool) -> Samples {
    let width = frame.width.div_ceil(frame.shrink);
    let height = frame.height.div_ceil(frame.shrink);
    let of_a_pixel = kept.min(frame.components.len());
    let sources: Vec<Source> = frame
        .components
        .iter()
        .take(of_a_pixel)
        .map(|component| {
            Source::new(
                frame,
                component,
                smooth && frame.shrink < 8 && !frame.lossless,
            )
        })
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
                let half = if row.is_multiple_of(2) { 1 } else { 2 };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first component of a frame of two, which is coarse; the second has samples of 0.
    fn coarse(sampling: u8, width: u8, height: u8, levels: &[&[u8]]) -> Vec<Vec<u8>> {
        let segment = [8, 0, height, 0, width, 2, 1, 0x11, 0, 2, sampling, 0];
        let mut frame = Frame::read(0xc0, &segment, 1).unwrap();
        let component = &mut frame.components[0];
        let stride = component.row(0).len();
        for (row, levels) in levels.iter().enumerate() {
            component.plane[row * stride..][..levels.len()].copy_from_slice(levels);
        }
        let samples = samples(&frame, frame.components.len(), true);
        let rows = samples.levels.chunks(2 * usize::from(width));
        rows.map(|row| row.iter().copied().step_by(2).collect())
            .collect()
    }

    #[test]
    fn coarse_samples_are_mixed_with_the_ones_beside_them() {
        let levels: &[&[u8]] = &[&[10, 20, 40], &[30, 60, 80]];
        let both = coarse(0x22, 6, 4, levels);
        assert_eq!(both[0], [10, 12, 18, 25, 35, 40]);
        assert_eq!(both[1], [15, 19, 26, 35, 45, 50]);
        assert_eq!(coarse(0x21, 6, 2, levels)[0], [10, 13, 17, 25, 35, 40]);
        let higher = coarse(0x12, 3, 4, levels);
        assert_eq!([0, 1, 2, 3].map(|row| higher[row][0]), [10, 15, 25, 30]);
    }

    #[test]
    fn those_of_a_narrow_picture_and_of_other_factors_are_repeated() {
        let levels: &[&[u8]] = &[&[10, 20, 40], &[30, 60, 80]];
        assert_eq!(coarse(0x22, 4, 4, levels)[1], [10, 10, 20, 20]);
        assert_eq!(coarse(0x21, 4, 2, levels)[1], [30, 30, 60, 60]);
        assert_eq!(coarse(0x31, 6, 2, levels)[0], [10, 10, 10, 20, 20, 20]);
    }
}
