//! A straightened line cut into pieces that a network reads at once.

use std::ops::Range;

use letra_type::LINE_HEIGHT;

/// The most columns of a piece.
const LONGEST: usize = 640;

/// Columns without ink that are more than the space between two letters.
const WORD_SPACE: usize = 5;

/// Ink of a column, of 40 in all, that is no letter's.
const LITTLE: f32 = 0.4;

/// Ink that each column of a line has, from 0 to 40.
pub(super) fn ink(levels: &[u8], width: usize) -> Vec<f32> {
    let mut ink = vec![0.0; width];
    for row in levels.chunks_exact(width) {
        for (sum, &level) in ink.iter_mut().zip(row) {
            *sum += f32::from(255 - level) / 255.0;
        }
    }
    debug_assert_eq!(levels.len(), width * LINE_HEIGHT);
    ink
}

/// The longest run of columns with little ink, in a range of them; empty where all have some.
pub(super) fn widest_gap(ink: &[f32], within: Range<usize>) -> Range<usize> {
    let end = within.end.min(ink.len());
    let mut widest = within.start..within.start;
    let mut start = within.start;
    for column in within.start..=end {
        let little = column < end && ink[column] <= LITTLE;
        if !little {
            if column - start.min(column) > widest.len() {
                widest = start..column;
            }
            start = column + 1;
        }
    }
    widest
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Its columns.
    pub(super) columns: Range<usize>,
    /// Whether a new word begins with it.
    pub(super) begins_word: bool,
}

/// Cuts a line by the ink of its columns into pieces of at most 640: each in the widest gap of its last
/// third, or where there is the least ink.
pub(super) fn pieces(ink: &[f32]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut start, mut begins_word) = (0, true);
    while ink.len() - start > LONGEST {
        let last_third = start + LONGEST * 2 / 3..start + LONGEST;
        let gap = widest_gap(ink, last_third.clone());
        let cut = match gap.len() {
            0 => last_third
                .min_by(|&one, &other| ink[one].total_cmp(&ink[other]))
                .unwrap_or(start + LONGEST),
            length => gap.start + length / 2,
        };
        pieces.push(Piece {
            columns: start..cut,
            begins_word,
        });
        (start, begins_word) = (cut, gap.len() >= WORD_SPACE);
    }
    pieces.push(Piece {
        columns: start..ink.len(),
        begins_word,
    });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_between_words_and_no_column_is_lost() {
        // Letters of six columns, two apart; after each seventh, a space.
        let ink: Vec<f32> = (0..2000)
            .map(|column| match (column % 8, column % 56) {
                (6.., _) | (_, 48..) => 0.0,
                _ => 8.0,
            })
            .collect();
        let pieces = pieces(&ink);
        let mut at = 0;
        for piece in &pieces {
            assert_eq!(piece.columns.start, at);
            assert!(piece.columns.len() <= LONGEST && piece.begins_word);
            assert!(ink[at.max(1) - 1] == 0.0 || at == 0);
            at = piece.columns.end;
        }
        assert_eq!(at, 2000);
    }

    #[test]
    fn a_line_without_gaps_is_cut_all_the_same() {
        let ink = vec![8.0; 1500];
        let pieces = pieces(&ink);
        assert!(pieces.len() >= 3 && pieces[1..].iter().all(|piece| !piece.begins_word));
        assert_eq!(
            pieces
                .iter()
                .map(|piece| piece.columns.len())
                .sum::<usize>(),
            1500
        );
        assert_eq!(super::pieces(&[0.0; 10]).len(), 1);
    }

    #[test]
    fn the_widest_gap_is_found() {
        let ink = [9.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0];
        assert_eq!(widest_gap(&ink, 0..8), 3..6);
        assert_eq!(widest_gap(&ink, 6..20), 7..8);
        assert!(widest_gap(&[5.0; 4], 0..4).is_empty());
    }
}
