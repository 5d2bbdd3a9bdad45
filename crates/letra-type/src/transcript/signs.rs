//! What a line may be set of: the glyphs of a font, drawn finely once, and as templates.

use std::collections::HashSet;

use harfrust::{Buffer, Direction, Script, ShapeOptions, ShaperFont};
use skrifa::instance::Size;
use skrifa::{GlyphId, MetadataProvider};

use crate::font::{Font, Outline};
use crate::lines::{BASELINE, LETTER_HEIGHT, LINE_HEIGHT};
use crate::text::{MARKS, Texts};

/// Pixels of a fine drawing to one of a straightened line.
const FINE: f32 = 4.0;

/// Marks beside those of training texts.
const MORE_MARKS: &str = "¿¡_|<>\\~^{}·•";

/// Letters that fonts may join into one glyph.
const JOINED: [&str; 9] = ["ff", "fi", "fl", "ffi", "ffl", "Th", "tt", "ft", "fj"];

/// Ink below this share is left out of templates.
const FAINT: f32 = 0.02;

/// A glyph and the characters that it stands for.
#[derive(Debug)]
pub(super) struct Sign {
    /// One character, or those of a ligature.
    pub(super) text: String,
    /// How far it moves the pen, in pixels of the straightened line.
    pub(super) advance: f32,
    /// One of the letters A to Z and a to z and the digits.
    pub(super) plain: bool,
    drawing: Drawing,
}

/// A glyph drawn finely.
#[derive(Debug)]
struct Drawing {
    /// From the pen and the baseline to the first column and row, in fine pixels.
    left: f32,
    top: f32,
    width: usize,
    shares: Vec<u8>,
}

/// The signs of a font, their capitals 20 pixels high.
#[derive(Debug)]
pub(super) struct Signs {
    pub(super) all: Vec<Sign>,
    /// The advance of a space in pixels.
    pub(super) space: f32,
    /// Pixels per em.
    pub(super) size: f32,
    /// Heights that a line's letter height may be of, in heights of capitals: their own, that of
    /// letters with an ascender, of digits, and of letters without.
    pub(super) heights: Vec<f32>,
}

impl Signs {
    /// Draws a font's letters, digits, marks and ligatures; `None` if it has no capitals.
    pub(super) fn of(font: &Font, texts: &Texts) -> Option<Self> {
        let height = |letters: &str| {
            let tops = letters.chars().filter_map(|letter| {
                let bounds = Outline::of(font, letter, 1000.0).ok()?.bounds()?;
                Some(-bounds.top / 1000.0)
            });
            let mut tops: Vec<f32> = tops.collect();
            tops.sort_unstable_by(f32::total_cmp);
            tops.get(tops.len() / 2).copied()
        };
        let capitals = height("HETIL").filter(|capitals| (0.2..2.0).contains(capitals))?;
        let size = LETTER_HEIGHT / capitals;
        let mut heights = vec![1.0];
        for letters in ["bdhkl", "0235689", "aceonsu"] {
            let share = height(letters).map_or(1.0, |height| height / capitals);
            if (0.3..2.0).contains(&share)
                && heights.iter().all(|other| (other - share).abs() > 0.02)
            {
                heights.push(share);
            }
        }
        let space = font.advance(' ', size);
        let mut signs = Self {
            all: Vec::new(),
            space: if space > 0.0 { space } else { size / 4.0 },
            size,
            heights,
        };
        for character in characters(texts) {
            if let Some(glyph) = font.glyph(character).filter(|glyph| glyph.to_u32() != 0) {
                signs.add(font, character.into(), glyph);
            }
        }
        for (text, glyph) in ligatures(font) {
            signs.add(font, text, glyph);
        }
        (!signs.all.is_empty()).then_some(signs)
    }

    fn add(&mut self, font: &Font, text: String, glyph: GlyphId) {
        let advance = font
            .face()
            .and_then(|face| {
                face.glyph_metrics(Size::new(self.size), font.location())
                    .advance_width(glyph)
            })
            .unwrap_or(0.0);
        let drawing = Drawing::of(font, glyph, self.size);
        // What does not move the pen is no letter of a line.
        if let Some(drawing) = drawing.filter(|_| (1.0..200.0).contains(&advance)) {
            self.all.push(Sign {
                plain: text.len() == 1 && text.chars().all(char::is_alphanumeric),
                text,
                advance,
                drawing,
            });
        }
    }

