//! What a reader reads from a picture.

use std::collections::BTreeMap;
use std::ops::Range;

use letra_nn::decoding::{BestPath, Symbol};
use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Picture, TextLine};
use serde::Serialize;

use super::Reader;
use super::letter_case;
use super::network::STEP;
use super::pieces::{Piece, ink, pieces, widest_gap};
use super::samples::to_columns;
use crate::each::of_each;
use crate::failure::Failure;

/// Widths that pieces are filled up to are multiples of this.
const WIDTHS: usize = 160;

/// The most values of lines that the network sees at once.
const AT_ONCE: usize = 16 * 640 * LINE_HEIGHT;

/// From this confidence on, a character is what the network says it is.
const SURE: f32 = 0.9;

/// A word that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadWord {
    /// What it says.
    pub text: String,
    /// Left, top, right and bottom of the smallest upright box around it, in the picture's pixels.
    pub bounds: [f32; 4],
    /// How sure the network is of its characters, 0 to 1: the mean over them.
    pub confidence: f32,
    /// Its columns in the straightened line.
    #[serde(skip)]
    pub columns: Range<usize>,
}

/// A line that was read.
#[derive(Debug, Clone)]
pub struct ReadLine {
    /// Where it is.
    pub line: TextLine,
    /// Its words, from left to right; none where it says nothing.
    pub words: Vec<ReadWord>,
}

impl ReadLine {
    /// What the line says, its words parted by single spaces.
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }

    /// How sure the network is of its characters, 0 to 1: the mean over them.
    pub fn confidence(&self) -> f32 {
        let count = |word: &ReadWord| word.text.chars().count() as f32;
        let sum: f32 = self
            .words
            .iter()
            .map(|word| word.confidence * count(word))
            .sum();
        sum / self.characters().max(1) as f32
    }

    /// How many characters it has, spaces between words left out.
    pub(super) fn characters(&self) -> usize {
        let count = |word: &ReadWord| word.text.chars().count();
        self.words.iter().map(count).sum()
    }
}

/// A line made straight, and how it is cut.
struct Straight {
    levels: Vec<u8>,
    width: usize,
    ink: Vec<f32>,
    pieces: Vec<Piece>,
}

impl Straight {
    fn of(line: &TextLine, picture: &Picture) -> Self {
        let (levels, width) = line.levelled(picture);
        let ink = ink(&levels, width);
        Self {
            pieces: pieces(&ink),
            levels,
            width,
            ink,
        }
    }

    /// The grey levels of some columns, in rows.
    fn cut_out(&self, columns: &Range<usize>) -> Vec<u8> {
        let rows = self.levels.chunks_exact(self.width);
        rows.flat_map(|row| &row[columns.clone()])
            .copied()
            .collect()
    }
}

/// A character, and the column of the line that it was said at.
struct Said {
    letter: char,
    column: usize,
    confidence: f32,
}

