//! Pictures of text, by a recogniser.

use std::num::NonZero;

use serde_json::{Value, json};

use super::Identify;
use crate::command::print;
use crate::failure::Failure;
use crate::recogniser::{FamilyCandidate, Reading, Recogniser, Typeface, page};
use crate::report;
use crate::report::folder::{ReportFolder, Reporter};
use crate::report::numbers::bar;

/// Families that are named where the reader does not say how many.
const TOP: usize = 5;

/// What stands in a family's place where no known one fits.
const NONE: &str = "none of these";

pub(super) fn run(command: &Identify, recogniser: &Recogniser) -> Result<(), Failure> {
    let report = ReportFolder::prepare_if(command.report.as_deref(), Reporter::Identify)?;
    let top = command.top.map_or(TOP, NonZero::get);
    let readings = command.each(|picture| Ok((picture.clone(), recogniser.read(picture)?)))?;
    if let Some(report) = report {
        let named: Vec<_> = command.names().zip(&readings).collect();
        let setting = page::Setting {
            recogniser,
            fonts: &command.fonts,
            text: command.text.as_deref(),
            top,
        };
        page::write(report, &setting, &named)?;
    }
    let named = command.names().zip(&readings);
    if command.json {
        let all: Vec<_> = named
            .map(|(name, (_, reading))| as_object(recogniser, &name, reading, top))
            .collect();
        return print(&report::json::text(&all)?);
    }
    let tables: Vec<_> = named
        .map(|(name, (_, reading))| table(&name, reading, top))
        .collect();
    print(&tables.join("\n\n"))?;
    match &command.report {
        Some(folder) => print(&format!(
            "\nThe report is {}",
            folder.join("index.html").display()
        )),
        None => Ok(()),
    }
}

/// The rows of an answer: families and "none of these" by probability, each with its best style.
fn rows(typeface: &Typeface, top: usize) -> Vec<(String, f32, String)> {
    let style = |candidate: &FamilyCandidate| {
        let best = candidate.faces.first();
        best.map_or_else(String::new, |face| face.style.clone())
    };
    let families = typeface.families.iter().take(top);
    let mut rows: Vec<_> = families
        .map(|one| (one.family.clone(), one.probability, style(one)))
        .collect();
    let none = (NONE.to_owned(), typeface.none, String::new());
    let place = rows.partition_point(|(_, probability, _)| *probability >= typeface.none);
    rows.insert(place, none);
    rows
}

fn table(name: &str, reading: &Reading, top: usize) -> String {
    let mut text = format!(
        "{name}   {}",
        extent(reading.lines.len(), reading.windows())
    );
    for (index, typeface) in reading.typefaces.iter().enumerate() {
        let rows = match index {
            0 => rows(typeface, top),
            // Of further typefaces the likeliest is enough.
            _ => rows(typeface, 1),
        };
        if reading.typefaces.len() > 1 {
            text += &format!("\n  {}", extent(typeface.lines.len(), typeface.windows));
        }
        let width = |column: fn(&(String, f32, String)) -> &String| {
            let lengths = rows.iter().map(|row| column(row).chars().count());
            lengths.max().unwrap_or(0)
        };
        let (families, styles) = (width(|row| &row.0), width(|row| &row.2));
        for (family, probability, style) in &rows {
            text += &format!(
                "\n  {family:families$}  {style:styles$}  {:5.1}%  {}",
                probability * 100.0,
                bar(*probability)
            );
            text.truncate(text.trim_end().len());
        }
    }
    text
}

/// How much text an answer rests on.
fn extent(lines: usize, windows: usize) -> String {
    let counted = |count: usize, thing: &str| match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    };
    let few = match windows {
        1 => ", little to go by",
        _ => "",
    };
    format!(
        "{}, {} read{few}",
        counted(lines, "line"),
        counted(windows, "window")
    )
}

fn as_object(recogniser: &Recogniser, name: &str, reading: &Reading, top: usize) -> Value {
    let lines: Vec<Value> = reading
        .lines
        .iter()
        .map(|one| {
            let families = recogniser.families(&one.likeness, one.windows);
            let best = &families[0];
            let [left, top, right, bottom] = one.line.bounds();
            json!({
                "bounds": { "left": left, "top": top, "right": right, "bottom": bottom },
                "slope": one.line.slope,
                "letter_height": one.line.letter_height,
                "light_on_dark": one.line.light_on_dark,
                "windows": one.windows,
                "family": best.family,
                "style": best.faces[0].style,
                "probability": best.probability,
            })
        })
        .collect();
    let typefaces: Vec<Value> = reading
        .typefaces
        .iter()
        .map(|one| {
            json!({
                "lines": one.lines,
                "windows": one.windows,
                "candidates": one.families.iter().take(top).collect::<Vec<_>>(),
                "none_of_these": one.none,
            })
        })
        .collect();
    json!({ "picture": name, "typefaces": typefaces, "lines": lines })
}
