//! A data set of the seminar's kind, drawn from fonts.

use super::labelled_pictures::LabelledPictures;
use crate::error::{Error, Result};
use crate::font::{Font, Outline};

/// The characters of a glyph set: `0-9A-Za-z` in this order.
pub const CHARACTERS: [char; 62] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I',
    'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b',
    'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z',
];

/// Width and height of each picture in pixels.
pub const SIDE: usize = 36;

/// The nine shifts of each glyph in pixels, (to the right, down), in the seminar's order; the
/// seventh is none.
pub const SHIFTS: [(i32, i32); 9] = [
    (-3, 0),
    (-3, 3),
    (0, -3),
    (0, 3),
    (3, -3),
    (3, 0),
    (0, 0),
    (3, 3),
    (-3, -3),
];

/// The longest side of a font's largest glyph in pixels, which leaves room for the shifts.
pub const LARGEST_INK: usize = SIDE - 2 * 3;

/// The most fonts of a glyph set.
const MOST_FONTS: usize = 256;

/// The size in pixels per em at which glyphs are measured before they are drawn.
const MEASURING_SIZE: f32 = 1024.0;

/// Draws 62 characters × nine shifts of each font: picture `font · 558 + character · 9 + shift`.
///
/// A glyph is centred by its ink box, not by its baseline. Each font has one size, at which its
/// widest or tallest glyph measures 30 pixels, so that no shift cuts ink off. Shifts are exact:
/// the nine pictures of a glyph are the same pixels, moved. Classes are the fonts' names.
///
/// # Errors
/// No fonts or more than 256; a font lacks one of the characters or draws nothing for it.
pub fn glyph_set(fonts: &[Font]) -> Result<LabelledPictures> {
    if fonts.is_empty() || fonts.len() > MOST_FONTS {
        return Err(Error::FontCount {
            count: fonts.len(),
            most: MOST_FONTS,
        });
    }
    let pictures = fonts.len() * CHARACTERS.len() * SHIFTS.len();
    let mut pixels = Vec::with_capacity(pictures * SIDE * SIDE);
    for font in fonts {
        let size = fitting_size(font)?;
        for character in CHARACTERS {
            let glyph = centred_glyph(font, character, size)?;
            SHIFTS
                .iter()
                .for_each(|&shift| pixels.extend(shifted(&glyph, shift)));
        }
    }
    let labels = (0..pictures)
        .map(|index| index / (CHARACTERS.len() * SHIFTS.len()))
        .collect();
    let names = fonts.iter().map(Font::name).collect();
    let character = |index: usize| CHARACTERS[index / SHIFTS.len() % CHARACTERS.len()];
    LabelledPictures::new(SIDE, SIDE, pixels, labels, names)?
        .with_characters((0..pictures).map(character).collect())
}

/// The size in pixels per em at which the font's largest glyph measures [`LARGEST_INK`].
///
/// # Errors
/// The font lacks one of the characters or draws nothing for it.
pub fn fitting_size(font: &Font) -> Result<f32> {
    let mut largest = 0.0_f32;
    for character in CHARACTERS {
        let bounds = Outline::of(font, character, MEASURING_SIZE)?.bounds();
        let bounds = bounds.ok_or_else(|| draws_nothing(font, character))?;
        largest = largest.max(bounds.width()).max(bounds.height());
    }
    Ok(MEASURING_SIZE * LARGEST_INK as f32 / largest)
}

/// One glyph centred by its ink box in 36×36 pixels, ink 255 on 0, at a size in pixels per em.
///
/// # Errors
/// The font lacks the character or draws nothing for it.
pub fn centred_glyph(font: &Font, character: char, size: f32) -> Result<Vec<u8>> {
    let outline = Outline::of(font, character, size)?;
    let bounds = outline
        .bounds()
        .ok_or_else(|| draws_nothing(font, character))?;
    let (x, y) = bounds.centre();
    let middle = SIDE as f32 / 2.0;
    outline.coverage(SIDE, SIDE, middle - x, middle - y)
}

fn draws_nothing(font: &Font, character: char) -> Error {
    Error::Character {
        font: font.name(),
        character,
        problem: "draws nothing for",
    }
}

/// The glyph moved by whole pixels, (to the right, down).
fn shifted(glyph: &[u8], (right, down): (i32, i32)) -> impl Iterator<Item = u8> + '_ {
    let side = SIDE as i32;
    (0..side * side).map(move |index| {
        let (row, column) = (index / side - down, index % side - right);
        let inside = (0..side).contains(&row) && (0..side).contains(&column);
        if inside {
            glyph[(row * side + column) as usize]
        } else {
            0
        }
    })
}
