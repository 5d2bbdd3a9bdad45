//! `letra similar`: the faces of a model that are most like a font.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use letra_type::Font;
use serde_json::json;

use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::recogniser::{KnownFace, Recogniser};
use crate::report::numbers::bar;
use crate::terminal::{Text, cell, print, print_json};

/// Lists the faces of a model that are most like a font
///
/// Likeness is the cosine between what the network makes of text in the font and the face's
/// prototype: 1 is the same, 0 nothing in common.
#[derive(Debug, Args)]
pub(super) struct Similar {
    /// Font file
    #[arg(value_name = "FONT")]
    font: PathBuf,

    /// Model that `letra learn` wrote; without it, the one that comes with letra
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// How many faces to list
    #[arg(long, value_name = "K", default_value = "10")]
    top: NonZero<usize>,

    /// Print one JSON array, an object a face
    #[arg(long)]
    json: bool,
}

impl Run for Similar {
    const NAME: &'static str = "similar";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        let recogniser = match &self.model {
            Some(file) => Recogniser::load(file)?,
            None => Recogniser::built_in()?,
        };
        let font = Font::from_file(&self.font)?;
        let prototype = recogniser.prototypes_of(std::slice::from_ref(&font))?;
        let likeness = recogniser.likeness(&prototype);
        let mut faces: Vec<(&KnownFace, f32)> = recogniser.faces().iter().zip(likeness).collect();
        faces.sort_by(|a, b| b.1.total_cmp(&a.1));
        faces.truncate(self.top.get());
        if self.json {
            let objects = faces.iter().map(|(face, likeness)| {
                json!({ "family": face.family, "style": face.style, "likeness": likeness })
            });
            let objects: Vec<_> = objects.collect();
            return print_json(&objects);
        }
        let rows = faces.iter();
        let rows: Vec<(String, f32)> = rows
            .map(|(face, likeness)| (cell(&face.name()), *likeness))
            .collect();
        let widths = rows.iter().map(|(name, _)| name.chars().count());
        let width = widths.max().unwrap_or(0);
        let mut text = Text::from(format!("Most like {}", font.name()));
        for (name, likeness) in rows {
            let row = format!("  {name:width$}  {likeness:5.2}  {}", bar(likeness));
            text.line(row.trim_end());
        }
        print(text)
    }
}
