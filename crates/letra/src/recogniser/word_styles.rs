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
/// any of the line's, in cosines, for a word of one letter; for longer ones, divided by their number.
const MARGIN: f32 = 0.2;

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

/// A word of a line and how alike it is to every face.
struct Embedded {
    word: ReadWord,
    likeness: Vec<f32>,
}

impl Embedded {
    fn letters(&self) -> f32 {
        self.word.text.chars().count().max(1) as f32
    }

    /// Of some faces, the one that it is most like.
    fn most_like(&self, faces: &[usize]) -> Option<usize> {
        let likeness = |face: &usize| self.likeness[*face];
        let most = |one: &&usize, other: &&usize| likeness(one).total_cmp(&likeness(other));
        faces.iter().max_by(most).copied()
    }
}

impl Recogniser {
    /// The words of each line of a reading, each with its face: of the family of its line, the face that
    /// the lines of this family are set in, unless the word by itself is more like one of another weight or
    /// slant. Where more than half of a line's words are, the line itself is set in another face, as a
    /// heading is.
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
        let mut embedded = Vec::with_capacity(read.len());
        for line in read {
            let likeness = self.of_words(picture, &line.line, &line.words);
            let words = line.words.into_iter().zip(likeness.map_err(failed)?);
            let words = words.map(|(word, likeness)| Embedded { word, likeness });
            embedded.push(words.collect::<Vec<_>>());
        }
        let mut styled: Vec<Vec<StyledWord>> = embedded.iter().map(|_| Vec::new()).collect();
        for Typeface {
            lines, families, ..
        } in &reading.typefaces
        {
            let faces: Vec<usize> = families[0].faces.iter().map(|one| one.face).collect();
            let all = lines.iter().flat_map(|&line| &embedded[line]);
            let Some(main) = main_face(&faces, all) else {
                continue;
            };
            for &line in lines {
                styled[line] = self.styled(&faces, main, &embedded[line]);
            }
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

    /// The words of a line with their faces, of some that the line may be set in, most of which are set in
    /// the main one.
    fn styled(&self, faces: &[usize], main: usize, words: &[Embedded]) -> Vec<StyledWord> {
        let styled = self.styled_beside(faces, main, words);
        let others = styled.iter().filter(|word| word.stands_out).count();
        match main_face(faces, words.iter()) {
            Some(own) if 2 * others > words.len() => self.styled_beside(faces, own, words),
            _ => styled,
        }
    }

    /// The words of a line with their faces; those that are of another weight or slant than the main one
    /// stand out.
    fn styled_beside(&self, faces: &[usize], main: usize, words: &[Embedded]) -> Vec<StyledWord> {
        let known = self.faces();
        let is_other = |face: usize| {
            let (one, other) = (&known[face], &known[main]);
            let slants = |slant: &str| slant != "upright";
            (one.weight - other.weight).abs() >= OTHER_WEIGHT
                || slants(&one.slant) != slants(&other.slant)
        };
        let (others, same): (Vec<usize>, Vec<usize>) =
            faces.iter().partition(|&&face| is_other(face));
        let styled = |embedded: &Embedded| {
            let own = embedded.most_like(&same).unwrap_or(main);
            let least = embedded.likeness[own] + MARGIN / embedded.letters();
            let other = embedded.most_like(&others);
            let other = other.filter(|&one| embedded.likeness[one] > least);
            StyledWord {
                word: embedded.word.clone(),
                face: other.unwrap_or(main),
                stands_out: other.is_some(),
            }
        };
        words.iter().map(styled).collect()
    }
}

/// Of some faces, the one that some words are most like together.
fn main_face<'a>(
    faces: &[usize],
    words: impl Iterator<Item = &'a Embedded> + Clone,
) -> Option<usize> {
    let of_all = |face: usize| -> f32 {
        let words = words.clone();
        words.map(|one| one.letters() * one.likeness[face]).sum()
    };
    let sums = faces.iter().map(|&face| (face, of_all(face)));
    sums.max_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(face, _)| face)
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
