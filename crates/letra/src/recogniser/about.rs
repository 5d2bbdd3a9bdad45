//! What is told of a family beside its name: who made it, what it stands in for, and which others can
//! hardly be told from it.

use letra_type::Font;
use serde::{Deserialize, Serialize};

use super::relatives::{drawn_to_the_widths_of, of_the_same_widths};
use super::unit::cosine;
use super::{Recogniser, Typeface};
use crate::names;

/// From which likeness on the most alike faces of two families count as redrawings of one design.
/// Among the families of the model that comes with letra, those that are lie between 0.74 and 0.98,
/// all others at 0.70 and below.
pub(super) const ALIKE: f32 = 0.72;

/// How probable a twin is at least, beside the first family, to be named with it.
const HARDLY_TOLD: f32 = 0.05;

/// The most twins that are named.
const MOST_TWINS: usize = 2;

/// What a family's fonts say of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FamilyFacts {
    /// Who designed it, or made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub designer: Option<String>,
    /// Its licence, by the SPDX identifier where it is a well-known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Where it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
}

impl FamilyFacts {
    /// What a font of the family says.
    pub fn of(font: &Font) -> Self {
        let letra_type::Facts {
            designer,
            licence,
            web,
        } = font.facts();
        Self {
            designer,
            licence,
            web,
        }
    }

    /// Says what is wrong with facts from a file.
    pub(super) fn check(&self) -> Result<(), String> {
        let all = [&self.designer, &self.licence, &self.web];
        let checked = all
            .into_iter()
            .flatten()
            .try_for_each(|one| names::check(one));
        checked.map_err(|problem| format!("a fact of a family {problem}"))
    }
}

/// What is told of a family that is named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// Families that can hardly be told from it by this text: their letters are alike, and they are about as
    /// probable.
    pub twins: Vec<String>,
    /// The family to whose widths it is drawn.
    pub drawn_to_the_widths_of: Option<&'static str>,
    /// The others that are drawn to these widths.
    pub of_the_same_widths: Vec<&'static str>,
    /// What its fonts say of it.
    #[serde(flatten)]
    pub facts: FamilyFacts,
}

impl Recogniser {
    /// What is to be told of the most probable family of some lines.
    pub fn about_first(&self, typeface: &Typeface) -> About {
        let family = typeface
            .families
            .first()
            .map_or("", |first| first.family.as_str());
        About {
            twins: self.twins_of_first(typeface),
            drawn_to_the_widths_of: drawn_to_the_widths_of(family),
            of_the_same_widths: of_the_same_widths(family).collect(),
            facts: self.facts_of(family),
        }
    }

    /// Families that can hardly be told from the most probable one.
    pub fn twins_of_first(&self, typeface: &Typeface) -> Vec<String> {
        let Some((first, others)) = typeface.families.split_first() else {
            return Vec::new();
        };
        let probable = others
            .iter()
            .take_while(|other| other.probability >= HARDLY_TOLD * first.probability);
        probable
            .filter(|other| self.likeness_of_families(&first.family, &other.family) >= ALIKE)
            .take(MOST_TWINS)
            .map(|other| other.family.clone())
            .collect()
    }

    /// The likeness of the most alike faces of two families.
    fn likeness_of_families(&self, one: &str, other: &str) -> f32 {
        let of = |family: &str| -> Vec<&[f32]> {
            let faces = self.faces().iter().enumerate();
            let of_family = faces.filter(|(_, face)| face.family == family);
            of_family.map(|(index, _)| self.prototype(index)).collect()
        };
        let others = of(other);
        let pairs = of(one)
            .into_iter()
            .flat_map(|one| others.iter().map(move |other| cosine(one, other)));
        pairs.fold(-1.0, f32::max)
    }
}

impl About {
    /// What is told, a sentence a line.
    pub fn sentences(&self, family: &str) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.twins.is_empty() {
            sentences.push(format!(
                "{family} can hardly be told from {} by this text",
                self.twins.join(" and ")
            ));
        }
        if let Some(of) = self.drawn_to_the_widths_of {
            let others: Vec<&str> = self.of_the_same_widths.iter().take(3).copied().collect();
            let as_others = match others.as_slice() {
                [] => String::new(),
                [one] => format!(", as {one} is"),
                [several @ .., last] => format!(", as {} and {last} are", several.join(", ")),
            };
            sentences.push(format!(
                "{family} is drawn to the widths of {of}{as_others}"
            ));
        }
        let FamilyFacts {
            designer,
            licence,
            web,
        } = &self.facts;
        let by = designer.as_ref().map(|designer| format!("by {designer}"));
        let facts = [by.as_ref(), licence.as_ref(), web.as_ref()];
        let facts: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
        if !facts.is_empty() {
            sentences.push(format!("{family}: {}", facts.join(", ")));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redrawings_of_one_design_are_alike_and_others_are_not() {
        let recogniser = Recogniser::built_in().unwrap();
        let likeness = |one, other| recogniser.likeness_of_families(one, other);
        assert!(likeness("STIX", "TeX Gyre Termes") >= ALIKE);
        assert!(likeness("Noto Sans", "Open Sans") >= ALIKE);
        for (one, other) in [("Roboto", "Lato"), ("DejaVu Sans", "Noto Sans")] {
            assert!(likeness(one, other) < ALIKE, "{one}, {other}");
        }
    }

    #[test]
    fn sentences_say_what_is_known_and_no_more() {
        let mut about = About {
            twins: vec!["STIX".into()],
            drawn_to_the_widths_of: Some("Times"),
            of_the_same_widths: vec!["Nimbus Roman"],
            facts: FamilyFacts::default(),
        };
        assert_eq!(
            about.sentences("TeX Gyre Termes"),
            [
                "TeX Gyre Termes can hardly be told from STIX by this text",
                "TeX Gyre Termes is drawn to the widths of Times, as Nimbus Roman is",
            ]
        );
        about.twins.clear();
        about.drawn_to_the_widths_of = None;
        about.facts.designer = Some("B. Jackowski".into());
        about.facts.licence = Some("GUST font licence".into());
        assert_eq!(
            about.sentences("X"),
            ["X: by B. Jackowski, GUST font licence"]
        );
    }
}
