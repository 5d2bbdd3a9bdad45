//! The style of each word of a line: bold and italic words in a sentence.

use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Picture, TextLine, WINDOW_WIDTH};

use super::model::Recogniser;
use super::network::EMBEDDING;
use super::reading::{AT_ONCE, Reading, Typeface};
use super::samples::{WINDOW, to_ink};
use super::unit::cosine;
use crate::each::of_each;
use crate::failure::Failure;
use crate::reader::{ReadLine, ReadWord};

/// Pixels of a long word from one window to the next.
const STRIDE: usize = 120;

/// A face is of another weight than one that differs by less.
const OTHER_WEIGHT: f32 = 150.0;

/// A word is in another style than its line if it is so much more like a face of another style than like
/// any of the line's, in cosines, for a word of one letter; for longer ones, divided by their number.
const MARGIN: f32 = 0.2;

/// Of a picture of more words those are looked at whose lines are the most doubtful.
const MOST_WORDS: usize = 200;

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
}

impl Recogniser {
    /// The words of each line of a reading, each with its face: of the family of its line, the face that
    /// the lines of this family are set in, unless the word by itself is more like one of another weight or
    /// slant. Where more than half of a line's words are, the line itself is set in another face, as a
    /// heading is. Of a picture of more than 200 words those are looked at whose lines have the windows that
    /// are most like another weight or slant; the others are in the face of their lines.
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
        let examined = self.examined(reading, &read);
        let words = read.iter().zip(&examined).map(|(line, &examined)| {
            let words = if examined { &line.words[..] } else { &[] };
            (&line.line, words)
        });
        let embedded = self.embedded(picture, &words.collect::<Vec<_>>());
        let embedded = embedded.map_err(failed)?;
        let mut styled: Vec<Vec<StyledWord>> = embedded.iter().map(|_| Vec::new()).collect();
        for typeface in &reading.typefaces {
            let faces = faces_of_first(typeface);
            let main = match typeface.lines.iter().all(|&line| examined[line]) {
                true => {
                    let all = typeface.lines.iter().flat_map(|&line| &embedded[line]);
                    main_face(&faces, all)
                }
                false => most_like(&typeface.likeness, &faces),
            };
            let Some(main) = main else { continue };
            for &line in &typeface.lines {
                styled[line] = match examined[line] {
                    true => self.styled(&faces, main, &embedded[line]),
                    false => in_face(main, &read[line].words),
                };
            }
        }
        Ok(styled)
    }

    /// Which lines' words are looked at by themselves.
    fn examined(&self, reading: &Reading, read: &[ReadLine]) -> Vec<bool> {
        let words = read.iter().map(|line| line.words.len());
        if words.sum::<usize>() <= MOST_WORDS {
            return vec![true; read.len()];
        }
        let mut doubts = Vec::with_capacity(read.len());
        for typeface in &reading.typefaces {
            let faces = faces_of_first(typeface);
            let Some(main) = most_like(&typeface.likeness, &faces) else {
                continue;
            };
            let (others, same) = self.of_other_styles(&faces, main);
            for &line in &typeface.lines {
                let windows = reading.lines[line].embeddings.chunks_exact(EMBEDDING);
                let most = |window: &[f32], faces: &[usize]| {
                    let likeness = faces
                        .iter()
                        .map(|&face| cosine(window, self.prototype(face)));
                    likeness.fold(-1.0, f32::max)
                };
                let doubt = windows.map(|window| most(window, &others) - most(window, &same));
                doubts.push((line, doubt.fold(f32::NEG_INFINITY, f32::max)));
            }
        }
        doubts.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let mut examined = vec![false; read.len()];
        let mut left = MOST_WORDS;
        for (line, _) in doubts {
            match left.checked_sub(read[line].words.len()) {
                Some(rest) => left = rest,
                None => break,
            }
            examined[line] = true;
        }
        examined
    }

    /// How alike each of some words of each line is to every face.
    fn embedded(
        &self,
        picture: &Picture,
        lines: &[(&TextLine, &[ReadWord])],
    ) -> Result<Vec<Vec<Embedded>>, Error> {
        let windows = of_each(lines, |(line, words)| windows_of(picture, line, words));
        let levels = windows.iter().flatten().flatten();
        let levels: Vec<u8> = levels.copied().collect();
        let mut embeddings = Vec::new();
        for levels in levels.chunks(AT_ONCE * WINDOW) {
            let mut ink = vec![0.0; levels.len()];
            to_ink(levels, &mut ink);
            let shape = [ink.len() / WINDOW, LINE_HEIGHT, WINDOW_WIDTH, 1];
            embeddings.extend(self.embed(&Tensor::new(shape, ink)?)?);
        }
        let mut rest = embeddings.as_slice();
        let mut of_word = |(word, windows): (&ReadWord, &Vec<u8>)| {
            let own;
            (own, rest) = rest.split_at(windows.len() / WINDOW * EMBEDDING);
            Embedded {
                word: word.clone(),
                likeness: self.mean_likeness(own),
            }
        };
        let of_line = |((_, words), windows): (&(&TextLine, &[ReadWord]), &Vec<Vec<u8>>)| {
            words.iter().zip(windows).map(&mut of_word).collect()
        };
        Ok(lines.iter().zip(&windows).map(of_line).collect())
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
        let (others, same) = self.of_other_styles(faces, main);
        let styled = |embedded: &Embedded| {
            let own = most_like(&embedded.likeness, &same).unwrap_or(main);
            let least = embedded.likeness[own] + MARGIN / embedded.letters();
            let other = most_like(&embedded.likeness, &others);
            let other = other.filter(|&one| embedded.likeness[one] > least);
            StyledWord {
                word: embedded.word.clone(),
                face: other.unwrap_or(main),
                stands_out: other.is_some(),
            }
        };
        words.iter().map(styled).collect()
    }

    /// Parts faces into those of another weight or slant than one, and the others.
    fn of_other_styles(&self, faces: &[usize], main: usize) -> (Vec<usize>, Vec<usize>) {
        let known = self.faces();
        let is_other = |face: usize| {
            let (one, other) = (&known[face], &known[main]);
            let slants = |slant: &str| slant != "upright";
            (one.weight - other.weight).abs() >= OTHER_WEIGHT
                || slants(&one.slant) != slants(&other.slant)
        };
        faces.iter().partition(|&&face| is_other(face))
    }
}

