//! What letra's own reader and recogniser make of pictures of words.

use letra_nn::metrics::edit_distance;
use letra_nn::prelude::*;
use letra_type::{LINE_HEIGHT, Picture, WINDOW_WIDTH, find_lines};

use super::words::{Asked, HEIGHT, WIDTH, Words};
use crate::failure::Failure;
use crate::reader::Reader;
use crate::recogniser::{EMBEDDING, Recogniser};

/// White around a picture of a word, in its pixels.
const MARGIN: usize = 12;

/// Pixels of a page for one of the picture.
const ENLARGED: usize = 2;

/// Pixels from one window of a line to the next.
const STRIDE: usize = 60;

/// What reads.
pub(super) struct Readers {
    reader: Reader,
    recogniser: Recogniser,
    /// Of the faces, unit vectors one after the other.
    prototypes: Vec<f32>,
    /// A network that has learnt to name the faces of drawn words.
    judge: Trainer,
}

/// How well pictures say what they should.
pub(super) struct Measured {
    /// The share of the characters that are read right.
    pub(super) characters: f64,
    /// The share of the words.
    pub(super) words: f64,
    /// The share of the faces that the recogniser names right, and that the judge does.
    pub(super) recognised: f64,
    pub(super) judged: f64,
}

impl Readers {
    pub(super) fn new(words: &Words, judge: Trainer) -> Result<Self, Failure> {
        let recogniser = Recogniser::built_in()?;
        Ok(Self {
            reader: Reader::built_in()?,
            prototypes: recogniser.prototypes_of(words.faces())?,
            recogniser,
            judge,
        })
    }

    /// Of pictures with ink from 0 to 1, and what they should say.
    pub(super) fn measure(&self, pictures: &Tensor, asked: &[Asked]) -> Result<Measured, Failure> {
        let failed = |error: Error| Failure::network("the pictures of words", &error);
        let (mut wrong, mut letters, mut words, mut recognised) = (0, 0, 0, 0);
        for (index, asked) in asked.iter().enumerate() {
            let page = page(pictures.sample(index))?;
            let said = self.said(&page)?;
            let wanted: Vec<char> = asked.word.chars().collect();
            let distance = edit_distance(&said, &wanted).min(wanted.len());
            wrong += distance;
            letters += wanted.len();
            words += usize::from(distance == 0);
            recognised += usize::from(self.face(&page)? == Some(asked.face));
        }
        let judged = self.judge.predict_classes(pictures).map_err(failed)?;
        let judged = judged.iter().zip(asked);
        let judged = judged.filter(|(said, asked)| **said as usize == asked.face);
        let count = asked.len().max(1) as f64;
        Ok(Measured {
            characters: 1.0 - wrong as f64 / letters.max(1) as f64,
            words: words as f64 / count,
            recognised: recognised as f64 / count,
            judged: judged.count() as f64 / count,
        })
    }

    /// What the reader reads.
    fn said(&self, page: &Picture) -> Result<Vec<char>, Failure> {
        let read = self.reader.read_lines(page, &find_lines(page))?;
        let text: Vec<String> = read.iter().map(|line| line.text()).collect();
        Ok(text.concat().chars().filter(|one| *one != ' ').collect())
    }

    /// The face whose prototype is most like the windows of all lines.
    fn face(&self, page: &Picture) -> Result<Option<usize>, Failure> {
        let lines = find_lines(page);
        let windows: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.windows(page, STRIDE))
            .collect();
        let count = windows.len() / (LINE_HEIGHT * WINDOW_WIDTH);
        if count == 0 {
            return Ok(None);
        }
        let ink = windows.iter().map(|&level| f32::from(255 - level) / 255.0);
        let embeddings = Tensor::new([count, LINE_HEIGHT, WINDOW_WIDTH, 1], ink.collect())
            .and_then(|windows| self.recogniser.embed(&windows))
            .map_err(|error| Failure::network("the recogniser", &error))?;
        let likeness = |prototype: &[f32]| -> f32 {
            let windows = embeddings.chunks_exact(EMBEDDING);
            let cosine =
                |window: &[f32]| -> f32 { prototype.iter().zip(window).map(|(a, b)| a * b).sum() };
            windows.map(cosine).sum()
        };
        let all = self.prototypes.chunks_exact(EMBEDDING).map(likeness);
        let best = all.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.map(|(face, _)| face))
    }
}

/// A picture of a word, larger and with white around it, as a page.
fn page(ink: &[f32]) -> Result<Picture, Failure> {
    let [height, width] = [HEIGHT, WIDTH].map(|side| ENLARGED * (side + 2 * MARGIN));
    let mut levels = vec![255; height * width];
    // Between the middles of pixels, ink goes over evenly.
    let inside = |place: isize, side: usize| usize::try_from(place).is_ok_and(|place| place < side);
    let at = |row: isize, column: isize| match inside(row, HEIGHT) && inside(column, WIDTH) {
        true => ink[row as usize * WIDTH + column as usize],
        false => 0.0,
    };
    for (place, level) in levels.iter_mut().enumerate() {
        let along = |place: usize| (place as f32 + 0.5) / ENLARGED as f32 - 0.5 - MARGIN as f32;
        let (y, x) = (along(place / width), along(place % width));
        let (row, column) = (y.floor(), x.floor());
        let (down, right) = (y - row, x - column);
        let (row, column) = (row as isize, column as isize);
        let line = |row: isize| (1.0 - right) * at(row, column) + right * at(row, column + 1);
        let ink = (1.0 - down) * line(row) + down * line(row + 1);
        *level = (255.0 * (1.0 - ink.clamp(0.0, 1.0))).round() as u8;
    }
    Ok(Picture::new(width, height, levels)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_words_are_read_as_they_are() {
        let words = Words::new().unwrap();
        let asked = words.to_test(8);
        let judge = super::super::networks::judge(5);
        let judge = judge.compile(Compile::new(Sgd::new(0.1))).unwrap();
        let readers = Readers::new(&words, judge).unwrap();
        let measured = readers
            .measure(&words.drawn(&asked).unwrap(), &asked)
            .unwrap();
        assert!(measured.characters > 0.9, "{}", measured.characters);
        assert!(measured.recognised > 0.7, "{}", measured.recognised);
    }
}
