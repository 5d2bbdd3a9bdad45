//! The form in which lines of text are learnt and read: scaled by the height of their letters.

/// Height in pixels of the picture of a line.
pub const LINE_HEIGHT: usize = 40;

/// Width in pixels of a sample, and of a window along a line: about eleven letters.
pub const WINDOW_WIDTH: usize = 160;

/// Pixels from the top of a line's picture to its baseline.
pub(crate) const BASELINE: f32 = 29.0;

/// Height in pixels that a line's [`letter_height`] is scaled to.
pub(crate) const LETTER_HEIGHT: f32 = 20.0;

/// The height of a line's taller letters: what 85 in a hundred of its signs do not exceed, those
/// less than half as high as the highest (full stops, hyphens) left out.
///
/// `tops` are the heights of the signs' upper edges above the baseline, in any unit; they are
/// reordered. In text of any length that is the height of capitals and ascenders; where there
/// are none, that of the small letters. `None` if no sign rises above the baseline.
pub fn letter_height(tops: &mut [f32]) -> Option<f32> {
    let highest = tops.iter().copied().fold(0.0, f32::max);
    if highest <= 0.0 || !highest.is_finite() {
        return None;
    }
    tops.sort_unstable_by(f32::total_cmp);
    let low = tops.partition_point(|&top| top < highest / 2.0);
    let signs = &tops[low..];
    let rank = (signs.len() as f32 * 0.85).ceil() as usize;
    signs.get(rank.max(1) - 1).copied()
}

/// Strips that the ground's level is measured in, across a window.
const STRIPS: usize = 5;

/// Brings the grey levels of a window of 160 columns to the form that is learnt: dark on light,
/// the ground at 255, the ink at 0.
///
/// `light_on_dark` turns the levels round. The ground is the level that four pixels in five of a
/// strip of 32 columns do not exceed, between the strips' middles in proportion, which takes
/// slow shading away. The ink is as far below it as only one pixel in a hundred is, at least 24
/// levels; what lies beyond them is cut off.
#[inline(always)]
pub(crate) fn level(levels: &[f32], light_on_dark: bool, out: &mut [u8]) {
    const LEAST_CONTRAST: f32 = 24.0;
    const STRIP: usize = WINDOW_WIDTH / STRIPS;
    let turned = |level: f32| match light_on_dark {
        true => 255.0 - level,
        false => level,
    };
    let out = &mut out[..levels.len()];
    // Counted in turns: the same level often follows itself, and a count waits for the
    // one before it.
    for (out, &level) in out.iter_mut().zip(levels) {
        *out = turned(level) as u8;
    }
    let mut counts = [[[0_u32; 256]; TURNS]; STRIPS];
    for row in out.chunks_exact(WINDOW_WIDTH) {
        for (counts, strip) in counts.iter_mut().zip(row.chunks_exact(STRIP)) {
            count(counts, strip);
        }
    }
    let counts = counts.map(merged);
    let grounds = counts.map(|counts| reached(&counts, 0.8));
    let ground: [f32; WINDOW_WIDTH] = std::array::from_fn(|column| {
        let place = (column as f32 + 0.5) / STRIP as f32 - 0.5;
        let place = place.clamp(0.0, (STRIPS - 1) as f32);
        let left = (place as usize).min(STRIPS - 2);
        grounds[left] + (grounds[left + 1] - grounds[left]) * (place - left as f32)
    });
    let mut counts = [[0_u32; 256]; TURNS];
    for row in levels.chunks_exact(WINDOW_WIDTH) {
        let mut depths = [0_u8; WINDOW_WIDTH];
        for ((depth, &level), ground) in depths.iter_mut().zip(row).zip(&ground) {
            *depth = (ground - turned(level)) as u8;
        }
        count(&mut counts, &depths);
    }
    let depths = merged(counts);
    let scale = 255.0 / reached(&depths, 0.99).max(LEAST_CONTRAST);
    let rows = levels.chunks_exact(WINDOW_WIDTH);
    for (out, row) in out.chunks_exact_mut(WINDOW_WIDTH).zip(rows) {
        for ((out, &level), ground) in out.iter_mut().zip(row).zip(&ground) {
            // A cast holds the value between 0 and 255.
            *out = (255.5 - (ground - turned(level)) * scale) as u8;
        }
    }
}

