//! Small letters in pictures that are too large to be searched whole at their own size.

use super::line::TextLine;
use super::mask::{Grey, cut_out};
use super::{Candidate, search_scale};
use crate::picture::Picture;

/// Pixels that are searched at once.
const AT_ONCE: usize = 1 << 20;

/// By how many rows bands reach over their neighbours, and the tallest letters looked for in
/// them, in pixels: such a line is whole in one band. What is taller is seen in the reduced
/// picture.
const MARGIN: usize = 64;
const TALLEST: f32 = 45.0;

/// How many parts of a picture are asked which way its text runs.
const MOST_PARTS: usize = 8;

/// Whether a line's letters are too small to be judged in the reduced picture.
pub(super) fn is_small(line: &TextLine) -> bool {
    line.letter_height <= TALLEST
}

/// Lines of small letters, searched for in one band of rows after the other; a line that crosses
/// bands because it is aslant comes in pieces.
pub(super) fn small_lines(picture: &Picture) -> Vec<Candidate> {
    let (width, height) = (picture.width(), picture.height());
    let rows = (AT_ONCE / width).max(4 * MARGIN);
    let in_band = |first: usize| {
        let (top, end) = (first.saturating_sub(MARGIN), first + rows);
        let band = part(picture, (0, top), (width, end + MARGIN - top));
        let mut lines = search_scale(band, 1.0);
        for Candidate { line, .. } in &mut lines {
            line.baseline += top as f32;
        }
        let own = first as f32..end as f32;
        lines.retain(|Candidate { line, .. }| {
            let middle = line.baseline + (line.slope * line.width - line.letter_height) / 2.0;
            is_small(line) && own.contains(&middle)
        });
        lines
    };
    (0..height).step_by(rows).flat_map(in_band).collect()
}

/// The squares of a picture where grey levels change most.
pub(super) fn busiest(picture: &Picture) -> Vec<Grey> {
    let side = AT_ONCE.isqrt();
    let columns = (0..picture.width()).step_by(side);
    let corners = columns.flat_map(|left| {
        let rows = (0..picture.height()).step_by(side);
        rows.map(move |top| (left, top))
    });
    let mut parts: Vec<(u64, (usize, usize))> = corners
        .map(|corner| (changes(picture, corner, side), corner))
        .filter(|&(changes, _)| changes > 0)
        .collect();
    parts.sort_unstable_by(|one, other| other.cmp(one));
    let busiest = parts.iter().take(MOST_PARTS);
    busiest
        .map(|&(_, corner)| part(picture, corner, (side, side)))
        .collect()
}

/// The differences between neighbours in a row added up, over a square.
fn changes(picture: &Picture, (left, top): (usize, usize), side: usize) -> u64 {
    let right = (left + side).min(picture.width());
    let rows = picture.pixels().chunks_exact(picture.width());
    let differences = rows.skip(top).take(side).map(|row| {
        let pairs = row[left..right].array_windows();
        let sum: u32 = pairs
            .map(|&[one, other]| u32::from(one.abs_diff(other)))
            .sum();
        u64::from(sum)
    });
    differences.sum()
}

/// A part of a picture, as much of the size asked for as there is.
fn part(picture: &Picture, (left, top): (usize, usize), most: (usize, usize)) -> Grey {
    let width = most.0.min(picture.width() - left);
    let height = most.1.min(picture.height() - top);
    let levels = (picture.pixels(), picture.width());
    cut_out(levels, left..left + width, top..top + height)
}
