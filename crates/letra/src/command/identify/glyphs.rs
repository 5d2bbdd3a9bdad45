//! Pictures of one glyph each, by a model of the lab.

use std::num::NonZero;

use serde::Serialize;

use super::Identify;
use crate::command::print;
use crate::failure::Failure;
use crate::identifier::{Candidate, Identifier};
use crate::report::json;
use crate::report::numbers::bar;

#[derive(Serialize)]
struct Identified {
    picture: String,
    candidates: Vec<Candidate>,
}

pub(super) fn run(command: &Identify, identifier: &Identifier) -> Result<(), Failure> {
    if command.report.is_some() {
        return Err(Failure::usage("a model of single glyphs has no report")
            .hint("use a model that `letra learn` wrote, or leave --model out"));
    }
    let top = command.top.map_or(identifier.count(), NonZero::get);
    let candidates = command.each(|picture| identifier.identify(picture))?;
    let named = command.names().zip(candidates);
    let identified: Vec<_> = named
        .map(|(picture, mut candidates)| {
            candidates.truncate(top);
            Identified {
                picture,
                candidates,
            }
        })
        .collect();
    if command.json {
        return print(&json::text(&identified)?);
    }
    let tables: Vec<_> = identified.iter().map(table).collect();
    print(&tables.join("\n\n"))
}

/// The candidates with a bar for each probability.
fn table(identified: &Identified) -> String {
    let widths = identified
        .candidates
        .iter()
        .map(|one| one.typeface.chars().count());
    let width = widths.max().unwrap_or(0);
    let mut text = identified.picture.clone();
    for candidate in &identified.candidates {
        let (name, probability) = (&candidate.typeface, candidate.probability);
        text += &format!(
            "\n  {name:width$}  {:5.1}%  {}",
            probability * 100.0,
            bar(probability)
        );
        text.truncate(text.trim_end().len());
    }
    text
}
