//! Whole lines to learn reading from: drawn when asked for, each from its seed and index alone.

use std::collections::BTreeSet;

use harfrust::Buffer;
use pulp::{Arch, Simd, WithSimd};

use super::face::Face;
use super::render::Placement;
use super::small_capitals::has_small_capitals;
use super::wear::{Distortions, Wear};
use super::{Drawing, Sampler, View, Workbench};
use crate::error::Result;
use crate::font::Font;
use crate::lines::{BASELINE, LETTER_HEIGHT, LINE_HEIGHT, WINDOW_WIDTH, letter_height, level_line};
use crate::random::Random;
use crate::text::{MARKS, Texts};

/// Marks that people write beside those of ASCII, Latin-1 and the languages' own letters.
const MORE_MARKS: &str = "•†‡‹›™‰";

/// Accents and hyphens of Latin-1 that never stand alone in a text.
const ACCENTS: &str = "\u{a8}\u{ad}\u{af}\u{b4}\u{b8}";

/// The least pixels of a strip a character, so that a reader that looks at every fourth column has two
/// looks at each.
const LEAST_ADVANCE: usize = 8;

/// Of the turn and the perspective of a window, what is left in a line that was made straight as a
/// whole.
const LEFT_AFTER_STRAIGHTENING: f32 = 0.4;

/// Draws whole lines of text with what they read, as [`TextLine::levelled`](crate::TextLine::levelled)
/// shows lines that were found in pictures: what a reader learns from.
///
/// A line follows from the seed, its index and the faces alone, as [`Sampler`]'s windows do.
///
/// ```
/// use letra_type::{Distortions, Font, LINE_HEIGHT, LineSampler, Workbench};
///
/// let sampler = LineSampler::new(&Font::built_in(), Distortions::default())?;
/// let (mut bench, mut strip) = (Workbench::default(), [0; LINE_HEIGHT * 320]);
/// let mut text = String::new();
/// sampler.draw(1, 0, &mut bench, &mut strip, &mut text);
/// assert!(!text.is_empty() && text.chars().all(|one| sampler.characters().contains(&one)));
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug)]
pub struct LineSampler {
    sampler: Sampler,
    characters: Vec<char>,
    /// Characters of each face that the texts seldom or never have.
    rare: Vec<Vec<char>>,
    /// Whether the small letters of each face look like capitals.
    small_capitals: Vec<bool>,
}

impl LineSampler {
    /// A sampler of lines in these faces.
    ///
    /// # Errors
    /// As [`Sampler::new`].
    pub fn new(fonts: &[Font], distortions: Distortions) -> Result<Self> {
        let sampler = Sampler::of_texts(Texts::new(), fonts, distortions)?;
        let characters = characters(&sampler.texts);
        let rare = |font: &Font| {
            let rare = characters.iter().filter(|one| !one.is_ascii_alphanumeric());
            rare.filter(|&&one| one != ' ' && font.covers(one))
                .copied()
                .collect()
        };
        let faces = sampler.faces.iter().zip(fonts);
        let small_capitals = faces.map(|(face, font)| has_small_capitals(face, font));
        Ok(Self {
            small_capitals: small_capitals.collect(),
            rare: fonts.iter().map(rare).collect(),
            characters,
            sampler,
        })
    }

    /// The faces.
    pub fn fonts(&self) -> &[Font] {
        self.sampler.fonts()
    }

    /// Every character that a line may have, in order: ASCII, Latin-1, the letters of thirteen
    /// languages, and marks.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// Draws the line of an index into `strip`, 40 rows of grey levels, dark on light, as a straightened
    /// line is; puts what it reads into `text`, words parted by single spaces; returns the index of its
    /// face. What follows the line, which has at most one character for eight columns, is without ink.
    ///
    /// # Panics
    /// `strip` is no multiple of 40 long, or less than 160 pixels wide.
    pub fn draw(
        &self,
        seed: u64,
        index: u64,
        bench: &mut Workbench,
        strip: &mut [u8],
        text: &mut String,
    ) -> usize {
        self.draw_both(seed, index, bench, strip, None, text)
    }

