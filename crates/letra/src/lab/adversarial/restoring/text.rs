//! Lines of text in many faces.

use letra_nn::random::{Domain, Random};
use letra_type::{Font, FontLibrary, Outline, Picture, Texts, draw_line, line_width};
use std::path::PathBuf;

use super::ink::Ink;
use crate::failure::Failure;

/// Characters of a line, about.
const LENGTH: usize = 26;

/// Draws lines.
pub(in crate::lab::adversarial) struct Lines {
    pub(in crate::lab::adversarial) fonts: Vec<Font>,
    /// Height of capitals in em.
    capitals: Vec<f32>,
    texts: Texts,
}

/// The fonts that the reader named; the built-in ones where none was.
pub(in crate::lab::adversarial) fn fonts(paths: &[PathBuf]) -> Result<Vec<Font>, Failure> {
    if paths.is_empty() {
        return Ok(Font::built_in());
    }
    let mut library = FontLibrary::new();
    library.add_paths(paths)?;
    let fonts = library.into_fonts();
    match fonts.is_empty() {
        true => Err(Failure::new("there is no font that can set Latin text")
            .hint("name files or folders of TrueType or OpenType fonts")),
        false => Ok(fonts),
    }
}

impl Lines {
    pub(in crate::lab::adversarial) fn new(fonts: Vec<Font>) -> Result<Self, Failure> {
        let capital = |font: &Font| -> Result<f32, Failure> {
            let outline = Outline::of(font, 'H', 1000.0)?;
            Ok(outline
                .bounds()
                .map_or(0.7, |bounds| -bounds.top / 1000.0)
                .max(0.2))
        };
        Ok(Self {
            capitals: fonts.iter().map(capital).collect::<Result<_, _>>()?,
            fonts,
            texts: Texts::new(),
        })
    }

    /// A line that a face can set, by the random numbers of a place.
    pub(in crate::lab::adversarial) fn text(&self, font: usize, seed: u64, place: usize) -> String {
        let font = &self.fonts[font];
        let random =
            Random::new(seed, Domain::Data, 1 << 16, place as u64).uniform(0, 2 + 2 * LENGTH);
        let below = |which: usize, bound: usize| (random[which] * bound as f32) as usize;
        let words = self
            .texts
            .words(["english", "german", "spanish", "french"][below(0, 4)]);
        let covered = |word: &&str| word.chars().all(|letter| font.covers(letter));
        let words: Vec<&str> = words
            .into_iter()
            .flatten()
            .take(400)
            .filter(covered)
            .collect();
        let mut text = String::new();
        for which in 2..2 + LENGTH {
            if text.chars().count() >= LENGTH || words.is_empty() {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            let word = words[below(which, words.len())];
            let capital = text.is_empty() || random[which + LENGTH] < 0.2;
            let mut letters = word.chars();
            match (capital, letters.next()) {
                (true, Some(first)) if first.to_uppercase().all(|one| font.covers(one)) => {
                    text.extend(first.to_uppercase());
                    text.push_str(letters.as_str());
                }
                _ => text.push_str(word),
            }
        }
        match random[1] < 0.08
            && text
                .chars()
                .flat_map(char::to_uppercase)
                .all(|one| font.covers(one))
        {
            true => text.to_uppercase(),
            false => text,
        }
    }

    /// A line in black on white ground whose capitals are so many pixels high, its pen moved by shares of a pixel; as
    /// many pixels wide and high as fill squares of 4 × 4.
    pub(in crate::lab::adversarial) fn draw(
        &self,
        font: usize,
        text: &str,
        capitals: f32,
        moved: [f32; 2],
    ) -> Result<Ink, Failure> {
        let (face, size) = (&self.fonts[font], capitals / self.capitals[font]);
        let width = line_width(face, text, size) + 2.0 * capitals;
        let width = (width.ceil() as usize).next_multiple_of(4);
        let height = ((2.8 * capitals).ceil() as usize).next_multiple_of(4);
        let mut picture = Picture::blank(width, height, 0)?;
        let start = (capitals + moved[0], 1.8 * capitals + moved[1]);
        draw_line(&mut picture, face, text, size, start, 255)?;
        let share = |&level: &u8| f32::from(level) / 255.0;
        Ok(Ink {
            width,
            values: picture.pixels().iter().map(share).collect(),
        })
    }
}