/// Brings the grey levels of a straightened line of any width to the form that is learnt, window by
/// window from its beginning, the last one at its end.
#[inline(always)]
pub(crate) fn level_line(levels: &[f32], width: usize, light_on_dark: bool) -> Vec<u8> {
    let mut window = vec![0.0; LINE_HEIGHT * WINDOW_WIDTH];
    let mut levelled = vec![0; window.len()];
    let mut line = vec![255; LINE_HEIGHT * width];
    for start in starts(width, WINDOW_WIDTH) {
        cut_out(levels, width, start, &mut window);
        level(&window, light_on_dark, &mut levelled);
        let rows = levelled.chunks_exact(WINDOW_WIDTH);
        for (to, from) in line.chunks_exact_mut(width).zip(rows) {
            // A line shorter than a window stands in its middle.
            let (first, skipped) = (start.max(0) as usize, (-start).max(0) as usize);
            let count = WINDOW_WIDTH.min(width);
            to[first..first + count].copy_from_slice(&from[skipped..skipped + count]);
        }
    }
    line
}

/// A window of a straightened line of a width, from a column on; beyond the line its edge goes on.
pub(super) fn cut_out(levels: &[f32], width: usize, start: isize, window: &mut [f32]) {
    let rows = levels.chunks_exact(width);
    for (to, from) in window.chunks_exact_mut(WINDOW_WIDTH).zip(rows) {
        for (column, level) in to.iter_mut().enumerate() {
            let column = column as isize + start;
            *level = from[column.clamp(0, width as isize - 1) as usize];
        }
    }
}

/// Where windows begin along a straightened line of a width.
pub(super) fn starts(width: usize, stride: usize) -> Vec<isize> {
    let Some(last) = width.checked_sub(WINDOW_WIDTH) else {
        return vec![(width as isize - WINDOW_WIDTH as isize) / 2];
    };
    let mut starts: Vec<isize> = (0..last)
        .step_by(stride.max(1))
        .map(|start| start as isize)
        .collect();
    starts.push(last as isize);
    starts
}

/// Into how many tables levels are counted in turns.
const TURNS: usize = 4;

/// Counts levels.
#[inline(always)]
fn count(counts: &mut [[u32; 256]; TURNS], levels: &[u8]) {
    for some in levels.chunks_exact(TURNS) {
        for (counts, &level) in counts.iter_mut().zip(some) {
            counts[usize::from(level)] += 1;
        }
    }
}

/// The counts of all tables.
fn merged(counts: [[u32; 256]; TURNS]) -> [u32; 256] {
    std::array::from_fn(|level| counts.iter().map(|counts| counts[level]).sum())
}

/// The level that a share of the counts does not exceed.
fn reached(counts: &[u32; 256], share: f32) -> f32 {
    let wanted = (counts.iter().sum::<u32>() as f32 * share) as u32;
    let mut count = 0;
    let level = counts.iter().position(|&of_level| {
        count += of_level;
        count > wanted
    });
    level.unwrap_or(255) as f32
}

#[cfg(test)]
mod tests {
    use super::{letter_height, level};

    #[test]
    fn levelled_windows_are_dark_on_light() {
        let mut levels = vec![180.0; 1600];
        levels[..100].fill(60.0);
        let mut out = [0; 1600];
        level(&levels, false, &mut out);
        assert_eq!((out[0], out[500]), (0, 255));
        let turned: Vec<f32> = levels.iter().map(|level| 255.0 - level).collect();
        let mut other = [0; 1600];
        level(&turned, true, &mut other);
        assert_eq!(out, other);
        level(&[90.0; 1600], false, &mut out);
        assert_eq!(out, [255; 1600]);
    }

    #[test]
    fn slow_shading_is_taken_away() {
        let shaded = |pixel: usize| 100.0 + (pixel % 160) as f32 / 2.0;
        let levels: Vec<f32> = (0..1600)
            .map(|pixel| shaded(pixel) - if pixel % 160 % 9 == 4 { 60.0 } else { 0.0 })
            .collect();
        let mut out = [0; 1600];
        level(&levels, false, &mut out);
        for column in 20..140 {
            match column % 9 {
                4 => assert!(out[column] < 60, "{column}: {}", out[column]),
                _ => assert!(out[column] > 190, "{column}: {}", out[column]),
            }
        }
    }

    #[test]
    fn tall_letters_set_the_height_and_full_stops_do_not() {
        let mut line = [5.0, 5.0, 7.0, 5.0, 1.0, 5.0, 7.2, 5.0, 7.0, 1.0];
        assert_eq!(letter_height(&mut line), Some(7.0));
        assert_eq!(letter_height(&mut [5.0, 4.9, 5.0]), Some(5.0));
        assert_eq!(letter_height(&mut [7.0]), Some(7.0));
        assert_eq!(letter_height(&mut []), None);
        assert_eq!(letter_height(&mut [-1.0, 0.0]), None);
        assert_eq!(letter_height(&mut [f32::INFINITY]), None);
    }
}
