//! The faces that a recogniser knows.

use letra_type::Font;
use serde::{Deserialize, Serialize};

use crate::names;

/// One face of a family, by the names and the design of its font's own tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFace {
    /// Family, such as "EB Garamond".
    pub family: String,
    /// Style within the family, such as "Bold Italic".
    pub style: String,
    /// Weight, 1 to 1000; 400 is regular.
    pub weight: f32,
    /// Width in per cent of the regular.
    pub width: f32,
    /// Upright, italic or oblique.
    pub slant: String,
}

impl KnownFace {
    /// The face of a font.
    pub fn of(font: &Font) -> Self {
        Self {
            family: font.family().into(),
            style: font.style().into(),
            weight: font.weight(),
            width: font.width(),
            slant: font.slant().to_string(),
        }
    }

    /// Says what is wrong with a face from a file.
    pub(super) fn check(&self) -> Result<(), String> {
        for name in [&self.family, &self.style, &self.slant] {
            names::check(name).map_err(|problem| format!("the name of a face {problem}"))?;
        }
        let credible =
            (1.0..=1000.0).contains(&self.weight) && (1.0..=1000.0).contains(&self.width);
        match credible {
            true => Ok(()),
            false => Err(format!(
                "the weight {} or the width {} of a face is not from 1 to 1000",
                self.weight, self.width
            )),
        }
    }

    /// Whether it has the names of another face.
    pub fn is_named(&self, other: &Self) -> bool {
        self.family == other.family && self.style == other.style
    }

    /// Family and style.
    pub fn name(&self) -> String {
        format!("{} {}", self.family, self.style)
    }
}
