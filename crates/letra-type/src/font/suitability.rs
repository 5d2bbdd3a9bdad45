//! Whether a face can set Latin text, and what its letters look like.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;

use skrifa::instance::{NormalizedCoord, Size};
use skrifa::outline::OutlinePen;
use skrifa::raw::{FontRef, TableProvider};
use skrifa::{GlyphId, MetadataProvider, Tag};

use super::face::{Font, has_outlines};
use super::outlines::{MOST_OPERATIONS, Outlines, Undrawn};

/// Why a face, or a file, is left out of a library.
///
/// ```
/// use letra_type::{FontLibrary, Reason};
///
/// let mut library = FontLibrary::new();
/// library.add_built_in();
/// // A second time there is nothing new.
/// library.add_built_in();
/// let same = |reason: &Reason| matches!(reason, Reason::SameAs { file: None, .. });
/// assert!(library.left_out().iter().any(|left_out| same(&left_out.reason)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its characters are symbols that stand where letters belong.
    Symbols,
    /// It has no outlines for letters, only coloured pictures (emoji).
    Colour,
    /// It has only pictures of its glyphs at fixed sizes.
    Bitmaps,
    /// It lacks so many of the 52 letters A–Z and a–z.
    NotLatin {
        /// Letters without a glyph, 1 to 52.
        missing: usize,
    },
    /// It has the letters but draws next to nothing for them, or the same for all.
    NoShapes,
    /// It draws the letters and digits exactly as a face found before it.
    SameAs {
        /// The name of that face.
        face: String,
        /// Its file; `None` if it is built in.
        file: Option<PathBuf>,
    },
    /// It cannot be read, or is damaged.
    Broken(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbols => out.write_str("a symbol font"),
            Self::Colour => out.write_str("a colour font (emoji) without letters"),
            Self::Bitmaps => out.write_str("bitmaps only, no outlines"),
            Self::NotLatin { missing } => {
                write!(out, "not for Latin text: lacks {missing} of the 52 letters")
            }
            Self::NoShapes => out.write_str("draws nothing, or the same, for its letters"),
            Self::SameAs { face, file: None } => write!(out, "draws the same as {face}"),
            Self::SameAs {
                face,
                file: Some(file),
            } => write!(out, "draws the same as {face} ({})", file.display()),
            Self::Broken(problem) => out.write_str(problem),
        }
    }
}

/// The letters that a face must have.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What else counts when two faces are compared.
const FURTHER: &str = "0123456789.,;:!?&-";

/// The fewest different shapes that 52 letters have; a face of capitals only has 26.
const LEAST_SHAPES: usize = 20;

/// What is compared to find identical faces: a hash of the outlines, in font units, of letters,
/// digits and common marks, with their advances.
pub(crate) type Fingerprint = u64;

/// The most operations that it may take to draw the letters of all faces of a file; 120 times
/// those of an ornamental face.
const MOST_OPERATIONS_OF_A_FILE: u64 = 80 * MOST_OPERATIONS;

/// The tables that decide what letters look like and whether a face has them.
const DECISIVE: [&[u8; 4]; 18] = [
    b"head", b"maxp", b"hhea", b"hmtx", b"OS/2", b"cmap", b"loca", b"glyf", b"CFF ", b"CFF2",
    b"fvar", b"avar", b"gvar", b"HVAR", b"CBDT", b"sbix", b"COLR", b"SVG ",
];

/// What a face is looked at for: places of the decisive tables, and its place in the design space.
type Looks = ([Option<usize>; DECISIVE.len()], Vec<NormalizedCoord>);

/// Looks at the faces of one file, at those that share their tables once, and at no more of them
/// than a file may ask for.
#[derive(Default)]
pub(crate) struct Examination {
    operations: u64,
    known: HashMap<Looks, Result<Fingerprint, Reason>>,
}

impl Examination {
    /// The fingerprint of a face that can set Latin text, or why it cannot.
    pub(crate) fn of(&mut self, font: &Font) -> Result<Fingerprint, Reason> {
        let face = font
            .face()
            .ok_or_else(|| Reason::Broken("it cannot be read".into()))?;
        let place = |tag| Some(face.table_data(Tag::new(tag))?.as_bytes().as_ptr().addr());
        let looks = (DECISIVE.map(place), font.location().coords().to_vec());
        if let Some(known) = self.known.get(&looks) {
            return known.clone();
        }
        let found = fingerprint(font, &face, &mut self.operations);
        self.known.insert(looks, found.clone());
        found
    }
}