    /// As [`LineSampler::draw`], and the same line as it was before anything wore it in `clean`: its letters in
    /// the same places, sharp and black on white, whatever size and colours they were worn at.
    ///
    /// ```
    /// use letra_type::{Distortions, Font, LINE_HEIGHT, LineSampler, Workbench};
    ///
    /// let sampler = LineSampler::new(&Font::built_in(), Distortions::default())?;
    /// let (mut worn, mut clean) = ([0; LINE_HEIGHT * 320], [0; LINE_HEIGHT * 320]);
    /// let (mut bench, mut text) = (Workbench::default(), String::new());
    /// sampler.draw_pair(1, 0, &mut bench, [&mut worn, &mut clean], &mut text);
    /// // What a network that cleans text learns from.
    /// assert_ne!(worn, clean);
    /// # Ok::<(), letra_type::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`LineSampler::draw`], for either of the strips; they are not of one size.
    pub fn draw_pair(
        &self,
        seed: u64,
        index: u64,
        bench: &mut Workbench,
        [worn, clean]: [&mut [u8]; 2],
        text: &mut String,
    ) -> usize {
        assert_eq!(worn.len(), clean.len());
        self.draw_both(seed, index, bench, worn, Some(clean), text)
    }

    fn draw_both(
        &self,
        seed: u64,
        index: u64,
        bench: &mut Workbench,
        strip: &mut [u8],
        clean: Option<&mut [u8]>,
        text: &mut String,
    ) -> usize {
        let width = strip.len() / LINE_HEIGHT;
        assert!(strip.len().is_multiple_of(LINE_HEIGHT) && width >= WINDOW_WIDTH);
        let mut random = Random::new(seed ^ 0x7374_7269_7000, index);
        let number = random.below(self.sampler.faces.len());
        let face = &self.sampler.faces[number];
        let mut wear = self.sampler.distortions.draw(&mut random);
        wear.rotation *= LEFT_AFTER_STRAIGHTENING;
        wear.perspective.0 *= LEFT_AFTER_STRAIGHTENING;
        wear.perspective.1 *= LEFT_AFTER_STRAIGHTENING;
        self.write(number, width, &mut random, bench);
        let margins = [random.between((5.0, 14.0)), random.between((5.0, 14.0))];
        let set = fit(face, &wear, width as f32 - margins[0] - margins[1], bench);
        text.clear();
        match self.small_capitals[number] {
            true => text.extend(bench.text.chars().map(|letter| self.shown(letter))),
            false => text.push_str(&bench.text),
        }
        self.add_neighbours(face, &mut random, bench);
        let Ink {
            scale,
            left,
            columns,
            view,
        } = set;
        let edge = (width as f32).mul_add(view.step, 2.0 * view.edge).ceil();
        let start = (edge - width as f32 * view.step) / 2.0;
        let placement = Placement {
            width: edge as usize,
            height: (LINE_HEIGHT as f32 * view.step + 2.0 * view.edge).ceil() as usize,
            x: start + margins[0] * view.step - left,
            baseline: (BASELINE + wear.shift) * view.step + view.edge + random.between((-0.5, 0.5)),
            length: columns * view.step,
            scale,
            size: 1.0,
            reach: 2.0 + 0.1 * edge,
        };
        let length = ((margins[0] + columns + margins[1]).ceil() as usize).clamp(1, width);
        if let Some(clean) = clean {
            let wear = wear.as_before(view.step);
            let (view, placement) = at_its_own_size(&view, placement);
            Arch::new().dispatch(Strip {
                width,
                length,
                drawing: Drawing {
                    face,
                    wear: &wear,
                    view,
                    placement,
                    random: &mut random.clone(),
                    bench,
                    window: clean,
                },
            });
        }
        Arch::new().dispatch(Strip {
            width,
            length,
            drawing: Drawing {
                face,
                wear: &wear,
                view,
                placement,
                random: &mut random,
                bench,
                window: strip,
            },
        });
        number
    }

    /// What a letter looks like in a face of small capitals.
    fn shown(&self, letter: char) -> char {
        let mut capital = letter.to_uppercase();
        match (capital.next(), capital.next()) {
            (Some(one), None) if self.characters.binary_search(&one).is_ok() => one,
            _ => letter,
        }
    }

    /// Writes a line: of a few characters or of many, now and then with one that texts seldom have.
    fn write(&self, face: usize, width: usize, random: &mut Random, bench: &mut Workbench) {
        let most = width / LEAST_ADVANCE;
        let characters = match random.happens(0.15) {
            true => 1 + random.below(8),
            false if random.happens(0.25) => 8 + random.below(most / 2),
            false => most / 2 + random.below(most / 2),
        };
        let repertoire = &self.sampler.faces[face].repertoire;
        let text = &mut bench.text;
        self.sampler
            .texts
            .write(repertoire, characters, random, text);
        let rare = &self.rare[face];
        if !rare.is_empty() && random.happens(0.3) {
            for _ in 0..1 + random.below(4) {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                text.insert(*random.one_of(&places), *random.one_of(rare));
            }
        }
        shorten(text, most);
    }

