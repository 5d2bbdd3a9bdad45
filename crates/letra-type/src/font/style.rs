//! What a face says of itself: names, weight, width and slant.

use std::fmt;
use std::path::Path;

use skrifa::attribute::Style;
use skrifa::raw::TableProvider;
use skrifa::raw::tables::stat::AxisValue;
use skrifa::string::StringId;
use skrifa::{FontRef, MetadataProvider, Tag};

/// How letters lean.
///
/// ```
/// use letra_type::{Font, Slant};
///
/// let upright = |font: &Font| font.slant() == Slant::Upright;
/// assert!(Font::built_in().iter().all(upright));
/// assert_eq!(Slant::Oblique(Some(12.0)).to_string(), "oblique");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slant {
    /// They stand.
    Upright,
    /// They lean and have forms of their own.
    Italic,
    /// They are upright forms that lean, by so many degrees to the right where the font says so.
    Oblique(Option<f32>),
}

impl fmt::Display for Slant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Upright => "upright",
            Self::Italic => "italic",
            Self::Oblique(_) => "oblique",
        })
    }
}

/// What a face says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Design {
    pub(crate) family: String,
    pub(crate) style: String,
    /// 1 to 1000.
    pub(crate) weight: f32,
    /// Percent of the normal width.
    pub(crate) width: f32,
    pub(crate) slant: Slant,
}

impl Design {
    /// Reads what a face says of itself, at a named instance or at its default.
    ///
    /// Names are the typographic ones (name IDs 16 and 17), which group a family's styles, before
    /// the older ones (1 and 2). Weight, width and slant are the named instance's coordinates
    /// (fvar), else those of OS/2 and post, else what the table of styles (STAT) gives, else those
    /// of head. A face without a name is called after its file.
    pub(crate) fn read(face: &FontRef<'_>, instance: Option<usize>, file: &str) -> Self {
        let name = |ids: &[StringId]| ids.iter().find_map(|&id| text(face, id));
        let stem = || Path::new(file).file_stem()?.to_str();
        let family = name(&[StringId::TYPOGRAPHIC_FAMILY_NAME, StringId::FAMILY_NAME])
            .or_else(|| printable(stem().unwrap_or(file).chars()))
            .unwrap_or_else(|| "Nameless".into());
        let style = name(&[
            StringId::TYPOGRAPHIC_SUBFAMILY_NAME,
            StringId::SUBFAMILY_NAME,
        ]);
        let attributes = face.attributes();
        let mut design = Self {
            family,
            style: style.unwrap_or_else(|| "Regular".into()),
            weight: attributes.weight.value(),
            width: attributes.stretch.percentage(),
            slant: match attributes.style {
                Style::Normal => Slant::Upright,
                Style::Italic => Slant::Italic,
                // A negative angle of post leans to the right.
                Style::Oblique(angle) => Slant::Oblique(angle.map(|angle| -angle)),
            },
        };
        if face.os2().is_err() {
            design.take_styles(face);
        }
        design.slant = leaning(design.slant, &design.style, angle(face));
        // Some old fonts count the weight from 1 to 9.
        if (1.0..10.0).contains(&design.weight) {
            design.weight *= 100.0;
        }
        if let Some(instance) = instance.and_then(|index| face.named_instances().get(index)) {
            if let Some(style) = text(face, instance.subfamily_name_id()) {
                design.style = style;
            }
            for (axis, value) in face.axes().iter().zip(instance.user_coords()) {
                design.take(axis.tag(), value);
            }
        }
        design.weight = design.weight.clamp(1.0, 1000.0);
        design.width = design.width.clamp(50.0, 200.0);
        design
    }

    /// Takes a coordinate of one of the registered design axes (OpenType 1.9, Design-Variation
    /// Axis Tag Registry).
    fn take(&mut self, axis: Tag, value: f32) {
        match &axis.to_be_bytes() {
            b"wght" => self.weight = value,
            b"wdth" => self.width = value,
            b"ital" if value >= 0.5 => self.slant = Slant::Italic,
            b"slnt" if value != 0.0 && self.slant != Slant::Italic => {
                self.slant = Slant::Oblique(Some(-value));
            }
            _ => {}
        }
    }

    /// Takes the value of each axis of which the table of styles lists one only; where it lists
    /// several it speaks of the family, not of this face.
    fn take_styles(&mut self, face: &FontRef<'_>) {
        let Ok(table) = face.stat() else { return };
        let (Ok(axes), Some(Ok(values))) = (table.design_axes(), table.offset_to_axis_values())
        else {
            return;
        };
        let values: Vec<(u16, f32)> = values
            .axis_values()
            .iter()
            .take(MOST_STYLES)
            .filter_map(|value| match value.ok()? {
                AxisValue::Format1(value) => Some((value.axis_index(), value.value())),
                AxisValue::Format3(value) => Some((value.axis_index(), value.value())),
                _ => None,
            })
            .map(|(axis, value)| (axis, value.to_f64() as f32))
            .collect();
        for (index, axis) in (0_u16..).zip(axes.iter().take(MOST_STYLES)) {
            let mut of_axis = values.iter().filter(|&&(axis, _)| axis == index);
            if let (Some(&(_, value)), None) = (of_axis.next(), of_axis.next()) {
                self.take(axis.axis_tag(), value);
            }
        }
    }
}

/// The angle of post in degrees, positive to the right.
fn angle(face: &FontRef<'_>) -> f32 {
    // A negative angle of post leans to the right.
    face.post()
        .map_or(0.0, |post| -post.italic_angle().to_f64() as f32)
}

/// How a face leans that says one thing in its flags, perhaps another in its name and its angle:
/// many obliques are flagged as italics, and some italics not at all.
fn leaning(flagged: Slant, style: &str, angle: f32) -> Slant {
    let oblique = Slant::Oblique((angle != 0.0).then_some(angle));
    match flagged {
        Slant::Italic if style.contains("Oblique") => oblique,
        Slant::Upright if style.contains("Italic") => Slant::Italic,
        Slant::Upright if style.contains("Oblique") || angle.abs() >= 2.0 => oblique,
        flagged => flagged,
    }
}

/// The most axes and values read of a table of styles.
const MOST_STYLES: usize = 256;

/// A string of the name table, in English if it has that; `None` if it is blank.
pub(super) fn text(face: &FontRef<'_>, id: StringId) -> Option<String> {
    printable(face.localized_strings(id).english_or_first()?.chars())
}

/// The most characters of a name.
const MOST_CHARACTERS: usize = 200;

/// A name without what would spoil a terminal or a report; `None` if it is blank.
fn printable(name: impl Iterator<Item = char>) -> Option<String> {
    let name = name.filter(|&letter| !is_unprintable(letter));
    let name: String = name.take(MOST_CHARACTERS).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_string())
}

/// Whether a character is no sign but a command: a control character, or one that turns the
/// direction of the text around it (Unicode Standard Annex 9, section 2).
pub fn is_unprintable(letter: char) -> bool {
    let turns = |letter| {
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}')
            || ('\u{2028}'..='\u{202e}').contains(&letter)
            || ('\u{2066}'..='\u{2069}').contains(&letter)
    };
    letter.is_control() || turns(letter)
}
