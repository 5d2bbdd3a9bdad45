//! Typefaces: read from files, or built in.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skrifa::instance::{LocationRef, NormalizedCoord, Size};
use skrifa::outline::{OutlineGlyphCollection, OutlineGlyphFormat};
use skrifa::raw::TableProvider;
use skrifa::{FontRef, GlyphId, MetadataProvider, Tag};

use super::facts::Facts;
use super::style::{Design, Slant};
use super::web_font;
use crate::error::{Error, Result};
use crate::file::read_whole;

/// The most faces read of one collection.
const MOST_FACES: u32 = 256;

/// The most named instances read of one variable face.
const MOST_INSTANCES: usize = 512;

/// The most faces and named instances of one file together.
const MOST_OF_A_FILE: usize = 1024;

/// The most bytes of the table that maps the axes (avar) read for all instances of one face.
const MOST_MAPPED: usize = 64 << 20;

/// The most axes that a face may vary along; the registered ones are five.
const MOST_AXES: usize = 64;

/// The most tables of characters that a face may choose from.
const MOST_CHARACTER_TABLES: usize = 256;

/// One face of a typeface: outlines, names, metrics, and the characters it draws.
///
/// A named instance of a variable font is a face of its own. Clones share the file's bytes. Fonts
/// are equal that have the same bytes and stand for the same face of them.
///
/// ```
/// use letra_type::Font;
///
/// let fonts = Font::built_in();
/// let hack = fonts.iter().find(|font| font.family() == "Hack").unwrap();
/// assert_eq!((hack.style(), hack.weight()), ("Regular", 400.0));
/// assert!(hack.covers('ß'));
/// // All of its letters are of one width.
/// assert_eq!(hack.advance('i', 20.0), hack.advance('M', 20.0));
/// ```
#[derive(Clone)]
pub struct Font {
    bytes: Arc<Cow<'static, [u8]>>,
    index: u32,
    location: Arc<[NormalizedCoord]>,
    design: Design,
    path: Option<PathBuf>,
}

impl PartialEq for Font {
    fn eq(&self, other: &Self) -> bool {
        let face = (self.index, &self.location, &self.design);
        face == (other.index, &other.location, &other.design) && self.bytes == other.bytes
    }
}

impl fmt::Debug for Font {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Font");
        out.field("design", &self.design).field("path", &self.path);
        out.finish_non_exhaustive()
    }
}

/// Family and style of the built-in faces, as the fonts spell them.
const BUILT_IN: [(&str, &str); 5] = [
    ("Libertinus Serif", "Regular"),
    COMPUTER_MODERN,
    ("DejaVu Sans Mono", "Book"),
    ("Hack", "Regular"),
    ("Ubuntu", "Light"),
];

/// New Computer Modern as the font spells it: the regular style, drawn for 10 points.
const COMPUTER_MODERN: (&str, &str) = ("NewComputerModern", "10 Regular");

/// Vertical metrics of a font at a size, in pixels.
///
/// ```
/// use letra_type::Font;
///
/// let metrics = Font::built_in()[0].line_metrics(20.0);
/// assert!(metrics.ascent > metrics.descent && metrics.descent > 0.0);
/// assert!(metrics.height >= metrics.ascent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineMetrics {
    /// How far the type reaches above the baseline, positive.
    pub ascent: f32,
    /// How far the type reaches below the baseline, positive.
    pub descent: f32,
    /// From one baseline to the next.
    pub height: f32,
}

impl Font {
    /// Reads a font file (TrueType or OpenType; of a collection the first face, of a variable
    /// font its default).
    ///
    /// # Errors
    /// The file is missing, empty, larger than 256 MiB, or not a font as [`Font::from_bytes`]
    /// wants it.
    pub fn from_file(path: &Path) -> Result<Self> {
        let font = Self::from_bytes(&path.display().to_string(), read_whole(path)?, 0)?;
        Ok(font.at(path))
    }

    /// A font from the bytes of a file, which errors call by the name given; `index` picks the
    /// face of a collection and is 0 for a single font. Web fonts (WOFF, WOFF2) are read if the
    /// crate was built with its feature `woff2`.
    ///
    /// # Errors
    /// The bytes are not a font, there is no face of that index, or the face has no outlines or
    /// no table of characters.
    pub fn from_bytes(
        file: &str,
        bytes: impl Into<Cow<'static, [u8]>>,
        index: u32,
    ) -> Result<Self> {
        let bytes = Arc::new(unpacked(file, bytes.into())?);
        Self::parsed(file, bytes, index, None)
    }