    /// Adds the lines above and below, of which a straightened line shows the nearest parts, to some.
    fn add_neighbours(&self, face: &Face, random: &mut Random, bench: &mut Workbench) {
        for direction in [1.0, -1.0] {
            if !random.happens(0.3) {
                continue;
            }
            let distance = direction * random.between((1.0, 1.5)) * face.units_per_em;
            let mut other = String::new();
            let texts = &self.sampler.texts;
            texts.write(&face.repertoire, 30, random, &mut other);
            let buffer = bench.buffer.get_or_insert_with(Buffer::new);
            let mut line = Vec::new();
            face.set(&other, (true, true), buffer, &mut line);
            line.iter_mut().for_each(|set| set.y += distance);
            bench.line.append(&mut line);
        }
    }
}

/// Every character that a line may have, in order.
fn characters(texts: &Texts) -> Vec<char> {
    let letters = texts.all().iter().flat_map(|language| language.letters());
    let letters = letters.flat_map(|&letter| {
        let (upper, lower) = (letter.to_uppercase(), letter.to_lowercase());
        upper.chain(lower).chain([letter])
    });
    let latin = (' '..='~').chain('\u{a1}'..='ÿ');
    let marks = MARKS.chars().chain(MORE_MARKS.chars());
    let all: BTreeSet<char> = letters.chain(latin).chain(marks).collect();
    // Turkish capitals in lower case have a dot of their own.
    let combining = |one: char| ('\u{300}'..='\u{36f}').contains(&one);
    all.into_iter()
        .filter(|&one| !ACCENTS.contains(one) && !combining(one))
        .collect()
}

/// The ink of a set line.
struct Ink {
    /// Pixels a font unit.
    scale: f32,
    /// Where it begins, in pixels from the pen's start.
    left: f32,
    /// How many columns of a strip it takes.
    columns: f32,
    view: View,
}

/// Sets the bench's text, and shortens it until its ink is no more than so many columns wide.
fn fit(face: &Face, wear: &Wear, columns: f32, bench: &mut Workbench) -> Ink {
    let scale = wear.cap_height / face.cap_height;
    let across = scale * wear.squeeze;
    loop {
        let buffer = bench.buffer.get_or_insert_with(Buffer::new);
        let features = (wear.kerning, wear.ligatures);
        face.set(&bench.text, features, buffer, &mut bench.line);
        bench.tops.clear();
        let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
        for (index, set) in bench.line.iter().enumerate() {
            let Some(shape) = face.glyph(set.glyph).filter(|one| !one.points.is_empty()) else {
                continue;
            };
            bench
                .tops
                .push((f32::from(shape.bounds[3]) + set.y) * scale);
            let pen = set.x + wear.tracking * face.units_per_em * index as f32;
            left = left.min(pen + f32::from(shape.bounds[0]));
            right = right.max(pen + f32::from(shape.bounds[2]));
        }
        let letters = letter_height(&mut bench.tops).unwrap_or(wear.cap_height);
        let letters = letters.clamp(0.5 * wear.cap_height, 1.5 * wear.cap_height);
        let view = View::of(wear, letters / LETTER_HEIGHT);
        let length = (right - left) * across / view.step;
        let count = bench.text.chars().count();
        if left > right {
            // Nothing but spaces.
            (left, right) = (0.0, 0.0);
        }
        if count <= 1 || length <= columns || left == right {
            return Ink {
                scale,
                left: left * across,
                columns: (right - left) * across / view.step,
                view,
            };
        }
        let fitting = (count as f32 * columns / length) as usize;
        shorten(&mut bench.text, fitting.clamp(1, count - 1));
    }
}

/// Shortens a text to at most so many characters, between words where there is a space.
fn shorten(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        let last = text[..end]
            .rfind(' ')
            .filter(|&at| !text[..at].trim().is_empty());
        text.truncate(
            last.filter(|_| !text[end..].starts_with(' '))
                .unwrap_or(end),
        );
    }
    text.truncate(text.trim_end().len());
}

/// View and place of a line that is drawn at the size of its strip, so that it need not be scaled.
fn at_its_own_size(view: &View, placement: Placement) -> (View, Placement) {
    let step = view.step;
    let wide = placement.width as f32 / step;
    let width = wide.ceil();
    let own = View {
        true_step: 1.0,
        step: 1.0,
        edge: view.edge / step,
    };
    let placement = Placement {
        width: width as usize,
        height: (placement.height as f32 / step).ceil() as usize,
        // The middle of the picture is what is shown.
        x: placement.x / step + (width - wide) / 2.0,
        baseline: placement.baseline / step,
        length: placement.length / step,
        scale: placement.scale / step,
        size: placement.size,
        reach: 2.0 + 0.1 * width,
    };
    (own, placement)
}

/// The drawing of a strip; compiled for the widest vectors of the machine.
struct Strip<'a> {
    width: usize,
    /// Columns of the line; what follows is without ink.
    length: usize,
    drawing: Drawing<'a>,
}

