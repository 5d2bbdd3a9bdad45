//! Typefaces: read from files, or built in.

use std::borrow::Cow;
use std::path::Path;

use skrifa::instance::{LocationRef, Size};
use skrifa::string::StringId;
use skrifa::{FontRef, GlyphId, MetadataProvider};

use crate::error::{Error, Result};
use crate::file::read_whole;

/// One face of a typeface: outlines, names, metrics, and the characters it draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Font {
    bytes: Cow<'static, [u8]>,
    index: u32,
    family: String,
    style: String,
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
    /// Reads a font file (TrueType or OpenType; of a collection the first face).
    ///
    /// # Errors
    /// The file is missing, empty, larger than 256 MiB, or not a font as [`Font::from_bytes`]
    /// wants it.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_bytes(&path.display().to_string(), read_whole(path)?, 0)
    }

    /// A font from the bytes of a file, which errors call by the name given; `index` picks the
    /// face of a collection and is 0 for a single font.
    ///
    /// # Errors
    /// The bytes are not a font, there is no face of that index, or the face has no outlines or
    /// no table of characters.
    pub fn from_bytes(
        file: &str,
        bytes: impl Into<Cow<'static, [u8]>>,
        index: u32,
    ) -> Result<Self> {
        let bytes = bytes.into();
        let fail = |problem: String| Error::Font {
            file: file.into(),
            problem,
        };
        if bytes.is_empty() {
            return Err(Error::EmptyFile { file: file.into() });
        }
        let face = FontRef::from_index(&bytes, index).map_err(|error| fail(error.to_string()))?;
        if face.outline_glyphs().format().is_none() {
            return Err(fail("it has no outlines".into()));
        }
        if !face.charmap().has_map() {
            return Err(fail("it has no table of characters (cmap)".into()));
        }
        let name = |ids: [StringId; 2]| {
            ids.into_iter()
                .filter_map(|id| face.localized_strings(id).english_or_first())
                .map(|name| name.to_string())
                .find(|name| !name.trim().is_empty())
        };
        let stem = || {
            Path::new(file)
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        };
        let family = name([StringId::TYPOGRAPHIC_FAMILY_NAME, StringId::FAMILY_NAME])
            .or_else(stem)
            .unwrap_or_else(|| file.into());
        let style = name([
            StringId::TYPOGRAPHIC_SUBFAMILY_NAME,
            StringId::SUBFAMILY_NAME,
        ])
        .unwrap_or_else(|| "Regular".into());
        Ok(Self {
            bytes,
            index,
            family,
            style,
        })
    }

    /// The built-in typefaces: Libertinus Serif, New Computer Modern, DejaVu Sans Mono and Hack,
    /// the regular style of each, and Ubuntu Light, in that order.
    ///
    /// Two of them are near twins: Hack descends from DejaVu Sans Mono's parent, and 19 of the 62
    /// glyphs of a glyph set are the same in both, pixel for pixel, so nothing can tell those apart.
    pub fn built_in() -> Vec<Self> {
        let faces: Vec<&'static [u8]> = typst_assets::fonts()
            .chain([
                epaint_default_fonts::HACK_REGULAR,
                epaint_default_fonts::UBUNTU_LIGHT,
            ])
            .collect();
        let fonts: Vec<Self> = faces
            .into_iter()
            .filter_map(|bytes| Self::from_bytes("a built-in font", bytes, 0).ok())
            .collect();
        let named = |wanted: &(&str, &str)| {
            let is_it = |font: &&Self| (font.family(), font.style()) == *wanted;
            let mut font = fonts.iter().find(is_it)?.clone();
            if *wanted == COMPUTER_MODERN {
                font.family = "New Computer Modern".into();
                font.style = "Regular".into();
            }
            Some(font)
        };
        BUILT_IN.iter().filter_map(named).collect()
    }

    /// The family's name, such as `Libertinus Serif`; the file's name if the font has none.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The style's name, such as `Regular` or `Bold Italic`.
    pub fn style(&self) -> &str {
        &self.style
    }

    /// Family and style as one name; a regular style (`Regular` or `Book`) goes without saying.
    pub fn name(&self) -> String {
        match &*self.style {
            "Regular" | "Book" => self.family.clone(),
            style => format!("{} {style}", self.family),
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
            .map(|face| face.metrics(Size::new(size), LocationRef::default()));
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
                face.glyph_metrics(Size::new(size), LocationRef::default())
                    .advance_width(glyph)
            })
            .unwrap_or(0.0)
    }

    /// The parsed face; `from_bytes` saw to it that there is one.
    pub(crate) fn face(&self) -> Option<FontRef<'_>> {
        FontRef::from_index(&self.bytes, self.index).ok()
    }

    /// The glyph of a character.
    pub(crate) fn glyph(&self, character: char) -> Option<GlyphId> {
        self.face()?.charmap().map(character)
    }
}
