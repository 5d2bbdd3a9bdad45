//! The style of each word of a line: bold and italic words in a sentence.

use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Picture, TextLine, WINDOW_WIDTH};

use super::model::Recogniser;
use super::network::EMBEDDING;
use super::reading::{Reading, Typeface};
use super::samples::{WINDOW, to_ink};
use crate::failure::Failure;
use crate::reader::{ReadLine, ReadWord};

/// Pixels of a long word from one window to the next.
const STRIDE: usize = 120;

/// A face is of another weight than one that differs by less.
const OTHER_WEIGHT: f32 = 150.0;

/// A word is in another style than its line if it is so much more like a face of another style than like
/// any of the line's, in cosines, for a word of one letter; less for longer ones, by the square root of
/// their number.
const MARGIN: f32 = 0.12;

/// A word, and the face that it is set in by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StyledWord {
    /// The word.
    pub word: ReadWord,
    /// Its face, by its place among those known, of the family of its line.
    pub face: usize,
    /// Whether its weight or slant is another than that of most of its line.
    pub stands_out: bool,
}

impl Recogniser {
    /// The words of each line of a reading, each with its face: of the line's family, the face that most
    /// of the line is set in, unless the word by itself is much more like one of another weight or slant.
    ///
    /// `read` are the lines of the reading, read.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub fn styled_words(
        &self,
        picture: &Picture,
        reading: &Reading,
        read: Vec<ReadLine>,
    ) -> Result<Vec<Vec<StyledWord>>, Failure> {
        let failed = |error: Error| Failure::network("the model cannot be used", &error);
        let mut styled = Vec::with_capacity(read.len());
        for (number, line) in read.into_iter().enumerate() {
            let typeface = reading
                .typefaces
                .iter()
                .find(|one| one.lines.contains(&number));
            let faces = match typeface {
                Some(Typeface { families, .. }) => {
                    families[0].faces.iter().map(|one| one.face).collect()
                }
                None => Vec::new(),
            };
            let likeness = self.of_words(picture, &line.line, &line.words);
            let likeness = likeness.map_err(failed)?;
            styled.push(self.styled(&faces, line.words, &likeness));
        }
        Ok(styled)
    }

    /// How alike each of some words of a line is to every face.
    fn of_words(
        &self,
        picture: &Picture,
        line: &TextLine,
        words: &[ReadWord],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let (levels, width) = line.levelled(picture);
        let (mut windows, mut counts) = (Vec::new(), Vec::new());
        for word in words {
            let before = windows.len();
            add_windows(&levels, width, word, &mut windows);
            counts.push((windows.len() - before) / WINDOW);
        }
        let count = windows.len() / WINDOW;
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut ink = vec![0.0; windows.len()];
        to_ink(&windows, &mut ink);
        let windows = Tensor::new([count, LINE_HEIGHT, WINDOW_WIDTH, 1], ink)?;
        let embeddings = self.embed(&windows)?;
        let mut rest = embeddings.as_slice();
        let of_word = |count: usize| {
            let own;
            (own, rest) = rest.split_at(count * EMBEDDING);
            self.mean_likeness(own)
        };
        Ok(counts.into_iter().map(of_word).collect())
    }

    /// The words of a line with their faces, of some that the line may be set in.
    fn styled(
        &self,
        faces: &[usize],
        words: Vec<ReadWord>,
        likeness: &[Vec<f32>],
    ) -> Vec<StyledWord> {
        let letters = |word: &ReadWord| word.text.chars().count() as f32;
        let of_line = |face: usize| -> f32 {
            let words = words.iter().zip(likeness);
            words
                .map(|(word, likeness)| letters(word) * likeness[face])
                .sum()
        };
        let most = |one: &&usize, other: &&usize| of_line(**one).total_cmp(&of_line(**other));
        let Some(&main) = faces.iter().max_by(most) else {
            return Vec::new();
        };
        let known = self.faces();
        let is_other = |face: usize| {
            let (one, other) = (&known[face], &known[main]);
            let slants = |slant: &str| slant != "upright";
            (one.weight - other.weight).abs() >= OTHER_WEIGHT
                || slants(&one.slant) != slants(&other.slant)
        };
        let (others, same): (Vec<usize>, Vec<usize>) =
            faces.iter().partition(|&&face| is_other(face));
        let words = words.into_iter().zip(likeness);
        words
            .map(|(word, likeness)| {
                let best = |faces: &[usize]| {
                    let more = |one: &&usize, other: &&usize| {
                        likeness[**one].total_cmp(&likeness[**other])
                    };
                    faces.iter().max_by(more).copied()
                };
                let own = best(&same).unwrap_or(main);
                let margin = MARGIN / letters(&word).max(1.0).sqrt();
                let other = best(&others).filter(|&one| likeness[one] > likeness[own] + margin);
                StyledWord {
                    word,
                    face: other.unwrap_or(main),
                    stands_out: other.is_some(),
                }
            })
            .collect()
    }
}

/// Adds the windows of a word alone, in the middle of the ground.
fn add_windows(levels: &[u8], width: usize, word: &ReadWord, windows: &mut Vec<u8>) {
    let (first, last) = (word.columns.start, word.columns.end.min(width));
    let length = last.saturating_sub(first);
    let starts: Vec<isize> = match length.checked_sub(WINDOW_WIDTH) {
        None => vec![(length as isize - WINDOW_WIDTH as isize) / 2],
        Some(over) => {
            let starts = (0..over).step_by(STRIDE).chain([over]);
            starts.map(|start| start as isize).collect()
        }
    };
    for start in starts {
        for row in levels.chunks_exact(width) {
            let row = &row[first.min(last)..last];
            windows.extend((0..WINDOW_WIDTH as isize).map(|column| {
                let at = usize::try_from(column + start);
                at.ok().and_then(|at| row.get(at)).copied().unwrap_or(255)
            }));
        }
    }
}
