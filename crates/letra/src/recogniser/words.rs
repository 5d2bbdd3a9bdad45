//! What a picture's lines read, by the fonts of the proposed typefaces.

use std::collections::BTreeMap;

use letra_type::{Font, LEAST_FIT, Picture, Texts, Transcriber, Transcript};

use super::{KnownFace, LineReading, Reading, Recogniser, Typeface};

/// The most families whose fonts are tried.
const MOST_FAMILIES: usize = 3;

/// A font that fits so well is the right one, or as good.
const SURE_FIT: f32 = 0.95;

/// The most fonts that are tried on a picture in vain. Each is tried at all sizes that the line may
/// have, which takes as long as to read ten lines.
const MOST_MISSES: usize = 4;

/// Reads lines of one picture with the fonts of their most probable faces.
pub(super) struct WordReader<'a> {
    recogniser: &'a Recogniser,
    fonts: &'a [Font],
    texts: &'a Texts,
    /// By the faces' indices; `None` where the font is not there or cannot be read with.
    transcribers: BTreeMap<usize, Option<Transcriber>>,
    misses: usize,
}

/// What the lines of a typeface read.
pub(super) struct Words {
    /// The family whose font fits best.
    pub(super) family: String,
    /// By the lines' places in [`Reading::lines`]; those that do not fit are left out.
    pub(super) lines: BTreeMap<usize, Transcript>,
}

impl Words {
    /// The words of the line of the most characters.
    pub(super) fn longest(&self) -> Option<&str> {
        let texts = self.lines.values().map(|line| line.text.as_str());
        texts.max_by_key(|text| text.chars().count())
    }
}

/// The font of a face, if it is among some.
pub(super) fn font_of<'a>(fonts: &'a [Font], face: &KnownFace) -> Option<&'a Font> {
    fonts.iter().find(|font| KnownFace::of(font).is_named(face))
}

impl<'a> WordReader<'a> {
    pub(super) fn new(recogniser: &'a Recogniser, fonts: &'a [Font], texts: &'a Texts) -> Self {
        Self {
            recogniser,
            fonts,
            texts,
            transcribers: BTreeMap::new(),
            misses: 0,
        }
    }

    /// The fonts that there are.
    pub(super) fn fonts(&self) -> &'a [Font] {
        self.fonts
    }

    /// Reads some lines of a typeface with the font that fits the longest of them best, of its
    /// most probable families whose fonts are there; `None` if none fits.
    pub(super) fn read(
        &mut self,
        picture: &Picture,
        reading: &Reading,
        typeface: &Typeface,
        lines: &[usize],
    ) -> Option<Words> {
        let longest = *lines
            .iter()
            .max_by_key(|&&line| reading.lines[line].windows)?;
        let mut best: Option<(&str, Transcript)> = None;
        let mut tried = 0;
        for candidate in &typeface.families {
            if self.misses == MOST_MISSES {
                break;
            }
            let family = candidate.family.as_str();
            let face = &self.recogniser.faces()[candidate.faces[0].face];
            if font_of(self.fonts, face).is_none() {
                continue;
            }
            let transcript = self.line(picture, &reading.lines[longest], family);
            self.misses += usize::from(transcript.is_none());
            let least = best.as_ref().map_or(0.0, |(_, best)| best.fit);
            if let Some(transcript) = transcript.filter(|transcript| transcript.fit >= least) {
                best = Some((family, transcript));
            }
            tried += 1;
            let sure = best.as_ref().is_some_and(|(_, best)| best.fit >= SURE_FIT);
            if sure || tried == MOST_FAMILIES {
                break;
            }
        }
        let (family, transcript) = best?;
        let mut read = BTreeMap::from([(longest, transcript)]);
        for &line in lines.iter().filter(|&&line| line != longest) {
            if let Some(transcript) = self.line(picture, &reading.lines[line], family) {
                read.insert(line, transcript);
            }
        }
        Some(Words {
            family: family.into(),
            lines: read,
        })
    }

    /// Reads a line with the face of a family that is most probable by this line alone; `None`
    /// where it does not fit.
    fn line(
        &mut self,
        picture: &Picture,
        reading: &LineReading,
        family: &str,
    ) -> Option<Transcript> {
        let families = self.recogniser.families(&reading.likeness, reading.windows);
        let of_family = families.iter().find(|one| one.family == family)?;
        let (recogniser, fonts, texts) = (self.recogniser, self.fonts, self.texts);
        let there = |face: usize| font_of(fonts, &recogniser.faces()[face]);
        let mut faces = of_family.faces.iter().map(|one| one.face);
        let (face, font) = faces.find_map(|face| Some((face, there(face)?)))?;
        let transcriber = self
            .transcribers
            .entry(face)
            .or_insert_with(|| Transcriber::new(font, texts));
        let read = transcriber.as_mut()?.read(picture, &reading.line);
        read.filter(|transcript| transcript.fit >= LEAST_FIT)
    }
}

#[cfg(test)]
mod tests {
    use letra_type::draw_line;

    use super::*;

    #[test]
    fn a_picture_that_cannot_be_read_is_given_up() {
        let (recogniser, fonts) = (Recogniser::built_in().unwrap(), Font::built_in());
        let mut picture = Picture::blank(700, 90, 255).unwrap();
        let words = "Whistling quietly past";
        draw_line(&mut picture, &fonts[0], words, 40.0, (30.0, 58.0), 0).unwrap();
        let reading = recogniser.read(&picture).unwrap();
        let line = &reading.lines[0];
        let mut typeface = reading.typefaces[0].clone();
        let mut families = recogniser.families(&line.likeness, line.windows);
        families.retain(|one| one.family == "Hack");
        families[0].faces.retain(|one| one.style == "Regular");
        typeface.families = families;
        let texts = Texts::new();
        let mut reader = WordReader::new(&recogniser, &fonts, &texts);
        for tried in 1..MOST_MISSES + 3 {
            assert!(reader.read(&picture, &reading, &typeface, &[0]).is_none());
            assert_eq!(reader.misses, tried.min(MOST_MISSES));
        }
    }
}
