//! The page on Keras's words says what is so.

use std::fs;
use std::path::Path;

use crate::{layers, losses, optimizers, schedules};

const PAGE: &str = include_str!("../../docs/keras.md");

/// The words of all of the source: what stands between characters that no name has.
struct Source(Vec<String>);

impl Source {
    fn read() -> Self {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut folders = vec![crates.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    files.push(fs::read_to_string(path).unwrap());
                }
            }
        }
        Source(files)
    }

    /// Whether a line begins with one of these.
    fn declares(&self, beginnings: &[String]) -> bool {
        let mut lines = self.0.iter().flat_map(|file| file.lines());
        lines.any(|line| {
            let line = line.trim_start();
            let begins = |start: &String| {
                let rest = line.strip_prefix(start.as_str());
                let next = rest.map(|rest| rest.chars().next().unwrap_or(' '));
                next.is_some_and(|next| !(next.is_alphanumeric() || next == '_'))
            };
            beginnings.iter().any(begins)
        })
    }

    /// Whether there is a public type or trait of this name.
    fn has_type(&self, name: &str) -> bool {
        let known = ["struct", "enum", "trait"].map(|what| format!("pub {what} {name}"));
        // From the crate of the kernels, under this name.
        let renamed = PAGE.contains("ActivationFunction") && name == "ActivationFunction";
        renamed || self.declares(&known)
    }

    /// Whether there is a method, field, setting or variant of this name.
    fn has_member(&self, name: &str) -> bool {
        self.declares(&[
            format!("pub fn {name}"),
            format!("fn {name}"),
            format!("pub {name}:"),
            format!("{name}: into"),
            format!("{name}: f32,"),
            format!("ActivationFunction::{name}"),
            format!("ActivationKind::{name}"),
        ]) || {
            // A setting that is declared by its name and type.
            let declared = format!("{name}: ");
            let mut lines = self.0.iter().flat_map(|file| file.lines());
            lines.any(|line| line.trim_start().starts_with(&declared))
        }
    }
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the tables, by their first and second column.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.lines().filter_map(|line| {
        let mut columns = line.strip_prefix("| ")?.split('|').map(str::trim);
        Some((columns.next()?, columns.next()?))
    })
}

/// The names of letra's: in the second column, and below the tables.
fn own_names() -> impl Iterator<Item = &'static str> {
    let columns = rows().map(|(_, own)| own);
    let below = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("letra alone:"));
    columns.chain(below).flat_map(quoted)
}

#[test]
fn what_the_page_says_letra_has_is_there() {
    let source = Source::read();
    let outside = ["Clone", "ControlFlow::Break"];
    for name in own_names().filter(|name| !outside.contains(name)) {
        let there = match name.rsplit_once("::") {
            None => source.has_type(name) || source.declares(&[format!("pub fn {name}")]),
            Some(("losses" | "metrics", name)) => source.has_type(name),
            Some((owner, member)) => source.has_type(owner) && source.has_member(member),
        };
        assert!(there, "{name} is on the page, but not in the source");
    }
}

#[test]
fn what_the_page_says_letra_lacks_is_not_there() {
    let source = Source::read();
    for (keras, _) in rows().filter(|(keras, own)| *own == "no" && !keras.contains(" as ")) {
        for name in quoted(keras) {
            let spelled = name
                .replace("1D", "1d")
                .replace("2D", "2d")
                .replace("3D", "3d");
            assert!(!source.has_type(&spelled), "letra has {spelled}");
        }
    }
}

#[test]
fn all_that_letra_has_is_on_the_page() {
    let names: Vec<String> = own_names().map(plain).collect();
    for kinds in [
        layers::KINDS,
        losses::KINDS,
        optimizers::KINDS,
        schedules::KINDS,
    ] {
        for kind in kinds {
            let name = plain(kind).replace("pooling", "pool");
            assert!(names.contains(&name), "{kind} is not on the page");
        }
    }
}

/// A name without what differs between a type's and its kind's.
fn plain(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.replace('_', "").to_lowercase()
}