/// The fingerprint of a face that can set Latin text, or why it cannot; adds up the operations
/// that it takes to draw its letters.
fn fingerprint(
    font: &Font,
    face: &FontRef<'_>,
    operations: &mut u64,
) -> Result<Fingerprint, Reason> {
    let cmap = face.charmap();
    if cmap.is_symbol() || is_pictorial(face) {
        return Err(Reason::Symbols);
    }
    let glyph = |letter| cmap.map(letter).filter(|glyph| glyph.to_u32() != 0);
    let missing = LETTERS
        .chars()
        .filter(|&letter| glyph(letter).is_none())
        .count();
    if missing > 0 {
        return Err(match has_colour(face) {
            true => Reason::Colour,
            false => Reason::NotLatin { missing },
        });
    }
    let outlines = Outlines::of(font);
    let outlines = outlines.ok_or_else(|| Reason::Broken("its outlines are damaged".into()))?;
    let metrics = face.glyph_metrics(Size::unscaled(), font.location());
    let mut whole = DefaultHasher::new();
    let mut shapes = HashSet::new();
    for letter in LETTERS.chars().chain(FURTHER.chars()) {
        let Some(glyph) = glyph(letter) else { continue };
        let mut shape = ShapeHash::default();
        draw(&outlines, letter, glyph, operations, &mut shape)?;
        if letter.is_alphabetic() && shape.points > 2 {
            shapes.insert(shape.hash.finish());
        }
        whole.write_u64(shape.hash.finish());
        whole.write_i32(metrics.advance_width(glyph).unwrap_or(0.0).round() as i32);
    }
    if shapes.len() < LEAST_SHAPES {
        return Err(Reason::NoShapes);
    }
    let units = face.head().map_or(0, |head| head.units_per_em());
    whole.write_u16(units);
    Ok(whole.finish())
}

/// Draws a letter and adds up the operations that it takes, or may have taken.
fn draw(
    outlines: &Outlines<'_>,
    letter: char,
    glyph: GlyphId,
    operations: &mut u64,
    shape: &mut ShapeHash,
) -> Result<(), Reason> {
    if *operations > MOST_OPERATIONS_OF_A_FILE {
        return Err(Reason::Broken(format!(
            "the faces of its file take more than {MOST_OPERATIONS_OF_A_FILE} operations to draw"
        )));
    }
    let drawn = outlines.draw(glyph, Size::unscaled(), shape);
    *operations += drawn.unwrap_or(MOST_OPERATIONS);
    drawn.map(drop).map_err(|undrawn| {
        Reason::Broken(match undrawn {
            Undrawn::Missing | Undrawn::Damaged => format!("its outline of {letter:?} is damaged"),
            Undrawn::TooMuchWork => format!(
                "its outline of {letter:?} takes more than {MOST_OPERATIONS} operations to draw"
            ),
        })
    })
}

/// Why a face without outlines has none.
pub(crate) fn without_outlines(bytes: &[u8], index: u32) -> Option<Reason> {
    let face = FontRef::from_index(bytes, index).ok()?;
    if has_outlines(&face) {
        return None;
    }
    let has = |tag: &[u8; 4]| face.table_data(Tag::new(tag)).is_some();
    if has_colour(&face) {
        Some(Reason::Colour)
    } else if has(b"EBDT") || has(b"bdat") {
        Some(Reason::Bitmaps)
    } else {
        None
    }
}

fn has_colour(face: &FontRef<'_>) -> bool {
    [b"CBDT", b"sbix", b"COLR", b"SVG "]
        .into_iter()
        .any(|tag| face.table_data(Tag::new(tag)).is_some())
}

/// PANOSE family kind 5, Latin Symbol (OpenType 1.9, OS/2).
fn is_pictorial(face: &FontRef<'_>) -> bool {
    face.os2()
        .is_ok_and(|table| table.panose_10().first() == Some(&5))
}

/// Hashes an outline, its coordinates rounded to whole font units.
#[derive(Default)]
struct ShapeHash {
    hash: DefaultHasher,
    points: usize,
}

impl ShapeHash {
    fn add<const N: usize>(&mut self, kind: u8, coordinates: [f32; N]) {
        self.points += N / 2;
        self.hash.write_u8(kind);
        for coordinate in coordinates {
            self.hash.write_i32(coordinate.round() as i32);
        }
    }
}

impl OutlinePen for ShapeHash {
    fn move_to(&mut self, x: f32, y: f32) {
        self.add(0, [x, y]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.add(1, [x, y]);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.add(2, [cx0, cy0, x, y]);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.add(3, [cx0, cy0, cx1, cy1, x, y]);
    }

    fn close(&mut self) {
        self.add(4, []);
    }
}