impl Reader {
    /// Reads lines that were found in a picture, each of them.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub fn read_lines(
        &self,
        picture: &Picture,
        lines: &[TextLine],
    ) -> Result<Vec<ReadLine>, Failure> {
        let failed = |error: Error| Failure::network("the model cannot be used", &error);
        let straight = of_each(lines, |line| Straight::of(line, picture));
        let symbols = self.symbols(&straight).map_err(failed)?;
        let read = lines.iter().zip(&straight).zip(symbols);
        let read = read.map(|((line, straight), symbols)| ReadLine {
            line: line.clone(),
            words: self.words(line, straight, symbols),
        });
        Ok(read.collect())
    }

    /// What the network says of every piece of every line.
    fn symbols(&self, lines: &[Straight]) -> Result<Vec<Vec<Vec<Symbol>>>, Error> {
        let mut symbols: Vec<Vec<Vec<Symbol>>> = lines
            .iter()
            .map(|line| vec![Vec::new(); line.pieces.len()])
            .collect();
        let mut by_width: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, line) in lines.iter().enumerate() {
            for (part, piece) in line.pieces.iter().enumerate() {
                let width = piece.columns.len().next_multiple_of(WIDTHS);
                by_width.entry(width).or_default().push((number, part));
            }
        }
        let classes = self.alphabet.classes();
        for (width, places) in by_width {
            let network = self.network.with_input_shape([width, LINE_HEIGHT, 1])?;
            let line = width * LINE_HEIGHT;
            for some in places.chunks((AT_ONCE / line).max(1)) {
                let mut pixels = vec![0.0; some.len() * line];
                for (&(number, part), pixels) in some.iter().zip(pixels.chunks_exact_mut(line)) {
                    let columns = &lines[number].pieces[part].columns;
                    to_columns(&lines[number].cut_out(columns), columns.len(), pixels);
                }
                let inputs = Tensor::new([some.len(), width, LINE_HEIGHT, 1], pixels)?;
                let said = network.predict(&inputs)?;
                for (index, &(number, part)) in some.iter().enumerate() {
                    let steps = lines[number].pieces[part].columns.len().div_ceil(STEP);
                    let said = &said.sample(index)[..steps * classes];
                    symbols[number][part] = BestPath::new().decode(classes, said)?;
                }
            }
        }
        Ok(symbols)
    }

    /// The words of a line by the symbols of its pieces.
    fn words(
        &self,
        line: &TextLine,
        straight: &Straight,
        symbols: Vec<Vec<Symbol>>,
    ) -> Vec<ReadWord> {
        let mut words: Vec<Vec<Said>> = vec![Vec::new()];
        for (piece, symbols) in straight.pieces.iter().zip(symbols) {
            if piece.begins_word {
                words.push(Vec::new());
            }
            for symbol in symbols {
                let text = self.alphabet.text(&[symbol.label]);
                let middle = (symbol.steps.start + symbol.steps.end) * STEP / 2;
                for letter in text.chars() {
                    match letter {
                        ' ' => words.push(Vec::new()),
                        _ => words.last_mut().expect("there is one").push(Said {
                            letter,
                            column: piece.columns.start + middle,
                            confidence: symbol.confidence,
                        }),
                    }
                }
            }
        }
        words.retain(|word| !word.is_empty());
        settle_capitals(&mut words);
        let columns = columns(&words, &straight.ink);
        let words = words.iter().zip(columns);
        words
            .map(|(said, columns)| {
                let mut letters: Vec<char> = said.iter().map(|one| one.letter).collect();
                letter_case::settle(&mut letters, |place| said[place].confidence < SURE);
                let confidence = said.iter().map(|one| one.confidence).sum::<f32>();
                ReadWord {
                    text: letters.into_iter().collect(),
                    bounds: line.bounds_between(columns.clone()),
                    confidence: confidence / said.len() as f32,
                    columns,
                }
            })
            .collect()
    }
}

/// Makes the letters capitals that the network is not sure of, in a line of capitals: one where some word
/// is of mixed case and capitals outweigh small letters. In some typefaces these look like capitals.
fn settle_capitals(words: &mut [Vec<Said>]) {
    let letters = |word: &Vec<Said>| word.iter().map(|one| one.letter).collect::<Vec<char>>();
    if !words
        .iter()
        .any(|word| letter_case::is_mixed(&letters(word)))
    {
        return;
    }
    let weigh = |of: fn(&char) -> bool| -> f32 {
        let said = words.iter().flatten().filter(|one| of(&one.letter));
        said.map(|one| one.confidence).sum()
    };
    if weigh(|letter| letter.is_uppercase()) > weigh(|letter| letter.is_lowercase()) {
        let unsure = words.iter_mut().flatten();
        for one in unsure.filter(|one| one.confidence < SURE) {
            one.letter = letter_case::capital(one.letter);
        }
    }
}

/// Where words begin and end: in the widest gap between the last letter of one and the first of the next.
fn columns(words: &[Vec<Said>], ink: &[f32]) -> Vec<Range<usize>> {
    let first = ink.iter().position(|&one| one > 0.5).unwrap_or(0);
    let last = ink.iter().rposition(|&one| one > 0.5).unwrap_or(0);
    let mut columns = Vec::new();
    let mut start = first;
    for (number, word) in words.iter().enumerate() {
        let end = word[word.len() - 1].column;
        let gap = match words.get(number + 1) {
            Some(next) => widest_gap(ink, end..next[0].column.max(end)),
            None => last + 1..last + 1,
        };
        let end = gap.start.max(start + 1);
        columns.push(start..end);
        start = gap.end.max(end);
    }
    columns
}
