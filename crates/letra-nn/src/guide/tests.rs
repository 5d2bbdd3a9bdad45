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
        self.lines().any(|line| {
            let begins = |start: &String| {
                let rest = line.strip_prefix(start.as_str());
                let next = rest.map(|rest| rest.chars().next().unwrap_or(' '));
                next.is_some_and(|next| !(next.is_alphanumeric() || next == '_'))
            };
            beginnings.iter().any(begins)
        })
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = self.0.iter().flat_map(|file| file.lines());
        lines.map(str::trim_start)
    }

    /// Whether there is a public type or trait of this name.
    fn has_type(&self, name: &str) -> bool {
        // That of the kernels, under a name of its own.
        let known = ["struct", "enum", "trait"].map(|what| format!("pub {what} {name}"));
        // In a table of layers and the like, where a macro declares the type.
        let listed = format!(": {name},");
        name == "ActivationFunction"
            || self.declares(&known)
            || self.lines().any(|line| line.ends_with(&listed))
    }

    /// Whether there is a public function or method of this name.
    fn has_function(&self, name: &str) -> bool {
        self.declares(&[format!("pub fn {name}"), format!("fn {name}")])
    }

    /// Whether there is a setting of this name, a method that takes and gives back what it is of.
    fn has_setting(&self, name: &str) -> bool {
        let method = format!("pub fn {name}(mut self");
        self.lines().any(|line| line.starts_with(&method))
    }

    /// Whether there is a method, field or setting of this name.
    fn has_member(&self, name: &str) -> bool {
        self.has_function(name) || self.declares(&[name.into(), format!("pub {name}")])
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

/// Where a file's public types and traits lack an example: what stands at the beginning of a line and
/// is public can be named from outside, since a lint refuses it otherwise.
fn without_example(file: &str) -> Vec<&str> {
    let mut missing = Vec::new();
    let mut has_example = false;
    for line in file.lines() {
        let declares = ["struct", "enum", "trait", "type"]
            .iter()
            .find_map(|what| line.strip_prefix("pub ")?.strip_prefix(what));
        match declares {
            Some(name) if !has_example => missing.push(name),
            _ => {}
        }
        // Comments and attributes, some of several lines, stand before what they belong to.
        let belongs = ["///", "#[", " ", ")"];
        let goes_on = belongs.iter().any(|start| line.starts_with(start));
        has_example = goes_on && (has_example || line.starts_with("/// ```"));
    }
    missing
}

#[test]
fn every_public_type_has_an_example() {
    let source = Source::read();
    let missing: Vec<&str> = source
        .0
        .iter()
        .flat_map(|file| without_example(file))
        .collect();
    assert!(missing.is_empty(), "no example at {missing:#?}");
    let shown =
        "/// One.\n///\n/// ```\n/// use it;\n/// ```\n#[derive(\n    Debug\n)]\npub struct One;\n";
    assert!(without_example(shown).is_empty());
    assert_eq!(
        without_example(&format!("{shown}\n/// Two.\npub enum Two {{}}\n")),
        [" Two {}"]
    );
}

#[test]
fn what_the_page_says_letra_has_is_there() {
    let source = Source::read();
    let outside = ["Clone", "ControlFlow::Break"];
    let there = |name: &&str| match name.rsplit_once("::") {
        None => source.has_type(name) || source.has_function(name),
        Some(("losses" | "metrics", name)) => source.has_type(name),
        Some(("ActivationFunction", name)) => is_activation(name),
        Some((owner, member)) => source.has_type(owner) && source.has_member(member),
    };
    let names = own_names().filter(|name| !outside.contains(name));
    let missing: Vec<&str> = names.filter(|name| !there(name)).collect();
    assert!(missing.is_empty(), "not in the source: {missing:?}");
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
            // A word alone may be something else elsewhere.
            let setting = name.contains('_') && source.has_setting(name);
            let there = source.has_type(&spelled) || setting;
            assert!(!there, "letra has {spelled}");
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

/// Whether an activation function is saved under this name.
fn is_activation(name: &str) -> bool {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    serde_json::from_value::<layers::ActivationFunction>(snake.into()).is_ok()
}

/// A name without what differs between a type's and its kind's.
fn plain(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.replace('_', "").to_lowercase()
}