    /// Every face of a file, in order: those of a collection, and each named instance of a
    /// variable font (its default where it names none). A face that cannot be read is an error
    /// of its own.
    ///
    /// At most 256 faces of a collection, 512 instances of a face and 1,024 of both together are
    /// looked at.
    ///
    /// # Errors
    /// The bytes are not a font file at all.
    pub fn faces(file: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Vec<Result<Self>>> {
        let bytes = Arc::new(unpacked(file, bytes.into())?);
        let count = match skrifa::raw::FileRef::new(&bytes) {
            Ok(skrifa::raw::FileRef::Collection(collection)) => collection.len().min(MOST_FACES),
            Ok(skrifa::raw::FileRef::Font(_)) => 1,
            Err(error) => return Err(broken(file, error)),
        };
        let mut faces = Vec::new();
        for index in 0..count {
            let left = MOST_OF_A_FILE - faces.len();
            if left == 0 {
                break;
            }
            let instances = FontRef::from_index(&bytes, index).map_or(0, |face| instances(&face));
            let instances = instances.min(left);
            if instances == 0 {
                faces.push(Self::parsed(file, Arc::clone(&bytes), index, None));
            }
            for instance in 0..instances {
                faces.push(Self::parsed(
                    file,
                    Arc::clone(&bytes),
                    index,
                    Some(instance),
                ));
            }
        }
        Ok(faces)
    }

    /// A face of a font file's bytes, at a named instance or at its default.
    fn parsed(
        file: &str,
        bytes: Arc<Cow<'static, [u8]>>,
        index: u32,
        instance: Option<usize>,
    ) -> Result<Self> {
        let face = FontRef::from_index(&bytes, index).map_err(|error| broken(file, error))?;
        if !has_outlines(&face) {
            return Err(broken(file, "it has no outlines"));
        }
        let axes = face.fvar().map_or(0, |table| table.axis_count().into());
        if axes > MOST_AXES {
            let problem = format!("it varies along {axes} axes, more than {MOST_AXES}");
            return Err(broken(file, problem));
        }
        let tables = face.cmap().map_or(0, |table| table.num_tables().into());
        if tables > MOST_CHARACTER_TABLES {
            let problem =
                format!("it has {tables} tables of characters, more than {MOST_CHARACTER_TABLES}");
            return Err(broken(file, problem));
        }
        if !face.charmap().has_map() {
            return Err(broken(file, "it has no table of characters (cmap)"));
        }
        let location = instance
            .and_then(|instance| face.named_instances().get(instance))
            .map_or_else(|| [].into(), |found| found.location().coords().into());
        let design = Design::read(&face, instance, file);
        Ok(Self {
            bytes,
            index,
            location,
            design,
            path: None,
        })
    }

    /// The font, known to come from a file.
    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The built-in typefaces: Libertinus Serif, New Computer Modern, DejaVu Sans Mono and Hack,
    /// the regular style of each, and Ubuntu Light, in that order.
    ///
    /// Two of them are near twins: Hack descends from DejaVu Sans Mono's parent, and 19 of the 62
    /// glyphs of a glyph set are the same in both, pixel for pixel, so nothing can tell those apart.
    pub fn built_in() -> Vec<Self> {
        let fonts = Self::all_built_in();
        let named = |wanted: &(&str, &str)| {
            let is_it = |font: &&Self| (font.family(), font.style()) == *wanted;
            let mut font = fonts.iter().find(is_it)?.clone();
            if *wanted == COMPUTER_MODERN {
                font.design.family = "New Computer Modern".into();
                font.design.style = "Regular".into();
            }
            Some(font)
        };
        BUILT_IN.iter().filter_map(named).collect()
    }

    /// Every face that comes with the build, bold and italic styles and mathematics included.
    pub(crate) fn all_built_in() -> Vec<Self> {
        typst_assets::fonts()
            .chain([
                epaint_default_fonts::HACK_REGULAR,
                epaint_default_fonts::UBUNTU_LIGHT,
            ])
            .filter_map(|bytes| Self::from_bytes("a built-in font", bytes, 0).ok())
            .collect()
    }

    /// The family's name, such as `Libertinus Serif`; the file's name if the font has none.
    pub fn family(&self) -> &str {
        &self.design.family
    }

    /// The style's name, such as `Regular` or `Bold Italic`.
    pub fn style(&self) -> &str {
        &self.design.style
    }

    /// Who made it, under which licence it comes, and where it is from; nothing where it does not say.
    pub fn facts(&self) -> Facts {
        self.face().as_ref().map(Facts::read).unwrap_or_default()
    }

    /// How heavy the strokes are: 1 to 1000, 400 regular, 700 bold.
    pub fn weight(&self) -> f32 {
        self.design.weight
    }

    /// How wide the letters are, in percent of the family's normal: 50 to 200.
    pub fn width(&self) -> f32 {
        self.design.width
    }

    /// How the letters lean.
    pub fn slant(&self) -> Slant {
        self.design.slant
    }

    /// The file it was read from; `None` for a built-in font and for bytes.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Family and style as one name; a regular style (`Regular` or `Book`) goes without saying.
    pub fn name(&self) -> String {
        match self.style() {
            "Regular" | "Book" => self.family().to_string(),
            style => format!("{} {style}", self.family()),
        }
    }

    /// Whether the font has a glyph for the character.
    pub fn covers(&self, character: char) -> bool {
        self.glyph(character).is_some()
    }

    /// How many characters the font has glyphs for.
    pub fn character_count(&self) -> usize {
        self.face()
            .map_or(0, |face| face.charmap().mappings().count())
    }

    /// Ascent, descent and line height at a size in pixels per em.
    pub fn line_metrics(&self, size: f32) -> LineMetrics {
        let metrics = self
            .face()
            .map(|face| face.metrics(Size::new(size), self.location()));
        let (ascent, descent, leading) =
            metrics.map_or((size, 0.0, 0.0), |of| (of.ascent, -of.descent, of.leading));
        LineMetrics {
            ascent,
            descent,
            height: ascent + descent + leading,
        }
    }

    /// How far a character moves the pen to the right, in pixels, at a size in pixels per em;
    /// 0 for a character the font lacks.
    pub fn advance(&self, character: char, size: f32) -> f32 {
        self.face()
            .zip(self.glyph(character))
            .and_then(|(face, glyph)| {
                face.glyph_metrics(Size::new(size), self.location())
                    .advance_width(glyph)
            })
            .unwrap_or(0.0)
    }

    /// The parsed face; `from_bytes` saw to it that there is one.
    pub(crate) fn face(&self) -> Option<FontRef<'_>> {
        FontRef::from_index(&self.bytes, self.index).ok()
    }

