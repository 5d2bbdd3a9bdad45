//! Which way up a picture's text stands.

use std::borrow::Cow;

use letra_type::{Picture, TextLine, find_lines, runs_vertically};

use super::Reader;
use super::found::{WORTHLESS, in_turned, known, upright};
use super::plausible::retain_text;
use super::reading::ReadLine;
use crate::failure::Failure;
use crate::finder::FoundLine;

/// Text that is read with less confidence may stand upside down: such text is read as other letters, of
/// 0.6 to 0.9.
const UPRIGHT: f32 = 0.93;

/// By so many times a reading is worth more than the one in the likelier position, to be taken.
const CLEARLY: f32 = 1.4;

/// A picture with a known line so many letter heights long does not run from top to bottom.
const SETTLED: f32 = 8.0;

/// A picture that was read, turned so that its text stands upright.
#[derive(Debug, Clone)]
pub struct ReadPicture<'a> {
    /// The picture, turned.
    pub picture: Cow<'a, Picture>,
    /// By how many quarters it was turned clockwise, 0 to 3.
    pub quarters: usize,
    /// Its lines, from top to bottom; their places are in the turned picture.
    pub lines: Vec<ReadLine>,
}

impl ReadPicture<'_> {
    /// Where the lines are in the turned picture.
    pub fn places(&self) -> Vec<TextLine> {
        self.lines.iter().map(|one| one.line.clone()).collect()
    }

    /// A box in the turned picture, left, top, right and bottom, as a box in the picture as it was given.
    pub fn bounds_as_given(&self, [left, top, right, bottom]: [f32; 4]) -> [f32; 4] {
        let (width, height) = (self.picture.width() as f32, self.picture.height() as f32);
        match self.quarters {
            1 => [top, width - right, bottom, width - left],
            2 => [width - right, height - bottom, width - left, height - top],
            3 => [height - bottom, left, height - top, right],
            _ => [left, top, right, bottom],
        }
    }

    fn characters(&self) -> f32 {
        self.lines.iter().map(|line| line.characters() as f32).sum()
    }

    /// The sum over the characters of what `count` makes of their confidence.
    fn sum(&self, count: impl Fn(f32) -> f32) -> f32 {
        let of_line = |line: &ReadLine| line.characters() as f32 * count(line.confidence());
        self.lines.iter().map(of_line).sum()
    }

    fn is_sure(&self) -> bool {
        self.sum(|confidence| confidence) >= UPRIGHT * self.characters()
    }

    fn worth(&self) -> f32 {
        self.sum(|confidence| (confidence - WORTHLESS).max(0.0))
    }
}

impl Reader {
    /// Reads the lines of a picture, turned by quarters so that its text stands upright; what does not
    /// read as text, such as the texture of a photograph, is left out.
    ///
    /// # Errors
    /// No line of text was found, or the network's answers are not numbers.
    pub fn read<'a>(&self, picture: &'a Picture) -> Result<ReadPicture<'a>, Failure> {
        self.read_if_text(picture)?.ok_or_else(|| {
            Failure::new("no line of text was found in it")
                .hint("give a picture of a line or more, its letters at least 7 pixels high")
        })
    }

    /// As [`Reader::read`]; nothing where there is no text in the picture.
    ///
    /// # Errors
    /// The network's answers are not numbers.
    pub fn read_if_text<'a>(
        &self,
        picture: &'a Picture,
    ) -> Result<Option<ReadPicture<'a>>, Failure> {
        let as_given = self.read_lines(picture, &find_lines(picture))?;
        let known = known(&as_given);
        let found = self.finder.find_beside(picture, &known)?;
        let settled = known.iter().any(|line| line.length > SETTLED * line.height);
        let (mut likely, other) = match !settled && runs_vertically(picture) {
            true => (vec![1, 3], 0),
            false => (vec![0], 2),
        };
        let seen: Vec<FoundLine> = found.iter().cloned().chain(known).collect();
        likely.extend(upright(&seen).filter(|quarters| !likely.contains(quarters)));
        let mut turned = Turned {
            reader: self,
            picture,
            found: &found,
            as_given: Some(as_given),
        };
        let mut best = None;
        for &quarters in &likely {
            let read = turned.read(quarters)?;
            best = match best {
                Some(best) => Some(better_of(best, read, 1.0)),
                None => Some(read).filter(|read| !read.lines.is_empty()),
            };
        }
        let Some(mut best) = best else {
            return Ok(None);
        };
        // Upside down, too, whatever the finder thought of which way the lines are read.
        for quarters in [(best.quarters + 2) % 4, other] {
            if !best.is_sure() && !likely.contains(&quarters) {
                likely.push(quarters);
                best = better_of(best, turned.read(quarters)?, CLEARLY);
            }
        }
        self.looked_at_otherwise(picture, best).map(Some)
    }

    /// Where the reader is still in doubt, the finder looks at the picture turned, too: what it errs on one way
    /// up, it may know another way up.
    fn looked_at_otherwise<'a>(
        &self,
        picture: &'a Picture,
        mut best: ReadPicture<'a>,
    ) -> Result<ReadPicture<'a>, Failure> {
        for turns in 1..4 {
            if best.is_sure() {
                break;
            }
            let given = picture.turned(turns);
            let found = self.finder.find(&given)?;
            let Some(quarters) = upright(&found) else {
                continue;
            };
            let mut turned = Turned {
                reader: self,
                picture: &given,
                found: &found,
                as_given: None,
            };
            let read = turned.read(quarters)?;
            let read = ReadPicture {
                picture: Cow::Owned(read.picture.into_owned()),
                quarters: (turns + read.quarters) % 4,
                lines: read.lines,
            };
            best = better_of(best, read, CLEARLY);
        }
        Ok(best)
    }
}

/// A picture that is read turned.
struct Turned<'a, 'b> {
    reader: &'b Reader,
    picture: &'a Picture,
    /// What the finder found in the picture as it was given, beside what was known.
    found: &'b [FoundLine],
    /// What the lines of blots say in the picture as it was given, until it is asked for.
    as_given: Option<Vec<ReadLine>>,
}

impl<'a> Turned<'a, '_> {
    fn read(&mut self, quarters: usize) -> Result<ReadPicture<'a>, Failure> {
        let Self {
            reader,
            picture,
            found,
            ..
        } = *self;
        let level: Vec<_> = found
            .iter()
            .filter_map(|line| Some((in_turned(line, quarters, picture)?, line.confidence)))
            .collect();
        let picture = match quarters {
            0 => Cow::Borrowed(picture),
            _ => Cow::Owned(picture.turned(quarters)),
        };
        let as_given = self.as_given.take_if(|_| quarters == 0);
        let by_blots = match as_given {
            Some(lines) => lines,
            None => reader.read_lines(&picture, &find_lines(&picture))?,
        };
        let mut lines = reader.with_found(&picture, by_blots, &level)?;
        retain_text(&mut lines, picture.height());
        Ok(ReadPicture {
            picture,
            quarters,
            lines,
        })
    }
}

/// Of two readings the one that is worth more; the other by so many times more.
fn better_of<'a>(best: ReadPicture<'a>, other: ReadPicture<'a>, times: f32) -> ReadPicture<'a> {
    match other.worth() <= times * best.worth() {
        true => best,
        false => other,
    }
}