/// The faces of a typeface's most probable family.
fn faces_of_first(typeface: &Typeface) -> Vec<usize> {
    let faces = typeface.families[0].faces.iter();
    faces.map(|one| one.face).collect()
}

/// Of some faces, the one of the largest likeness.
fn most_like(likeness: &[f32], faces: &[usize]) -> Option<usize> {
    let most = |one: &&usize, other: &&usize| likeness[**one].total_cmp(&likeness[**other]);
    faces.iter().max_by(most).copied()
}

/// Words that are all in one face.
fn in_face(face: usize, words: &[ReadWord]) -> Vec<StyledWord> {
    let styled = |word: &ReadWord| StyledWord {
        word: word.clone(),
        face,
        stands_out: false,
    };
    words.iter().map(styled).collect()
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

/// The windows of each word of a line.
fn windows_of(picture: &Picture, line: &TextLine, words: &[ReadWord]) -> Vec<Vec<u8>> {
    if words.is_empty() {
        return Vec::new();
    }
    let (levels, width) = line.levelled(picture);
    let of_word = |word| windows_of_word(&levels, width, word);
    words.iter().map(of_word).collect()
}

/// The windows of a word alone, in the middle of the ground.
fn windows_of_word(levels: &[u8], width: usize, word: &ReadWord) -> Vec<u8> {
    let mut windows = Vec::new();
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
    windows
}