    /// Where in a variable font's design space the face stands.
    pub(crate) fn location(&self) -> LocationRef<'_> {
        LocationRef::new(&self.location)
    }

    /// The face as the shaper wants it; `None` for tables that it cannot use.
    pub(crate) fn shaper_font(&self) -> Option<harfrust::Font> {
        let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = self.bytes.clone();
        let font = harfrust::Font::new(harfrust::font::Blob::Shared(bytes), self.index)?;
        let coordinates = self.location.iter().copied();
        Some(
            font.instance_builder()
                .normalized_coords(coordinates)
                .build(),
        )
    }

    /// The glyph of a character.
    pub(crate) fn glyph(&self, character: char) -> Option<GlyphId> {
        self.face()?.charmap().map(character)
    }
}

/// How many named instances of a face are looked at.
fn instances(face: &FontRef<'_>) -> usize {
    let mapped = face.table_data(Tag::new(b"avar"));
    let mapped = mapped.map_or(1, |table| table.len().max(1));
    let most = MOST_INSTANCES.min(MOST_MAPPED / mapped);
    face.named_instances().len().min(most)
}

fn broken(file: &str, problem: impl ToString) -> Error {
    Error::Font {
        file: file.into(),
        problem: problem.to_string(),
    }
}

/// A font file's bytes, those of a web font decompressed.
fn unpacked(file: &str, bytes: Cow<'static, [u8]>) -> Result<Cow<'static, [u8]>> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    match web_font::unpack(&bytes) {
        None => Ok(bytes),
        Some(Ok(font)) => Ok(font.into()),
        Some(Err(problem)) => Err(broken(file, problem)),
    }
}

/// Formats in the order in which a face's outlines are looked for. That of glyphs made of other
/// glyphs' variations (VARC) is left out: no face of Latin letters needs it.
const FORMATS: [OutlineGlyphFormat; 3] = [
    OutlineGlyphFormat::Glyf,
    OutlineGlyphFormat::Cff2,
    OutlineGlyphFormat::Cff,
];

/// A face's outlines, of whatever format.
pub(super) fn collection<'a>(face: &FontRef<'a>) -> Option<OutlineGlyphCollection<'a>> {
    FORMATS
        .into_iter()
        .find_map(|format| OutlineGlyphCollection::with_format(face, format))
}

/// Whether a face has outlines at all.
pub(super) fn has_outlines(face: &FontRef<'_>) -> bool {
    collection(face).is_some()
}
