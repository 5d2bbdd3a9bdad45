//! What a font says of who made it and how it may be used.

use skrifa::FontRef;
use skrifa::string::StringId;

use super::style::text;

/// Who made a font, under which licence it comes, and where it is from, by its own tables.
///
/// ```
/// use letra_type::Font;
///
/// for font in Font::built_in() {
///     println!("{}: {:?}", font.name(), font.facts().licence);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The designer (name ID 9), else the manufacturer (8); at most 200 characters.
    pub designer: Option<String>,
    /// The licence by its SPDX identifier where it is a well-known one, such as "OFL-1.1"; else the
    /// beginning of its description (13), or its address (14).
    pub licence: Option<String>,
    /// The vendor's address on the web (11), else the designer's (12).
    pub web: Option<String>,
}

/// Words of well-known licences' descriptions and addresses, in small letters, and their SPDX
/// identifiers.
const LICENCES: [(&str, &str); 12] = [
    ("open font license", "OFL-1.1"),
    ("openfontlicense", "OFL-1.1"),
    ("sil.org/ofl", "OFL-1.1"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("apache license", "Apache-2.0"),
    ("ubuntu font licence", "Ubuntu-font-1.0"),
    ("bitstream vera", "Bitstream-Vera"),
    ("gust font license", "GUST font licence"),
    ("paratype", "ParaType free font licence"),
    ("mit license", "MIT"),
    ("gnu general public license", "GPL"),
    ("creative commons zero", "CC0-1.0"),
];

/// The most characters of a licence that is not well known.
const MOST_OF_A_LICENCE: usize = 80;

impl Facts {
    pub(super) fn read(face: &FontRef<'_>) -> Self {
        let name = |id| text(face, id);
        let description = name(StringId::LICENSE_DESCRIPTION);
        let address = name(StringId::LICENSE_URL);
        let all = [&description, &address];
        let all: Vec<String> = all
            .into_iter()
            .flatten()
            .map(|one| one.to_lowercase())
            .collect();
        let known = LICENCES
            .iter()
            .find(|(words, _)| all.iter().any(|one| one.contains(words)))
            .map(|(_, identifier)| identifier.to_string());
        let beginning = |text: String| text.chars().take(MOST_OF_A_LICENCE).collect();
        Self {
            designer: name(StringId::DESIGNER).or_else(|| name(StringId::MANUFACTURER)),
            licence: known.or_else(|| description.or(address).map(beginning)),
            web: name(StringId::VENDOR_URL).or_else(|| name(StringId::DESIGNER_URL)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Font;

    #[test]
    fn well_known_licences_are_named_by_their_identifiers() {
        let fonts = Font::built_in();
        let licences = fonts.iter().filter_map(|font| font.facts().licence);
        let licences: Vec<String> = licences.collect();
        assert!(!licences.is_empty());
        for licence in licences {
            let is_known = super::LICENCES.iter().any(|(_, known)| *known == licence);
            assert!(is_known, "{licence}");
        }
    }
}
