//! Every public type shows how it is used.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    };
    paths.flat_map(of).collect()
}

/// The public types without an example: what stands at the beginning of a line and is public can be
/// named from outside, since a lint refuses it otherwise.
fn without_example(file: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut has_example = false;
    for line in file.lines() {
        let declares = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
        if declares.iter().any(|what| line.starts_with(what)) && !has_example {
            missing.push(line.to_owned());
        }
        // Comments and attributes, some of several lines, stand before what they belong to.
        let goes_on = ["///", "#[", " ", ")"]
            .iter()
            .any(|start| line.starts_with(start));
        has_example = goes_on && (has_example || line.starts_with("/// ```"));
    }
    missing
}

#[test]
fn every_public_type_has_an_example() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let missing = files
        .iter()
        .flat_map(|path| without_example(&fs::read_to_string(path).unwrap()));
    let missing: Vec<String> = missing.collect();
    assert!(missing.is_empty(), "no example at {missing:#?}");
    assert_eq!(without_example("/// Two.\npub enum Two {}\n").len(), 1);
}
