//! Boxes that hold a line of text and little else: buttons, labels, marked words.

use super::blots::Blot;
use super::mask::Grey;
use super::{BOXED, Candidate, LEAST_LETTER};

/// The share of its rectangle that a box fills, letters and rounded corners left out.
const FILLED: f32 = 0.6;

/// By how many grey levels a box differs at least from what lies around it.
const LEAST_CONTRAST: f32 = 20.0;

/// The share of a box's edge that has its colour, and of the margin that does not.
const EVEN: f32 = 0.9;

/// The least height of a line in heights of its box: smaller ones are found without it.
const LEAST_SHARE: f32 = 0.25;

/// Whether a blot is a rectangle of one colour, wider than high, with sharp edges.
pub(super) fn is_box(blot: &Blot, grey: &Grey) -> bool {
    let (width, height) = (blot.width(), blot.height());
    let shape = height >= 1.5 * LEAST_LETTER && width >= 1.2 * height;
    if !shape || (blot.area as f32) < FILLED * width * height {
        return false;
    }
    // Corners may be round.
    let inset = (blot.right - blot.left) / 10 + (blot.bottom - blot.top) / 3;
    let columns = blot.left + inset..blot.right.saturating_sub(inset);
    let row = |row: u32| {
        let levels = &grey.levels[row as usize * grey.width..];
        columns
            .clone()
            .map(|column| f32::from(levels[column as usize]))
    };
    let inside: Vec<f32> = row(blot.top + 1).chain(row(blot.bottom - 2)).collect();
    let above = blot.top.checked_sub(2);
    let below = Some(blot.bottom + 1).filter(|&row| (row as usize) < grey.height);
    let outside: Vec<f32> = above.into_iter().chain(below).flat_map(row).collect();
    if inside.is_empty() || outside.is_empty() {
        return false;
    }
    let (own, other) = (median(&inside), median(&outside));
    let contrast = (own - other).abs();
    let near = |levels: &[f32], to: f32| {
        let near = levels
            .iter()
            .filter(|&&level| (level - to).abs() < contrast / 3.0);
        near.count() as f32 >= EVEN * levels.len() as f32
    };
    contrast >= LEAST_CONTRAST && near(&inside, own) && near(&outside, other)
}

fn median(levels: &[f32]) -> f32 {
    let mut sorted = levels.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted[sorted.len() / 2]
}

/// A line found in a box, at its place in the picture that was reduced by a factor.
pub(super) fn placed(found: Candidate, around: &Blot, factor: f32) -> Option<Candidate> {
    let Candidate { mut line, .. } = found;
    line.left += around.left as f32 * factor;
    line.baseline += around.top as f32 * factor;
    let fills = line.letter_height >= LEAST_SHARE * around.height() * factor;
    let weight = BOXED;
    fills.then_some(Candidate { line, weight })
}
