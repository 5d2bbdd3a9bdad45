//! `letra identify`: the typeface of a picture of one glyph.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use letra_type::Picture;
use serde::Serialize;

use crate::action::Run;
use crate::command::print;
use crate::failure::Failure;
use crate::identifier::{Candidate, Identifier};
use crate::interrupt::Interrupt;

/// Says which typeface a picture of one glyph is set in
///
/// The picture may have any size, be dark on light or light on dark, PNG or JPEG. Its ink is found,
/// scaled and centred as the pictures were that the model learnt from.
#[derive(Debug, Args)]
pub(super) struct Identify {
    /// Pictures of one glyph each
    #[arg(required = true, value_name = "PICTURE")]
    pictures: Vec<PathBuf>,

    /// Model that `letra lab fonts` wrote
    #[arg(long, value_name = "FILE")]
    model: PathBuf,

    /// How many typefaces to name, the most probable first
    #[arg(long, value_name = "K")]
    top: Option<NonZero<usize>>,

    /// Print one JSON array, an object a picture
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Identified {
    picture: String,
    candidates: Vec<Candidate>,
}

impl Run for Identify {
    const NAME: &'static str = "identify";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        let identifier = Identifier::load(&self.model)?;
        let top = self.top.map_or(identifier.count(), NonZero::get);
        let mut identified = Vec::new();
        for path in &self.pictures {
            let mut candidates = Picture::from_file(path)
                .map_err(Failure::from)
                .and_then(|picture| identifier.identify(&picture))
                .map_err(|failure| failure.about(path))?;
            candidates.truncate(top);
            identified.push(Identified {
                picture: path.display().to_string(),
                candidates,
            });
        }
        if self.json {
            let text = serde_json::to_string_pretty(&identified)
                .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
            return print(&text);
        }
        let tables: Vec<_> = identified.iter().map(table).collect();
        print(&tables.join("\n\n"))
    }
}

/// The candidates with a bar for each probability.
fn table(identified: &Identified) -> String {
    const BAR: f32 = 30.0;
    let width = identified
        .candidates
        .iter()
        .map(|candidate| candidate.typeface.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = identified.picture.clone();
    for candidate in &identified.candidates {
        let bar = "█".repeat((candidate.probability * BAR).round() as usize);
        text += &format!(
            "\n  {:width$}  {:5.1}%  {bar}",
            candidate.typeface,
            candidate.probability * 100.0
        );
        text.truncate(text.trim_end().len());
    }
    text
}
