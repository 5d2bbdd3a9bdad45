//! `letra fonts`: the typefaces that folders hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use letra_type::{Font, FontLibrary, LeftOut};
use serde_json::{Value, json};

use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal::{Text, cell, print, print_json, say};

/// Lists typefaces: family, style, weight, width, slant and file of each
///
/// Named instances of variable fonts are listed as faces of their own. Faces that cannot set Latin
/// text, damaged files and second copies are left out, each with a reason.
#[derive(Debug, Args)]
pub(super) struct Fonts {
    /// Folders, searched at any depth, and font files; without any, the system's fonts and those
    /// built in
    #[arg(value_name = "DIR")]
    paths: Vec<PathBuf>,

    /// Print one JSON object: `fonts` and `left_out`
    #[arg(long)]
    json: bool,
}

impl Run for Fonts {
    const NAME: &'static str = "fonts";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        let mut library = FontLibrary::new();
        if self.paths.is_empty() {
            library.add_system();
            library.add_built_in();
        } else {
            library.add_paths(&self.paths)?;
        }
        if self.json {
            print_json(&as_json(&library))?;
        } else if library.fonts().is_empty() {
            say(left_out(library.left_out()));
        } else {
            let mut text = table(library.fonts());
            text.append(left_out(library.left_out()));
            print(text)?;
        }
        match library.fonts() {
            [] => Err(none_in(&self.paths, library.left_out())),
            _ => Ok(()),
        }
    }
}

/// Why there is no font, and what to do about it.
pub(super) fn none_in(paths: &[PathBuf], left_out: &[LeftOut]) -> Failure {
    let places: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let problem = match left_out {
        [] => "holds no font file (.ttf, .otf, .ttc, .otc, .woff, .woff2)".into(),
        [one] => format!(
            "holds no usable font: the one found was left out: {}",
            one.reason
        ),
        [first, ..] => format!(
            "holds no usable font: all {} found were left out, the first of them: {} (`letra fonts` lists all)",
            left_out.len(),
            first.reason
        ),
    };
    Failure::new(format!("{} {problem}", places.join(", "))).hint(
        "give a folder with fonts that have the letters A-Z and a-z, \
         or none to see the system's",
    )
}

fn file(path: Option<&Path>) -> String {
    path.map_or_else(|| "built in".into(), |path| path.display().to_string())
}

fn table(fonts: &[Font]) -> Text {
    const HEADING: [&str; 6] = ["family", "style", "weight", "width", "slant", "file"];
    let row = |font: &Font| {
        [
            cell(font.family()),
            cell(font.style()),
            number(font.weight()),
            number(font.width()),
            font.slant().to_string(),
            file(font.path()),
        ]
    };
    let rows: Vec<[String; 6]> = [HEADING.map(String::from)]
        .into_iter()
        .chain(fonts.iter().map(row))
        .collect();
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    // The last column is as wide as it is.
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = Text::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line += &match (column, widths.get(column)) {
                (2 | 3, Some(&width)) => format!("{cell:>width$}  "),
                (_, Some(&width)) => format!("{cell:width$}  "),
                (_, None) => cell.clone(),
            };
        }
        text.line(line);
    }
    let families: BTreeSet<_> = fonts.iter().map(Font::family).collect();
    text.line("");
    text.line(format!(
        "{} of {}",
        counted(fonts.len(), "face"),
        families_of(families.len())
    ));
    text
}

fn families_of(count: usize) -> String {
    match count {
        1 => "one family".into(),
        _ => format!("{count} families"),
    }
}

fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("one {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// Two decimals at most, and none that say nothing.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn left_out(all: &[LeftOut]) -> Text {
    let mut text = Text::new();
    if all.is_empty() {
        return text;
    }
    text.line("");
    text.line(format!("{} left out", all.len()));
    for LeftOut { name, file, reason } in all {
        let file = file.as_ref().map(|file| file.display().to_string());
        let named = match file {
            // Where the name is the file's, the file says it.
            Some(file) if file.ends_with(name.as_str()) => file,
            Some(file) => format!("{name} ({file})"),
            None => format!("{name} (built in)"),
        };
        text.line(format!("  {named}: {reason}"));
    }
    text
}

fn as_json(library: &FontLibrary) -> Value {
    let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
    let fonts: Vec<Value> = library
        .fonts()
        .iter()
        .map(|font| {
            json!({
                "family": font.family(), "style": font.style(), "weight": font.weight(),
                "width": font.width(), "slant": font.slant().to_string(),
                "file": path(font.path()),
            })
        })
        .collect();
    let left_out: Vec<Value> = library
        .left_out()
        .iter()
        .map(|one| {
            json!({
                "name": one.name, "file": path(one.file.as_deref()),
                "reason": one.reason.to_string(),
            })
        })
        .collect();
    json!({ "fonts": fonts, "left_out": left_out })
}