    /// Templates of all signs, or of the plain ones only, spread by a tent that reaches so many
    /// pixels to either side.
    pub(super) fn templates(&self, reach: f32, plain: bool) -> Templates {
        let used: Vec<usize> = (0..self.all.len())
            .filter(|&sign| !plain || self.all[sign].plain)
            .collect();
        let mut of_signs: Vec<[Template; 2]> = used
            .iter()
            .map(|&sign| {
                let drawing = &self.all[sign].drawing;
                [drawing.template(reach, 0.0), drawing.template(reach, 0.5)]
            })
            .collect();
        let scale = 1.0 / darkest(&of_signs, used.iter().map(|&sign| &self.all[sign]));
        for template in of_signs.iter_mut().flatten() {
            let ink = template.shares.iter_mut();
            ink.for_each(|share| *share = (*share * scale).min(1.0));
            template.energy = template.shares.iter().map(|share| share * share).sum();
        }
        Templates {
            signs: used,
            of_signs,
        }
    }
}

/// Every character that is looked for.
fn characters(texts: &Texts) -> Vec<char> {
    let plain = ('!'..='~').chain(MARKS.chars()).chain(MORE_MARKS.chars());
    let letters = texts.all().iter().flat_map(|language| language.letters());
    let both = letters.flat_map(|&letter| {
        let mut capital = letter.to_uppercase();
        let capital = capital.next().filter(|_| capital.next().is_none());
        [Some(letter), capital].into_iter().flatten()
    });
    let mut seen = HashSet::new();
    plain.chain(both).filter(|&one| seen.insert(one)).collect()
}

/// What the font joins into one glyph.
fn ligatures(font: &Font) -> Vec<(String, GlyphId)> {
    let Some(shaper) = font.shaper_font() else {
        return Vec::new();
    };
    let one_glyph = |text: &&str| {
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(Some(Script::LATIN));
        harfrust::shape(&ShaperFont::new(&shaper), &mut buffer, ShapeOptions::new()).ok()?;
        match buffer.glyph_infos() {
            [one] if one.glyph_id != 0 => Some(((*text).into(), GlyphId::new(one.glyph_id))),
            _ => None,
        }
    };
    JOINED.iter().filter_map(one_glyph).collect()
}

/// The share of ink that one pixel in a hundred of a line exceeds, as pictures are levelled by it.
fn darkest<'a>(of_signs: &[[Template; 2]], signs: impl Iterator<Item = &'a Sign>) -> f32 {
    let mut shares = Vec::new();
    let mut pixels = 0.0;
    for ([template, _], sign) in of_signs.iter().zip(signs) {
        if sign.plain && sign.text.chars().all(char::is_lowercase) {
            shares.extend_from_slice(&template.shares);
            pixels += sign.advance * LINE_HEIGHT as f32;
        }
    }
    shares.sort_unstable_by(f32::total_cmp);
    let above = (pixels * 0.01) as usize;
    let share = shares.len().checked_sub(above + 1).map(|at| shares[at]);
    share.unwrap_or(1.0).clamp(0.2, 1.0)
}

impl Drawing {
    fn of(font: &Font, glyph: GlyphId, size: f32) -> Option<Self> {
        let outline = Outline::of_glyph(font, glyph, size * FINE).ok()?;
        let bounds = outline.bounds()?;
        let (left, top) = (bounds.left.floor(), bounds.top.floor());
        let (width, height) = ((bounds.right - left).ceil(), (bounds.bottom - top).ceil());
        if width > 1000.0 || height > 1000.0 {
            return None;
        }
        let (width, height) = (width.max(1.0) as usize, height.max(1.0) as usize);
        let shares = outline.coverage(width, height, -left, -top).ok()?;
        Some(Self {
            left,
            top,
            width,
            shares,
        })
    }