impl WithSimd for Strip<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        self.drawing.draw_picture();
        self.drawing.scale_picture(self.width);
        let Drawing {
            wear,
            bench,
            window,
            ..
        } = self.drawing;
        let rows = bench.window.chunks_exact(self.width);
        let line: Vec<f32> = rows.flat_map(|row| &row[..self.length]).copied().collect();
        let line = level_line(&line, self.length, wear.ink > wear.ground);
        window.fill(255);
        let rows = window.chunks_exact_mut(self.width);
        for (to, from) in rows.zip(line.chunks_exact(self.length)) {
            to[..self.length].copy_from_slice(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler() -> LineSampler {
        LineSampler::new(&Font::built_in(), Distortions::default()).unwrap()
    }

    #[test]
    fn lines_follow_from_seed_and_index_and_end_before_the_strip_does() {
        let sampler = sampler();
        let mut bench = Workbench::default();
        let mut texts = BTreeSet::new();
        for index in 0..200 {
            let (mut strip, mut text) = (vec![0; LINE_HEIGHT * 320], String::new());
            let face = sampler.draw(3, index, &mut bench, &mut strip, &mut text);
            assert!((1..=40).contains(&text.chars().count()), "{text:?}");
            assert!(text.trim() == text && !text.contains("  "), "{text:?}");
            let font = &sampler.fonts()[face];
            for one in text.chars() {
                assert!(
                    sampler.characters().contains(&one) && font.covers(one),
                    "{one:?}"
                );
            }
            let (mut again, mut same) = (vec![1; LINE_HEIGHT * 320], String::new());
            sampler.draw(3, index, &mut Workbench::default(), &mut again, &mut same);
            assert!(strip == again && text == same);
            texts.insert(text);
        }
        assert!(texts.len() > 190, "{}", texts.len());
    }

    /// Mean distance of the levels of two strips.
    fn distance(one: &[u8], other: &[u8]) -> f32 {
        let away: u32 = one
            .iter()
            .zip(other)
            .map(|(a, b)| u32::from(a.abs_diff(*b)))
            .sum();
        away as f32 / one.len() as f32
    }

    #[test]
    fn the_clean_one_of_a_pair_has_its_letters_where_the_worn_one_has_them() {
        let mut bench = Workbench::default();
        let strips = || [(); 2].map(|()| vec![0; LINE_HEIGHT * 320]);
        for (distortions, most) in [
            (
                Distortions {
                    cap_height: (20.0, 40.0),
                    ..Distortions::none()
                },
                6.0,
            ),
            (
                Distortions {
                    cap_height: (12.0, 40.0),
                    ..Distortions::default()
                },
                70.0,
            ),
        ] {
            let sampler = LineSampler::new(&Font::built_in(), distortions).unwrap();
            for index in 0..40 {
                let ([mut worn, mut clean], mut text) = (strips(), String::new());
                sampler.draw_pair(2, index, &mut bench, [&mut worn, &mut clean], &mut text);
                let ([mut alone, _], mut same) = (strips(), String::new());
                sampler.draw(2, index, &mut bench, &mut alone, &mut same);
                assert!(worn == alone && text == same, "{index}");
                let here = distance(&worn, &clean);
                assert!(here < most, "{index} {text:?}: {here}");
                // Moved by three pixels it is another picture.
                let moved = distance(&worn[3..], &clean[..clean.len() - 3]);
                assert!(
                    text.len() < 8 || moved > 1.2 * here,
                    "{index} {text:?}: {here} {moved}"
                );
            }
        }
    }

    #[test]
    fn a_clean_line_has_its_ink_between_its_margins() {
        let sampler = LineSampler::new(&Font::built_in(), Distortions::none()).unwrap();
        let mut bench = Workbench::default();
        let (mut strip, mut text) = (vec![0; LINE_HEIGHT * 320], String::new());
        for index in 0..50 {
            sampler.draw(5, index, &mut bench, &mut strip, &mut text);
            let inked = |column: usize| (12..30).any(|row| strip[row * 320 + column] < 100);
            assert!(!(0..4).chain(317..320).any(inked), "{text:?}");
            assert!((5..320).any(inked), "{text:?}");
        }
    }

    #[test]
    fn texts_are_shortened_between_words() {
        let shortened = |most| {
            let mut text = String::from("Seven kinds of rye");
            shorten(&mut text, most);
            text
        };
        assert_eq!(shortened(30), "Seven kinds of rye");
        assert_eq!(shortened(11), "Seven kinds");
        assert_eq!(shortened(10), "Seven");
        assert_eq!(shortened(3), "Sev");
    }
}
