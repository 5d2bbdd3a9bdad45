//! Letters that a pen joined.

use super::LEAST_LETTER;
use super::blots::Blot;

/// A blot so many times as wide as high is a word of joined letters, if it is not a rule.
const JOINED: f32 = 2.2;

/// The widest word of joined letters, in its heights.
const LONGEST: f32 = 40.0;

/// The share of its box that a word of joined letters fills.
const FILLED: std::ops::Range<f32> = 0.12..0.72;

/// The blots of a picture with each word of joined letters cut at the thinnest places of its strokes,
/// about a letter a part; nothing where there is none.
pub(super) fn parts(blots: &[Blot], inked: &[bool], width: usize) -> Vec<Blot> {
    let is_joined = |blot: &&Blot| is_long(blot) && !is_framed(blot, inked, width);
    if !blots.iter().any(|blot| is_joined(&blot)) {
        return Vec::new();
    }
    let cut = |blot: &Blot| match is_joined(&blot) {
        true => letters(blot, inked, width),
        false => vec![*blot],
    };
    blots.iter().flat_map(cut).collect()
}

/// Whether a blot is as long and as full as a word.
fn is_long(blot: &Blot) -> bool {
    let (across, down) = (blot.width(), blot.height());
    let filled = blot.area as f32 / (across * down);
    down >= LEAST_LETTER && (JOINED..LONGEST).contains(&(across / down)) && FILLED.contains(&filled)
}

fn letters(blot: &Blot, inked: &[bool], width: usize) -> Vec<Blot> {
    let columns: Vec<Column> = (blot.left..blot.right)
        .map(|column| Column::of(column as usize, blot, inked, width))
        .collect();
    let step = small_letters(blot, inked, width).max(4);
    let mut cuts = vec![0];
    while columns.len() - cuts[cuts.len() - 1] > 2 * step {
        let from = cuts[cuts.len() - 1] + step / 2;
        let thinnest = (from..from + step).min_by_key(|&column| columns[column].ink);
        cuts.push(thinnest.unwrap_or(from));
    }
    cuts.push(columns.len());
    let parts = cuts.windows(2).filter_map(|cut| {
        let part = &columns[cut[0]..cut[1]];
        let top = part.iter().map(|column| column.top).min()?;
        let bottom = part.iter().map(|column| column.bottom).max()?;
        (top < bottom).then(|| Blot {
            left: blot.left + cut[0] as u32,
            right: blot.left + cut[1] as u32,
            top,
            bottom,
            area: part.iter().map(|column| column.ink).sum(),
            upper: top as f32,
            lower: bottom as f32,
        })
    });
    parts.collect()
}

/// Whether the uppermost and the lowest rows are all ink, as those of a box.
fn is_framed(blot: &Blot, inked: &[bool], width: usize) -> bool {
    let rows = [blot.top + 1, blot.bottom - 2];
    rows.into_iter().all(|row| {
        let row = &inked[row as usize * width..][blot.left as usize..blot.right as usize];
        10 * row.iter().filter(|&&ink| ink).count() >= 8 * row.len()
    })
}

/// The ink of a column of a blot.
struct Column {
    ink: u32,
    top: u32,
    /// Just beyond its last row.
    bottom: u32,
}

impl Column {
    fn of(column: usize, blot: &Blot, inked: &[bool], width: usize) -> Self {
        let rows = (blot.top..blot.bottom).filter(|&row| inked[row as usize * width + column]);
        let none = Self {
            ink: 0,
            top: u32::MAX,
            bottom: 0,
        };
        rows.fold(none, |known, row| Self {
            ink: known.ink + 1,
            top: known.top.min(row),
            bottom: row + 1,
        })
    }
}

/// The height of small letters: of the rows that hold at least half as much ink as the fullest.
fn small_letters(blot: &Blot, inked: &[bool], width: usize) -> usize {
    let of_row = |row: u32| {
        let row = &inked[row as usize * width..][blot.left as usize..blot.right as usize];
        row.iter().filter(|&&ink| ink).count()
    };
    let rows: Vec<usize> = (blot.top..blot.bottom).map(of_row).collect();
    let most = rows.iter().copied().max().unwrap_or(0);
    rows.iter().filter(|&&ink| 2 * ink >= most).count()
}
