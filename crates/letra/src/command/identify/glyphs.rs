//! Pictures of one glyph each, by a model of the lab.

use std::num::NonZero;

use serde::Serialize;

use super::Identify;
use crate::command::answers::{Answer, print_all};
use crate::failure::Failure;
use crate::identifier::{Candidate, Identifier};
use crate::interrupt::Interrupt;
use crate::json;
use crate::report::numbers::bar;
use crate::terminal::{Output, Text, cell};

#[derive(Serialize)]
struct Identified<'a> {
    picture: &'a str,
    candidates: Vec<Candidate>,
}

pub(super) fn run(
    command: &Identify,
    identifier: &Identifier,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    if command.report.is_some() {
        return Err(Failure::usage("a model of single glyphs has no report")
            .hint("use a model that `letra learn` wrote, or leave --model out"));
    }
    let top = command.top.map_or(identifier.count(), NonZero::get);
    let mut output = Output::default();
    let answered = print_all(
        &command.wanted(),
        &mut output,
        interrupt,
        |name, picture| {
            let mut candidates = identifier.identify(picture)?;
            candidates.truncate(top);
            let identified = Identified {
                picture: name,
                candidates,
            };
            Ok(match command.json {
                true => Answer::Object(json::text(&identified)?),
                false => Answer::Table(table(&identified)),
            })
        },
    );
    output.finish().and(answered)
}

/// The candidates with a bar for each probability.
fn table(identified: &Identified<'_>) -> Text {
    let candidates = identified.candidates.iter();
    let rows: Vec<(String, f32)> = candidates
        .map(|one| (cell(&one.typeface), one.probability))
        .collect();
    let widths = rows.iter().map(|(name, _)| name.chars().count());
    let width = widths.max().unwrap_or(0);
    let mut text = Text::from(identified.picture);
    for (name, probability) in rows {
        let row = format!(
            "  {name:width$}  {:5.1}%  {}",
            probability * 100.0,
            bar(probability)
        );
        text.line(row.trim_end());
    }
    text
}