    /// The glyph in pixels of the straightened line, the pen a part of a pixel right of the first
    /// column's edge.
    fn template(&self, reach: f32, pen: f32) -> Template {
        let height = self.shares.len() / self.width;
        let columns = Spread::new((self.left / FINE + pen, self.width), reach);
        let rows = Spread::new((self.top / FINE + BASELINE, height), reach).within(LINE_HEIGHT);
        let mut narrow = vec![0.0; height * columns.count];
        let lines = self.shares.chunks_exact(self.width);
        for (from, to) in lines.zip(narrow.chunks_exact_mut(columns.count)) {
            for (column, share) in to.iter_mut().enumerate() {
                let taps = columns.taps(column);
                *share = taps.map(|(at, weight)| f32::from(from[at]) * weight).sum();
            }
        }
        let mut shares = vec![0.0; rows.count * columns.count];
        for (row, to) in shares.chunks_exact_mut(columns.count).enumerate() {
            for (at, weight) in rows.taps(row) {
                let from = &narrow[at * columns.count..][..columns.count];
                let weight = weight / 255.0;
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to += weight * from);
            }
        }
        shares.iter_mut().for_each(|share| {
            if *share < FAINT {
                *share = 0.0;
            }
        });
        Template {
            left: columns.first,
            top: rows.first as usize,
            columns: columns.count,
            shares,
            energy: 0.0,
        }
    }
}

/// Along one axis: pixels, each drawn from the fine pixels around it with the weights of a tent.
struct Spread {
    /// The first pixel, and how many there are.
    first: isize,
    count: usize,
    /// Where the fine pixels begin, in pixels, and how many there are.
    start: f32,
    fine: usize,
    reach: f32,
}

impl Spread {
    fn new((start, fine): (f32, usize), reach: f32) -> Self {
        let first = (start - reach).floor();
        let end = (start + fine as f32 / FINE + reach).ceil();
        Self {
            first: first as isize,
            count: (end - first) as usize,
            start,
            fine,
            reach,
        }
    }

    /// Only pixels from 0 up to an end.
    fn within(mut self, end: usize) -> Self {
        let last = (self.first + self.count as isize).clamp(0, end as isize);
        self.first = self.first.clamp(0, end as isize);
        self.count = (last - self.first).max(0) as usize;
        self
    }

    /// The fine pixels around a pixel and their weights.
    fn taps(&self, pixel: usize) -> impl Iterator<Item = (usize, f32)> {
        let centre = self.first as f32 + pixel as f32 + 0.5 - self.start;
        let from = ((centre - self.reach) * FINE).floor().max(0.0) as usize;
        let to = ((centre + self.reach) * FINE).ceil().max(0.0) as usize;
        let reach = self.reach;
        (from..to.min(self.fine)).map(move |at| {
            let away = ((at as f32 + 0.5) / FINE - centre).abs();
            (at, (1.0 - away / reach).max(0.0) / (reach * FINE))
        })
    }
}

/// A glyph as a straightened line shows it: shares of ink from 0 to 1, in rows of `columns`.
#[derive(Debug)]
pub(super) struct Template {
    /// From the pen's pixel to the first column.
    pub(super) left: isize,
    /// The line's row of the first row.
    pub(super) top: usize,
    pub(super) columns: usize,
    pub(super) shares: Vec<f32>,
    /// The sum of the shares' squares.
    pub(super) energy: f32,
}

/// Templates of signs, with the pen on a pixel's edge and in its middle.
#[derive(Debug)]
pub(super) struct Templates {
    /// Which signs.
    pub(super) signs: Vec<usize>,
    pub(super) of_signs: Vec<[Template; 2]>,
}

impl Template {
    /// The sum of products with another template, whose pen is so many pixels further right.
    pub(super) fn overlap(&self, other: &Self, further: isize) -> f32 {
        let shift = other.left + further - self.left;
        let first = shift.max(0);
        let end = (self.columns as isize).min(shift + other.columns as isize);
        if first >= end || self.columns == 0 || other.columns == 0 {
            return 0.0;
        }
        let (first, count) = (first as usize, (end - first) as usize);
        let there = (first as isize - shift) as usize;
        let rows = |of: &Self| of.top..of.top + of.shares.len() / of.columns;
        let (own, others) = (rows(self), rows(other));
        let row = |row: usize| {
            let one = &self.shares[(row - own.start) * self.columns + first..][..count];
            let two = &other.shares[(row - others.start) * other.columns + there..][..count];
            one.iter().zip(two).map(|(one, two)| one * two).sum::<f32>()
        };
        (own.start.max(others.start)..own.end.min(others.end))
            .map(row)
            .sum()
    }
}
