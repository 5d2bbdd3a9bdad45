//! What counts of a picture of text: which typeface is named, and what is read.

use std::borrow::Cow;
use std::thread;

use letra_nn::metrics::edit_distance;
use letra_type::{Font, Picture, TextLine};

use crate::failure::Failure;
use crate::reader::{ReadPicture, Reader};
use crate::recogniser::Recogniser;

/// Names and reads, with the models that come with letra.
pub(in crate::lab::adversarial) struct Examiner {
    recogniser: Recogniser,
    reader: Reader,
}

/// A picture, and what is right about it.
pub(in crate::lab::adversarial) struct Question {
    pub(in crate::lab::adversarial) picture: Picture,
    pub(in crate::lab::adversarial) family: String,
    pub(in crate::lab::adversarial) text: String,
    /// Where the text is; it is searched for where nothing is said.
    pub(in crate::lab::adversarial) place: Option<TextLine>,
}

/// How well a picture was understood.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::lab::adversarial) struct Understood {
    /// 1 where the first family that is named is right, and 0 where it is not.
    pub(in crate::lab::adversarial) family: f64,
    /// The share of the characters that were read right: 1 − edits / characters, 0 or more.
    pub(in crate::lab::adversarial) characters: f64,
}

impl Examiner {
    /// The examiner, and those of the fonts whose typeface it can name. Where it knows none of them, it learns all.
    pub(in crate::lab::adversarial) fn of(fonts: &[Font]) -> Result<(Self, Vec<Font>), Failure> {
        let mut recogniser = Recogniser::built_in()?;
        let faces = recogniser.faces();
        let knows = |font: &&Font| {
            let is_it =
                |(family, style): (&str, &str)| (family, style) == (font.family(), font.style());
            faces.iter().any(|face| is_it((&face.family, &face.style)))
        };
        let mut known: Vec<Font> = fonts.iter().filter(knows).cloned().collect();
        let families = |fonts: &[Font]| {
            let mut names: Vec<&str> = fonts.iter().map(Font::family).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        // Of few families it is no art to name the right one: the others join them.
        if families(&known) < 5 {
            recogniser.enroll(fonts)?;
            known = fonts.to_vec();
        }
        let examiner = Self {
            recogniser,
            reader: Reader::built_in()?,
        };
        Ok((examiner, known))
    }

    /// How well each picture is understood, by so many threads; 0 takes one a core.
    pub(in crate::lab::adversarial) fn ask(
        &self,
        questions: &[Question],
        threads: usize,
    ) -> Result<Vec<Understood>, Failure> {
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let share = questions.len().div_ceil(threads).max(1);
        let parts = thread::scope(|scope| {
            let ask = |part: &[Question]| part.iter().map(|one| self.understood(one)).collect();
            let parts: Vec<_> = (questions.chunks(share))
                .map(|part| scope.spawn(move || -> Result<Vec<Understood>, Failure> { ask(part) }))
                .collect();
            let joined = parts.into_iter().map(|part| part.join().expect("no panic"));
            joined.collect::<Result<Vec<_>, _>>()
        })?;
        Ok(parts.concat())
    }

    fn understood(&self, question: &Question) -> Result<Understood, Failure> {
        let picture = &question.picture;
        let read = match &question.place {
            Some(place) => Some(ReadPicture {
                picture: Cow::Borrowed(picture),
                quarters: 0,
                lines: self
                    .reader
                    .read_lines(picture, std::slice::from_ref(place))?,
            }),
            None => self.reader.read_if_text(picture)?,
        };
        let Some(read) = read else {
            return Ok(Understood::default());
        };
        let lines: Vec<String> = read.lines.iter().map(|line| line.text()).collect();
        let said: Vec<char> = lines.join(" ").chars().collect();
        let text: Vec<char> = question.text.chars().collect();
        let wrong = edit_distance(&said, &text) as f64 / text.len().max(1) as f64;
        let reading = self.recogniser.read_lines(read.places(), &read.picture)?;
        let first = reading
            .typefaces
            .first()
            .and_then(|typeface| typeface.families.first());
        let is_right = first.is_some_and(|first| first.family == question.family);
        Ok(Understood {
            family: f64::from(u8::from(is_right)),
            characters: (1.0 - wrong).max(0.0),
        })
    }
}

/// The means of all.
pub(in crate::lab::adversarial) fn mean(understood: &[Understood]) -> Understood {
    let count = understood.len().max(1) as f64;
    let sum = |of: fn(&Understood) -> f64| understood.iter().map(of).sum::<f64>() / count;
    Understood {
        family: sum(|one| one.family),
        characters: sum(|one| one.characters),
    }
}
