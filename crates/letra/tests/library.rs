//! `letra fonts` and `letra specimen --training` from end to end.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{letra, printed, refused};
use letra_type::Picture;
use serde_json::Value;

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A folder with two faces at different depths, a copy, a file cut short, one that is no font and
/// one that fonts are not looked for in.
fn folder() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let hack = epaint_default_fonts::HACK_REGULAR;
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("further/down")).unwrap();
    fs::write(at("a-hack.ttf"), hack).unwrap();
    fs::write(
        at("further/down/ubuntu.TTF"),
        epaint_default_fonts::UBUNTU_LIGHT,
    )
    .unwrap();
    fs::write(at("further/hack-again.ttf"), hack).unwrap();
    fs::write(at("further/short.otf"), &hack[..hack.len() / 3]).unwrap();
    fs::write(at("text.ttf"), "no font").unwrap();
    fs::write(at("notes.txt"), "no font either").unwrap();
    home
}

fn listed(arguments: &[&str]) -> Value {
    let arguments = [&["fonts", "--json"], arguments].concat();
    serde_json::from_str(&printed(&letra(&arguments))).expect("one JSON object")
}

#[test]
fn a_folders_fonts_are_listed_and_the_rest_has_a_reason() {
    let home = folder();
    let all = listed(&[path(home.path())]);
    let faces: Vec<(&str, &str)> = all["fonts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["family"].as_str().unwrap(),
                one["style"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(faces, [("Hack", "Regular"), ("Ubuntu", "Light")]);
    let hack = &all["fonts"][0];
    assert_eq!(hack["weight"], 400.0);
    assert_eq!(hack["width"], 100.0);
    assert_eq!(hack["slant"], "upright");
    assert!(hack["file"].as_str().unwrap().ends_with("a-hack.ttf"));
    let left_out = all["left_out"].as_array().unwrap();
    let reason = |end: &str| {
        let file = |one: &&Value| one["file"].as_str().is_some_and(|file| file.ends_with(end));
        let found = left_out.iter().find(file);
        found.unwrap_or_else(|| panic!("{end}: {left_out:?}"))["reason"].to_string()
    };
    assert!(reason("hack-again.ttf").contains("the same as Hack"));
    assert!(!reason("short.otf").is_empty() && !reason("text.ttf").is_empty());
    assert_eq!(left_out.len(), 3);
}

#[test]
fn the_table_counts_faces_and_families() {
    let home = folder();
    let table = printed(&letra(&["fonts", path(home.path())]));
    assert!(table.starts_with("family"), "{table}");
    assert!(table.contains("2 faces of 2 families"), "{table}");
    assert!(table.contains("3 left out"), "{table}");
    let file = home.path().join("a-hack.ttf");
    let table = printed(&letra(&["fonts", path(&file)]));
    assert!(table.contains("one face of one family"), "{table}");
    assert!(!table.contains("left out"), "{table}");
}

#[test]
fn without_folders_the_built_in_fonts_are_listed_too() {
    let all = listed(&[]);
    let built_in: BTreeSet<&str> = all["fonts"]
        .as_array()
        .unwrap()
        .iter()
        .chain(all["left_out"].as_array().unwrap())
        .filter(|one| one["file"].is_null())
        .map(|one| one["family"].as_str().or(one["name"].as_str()).unwrap())
        .collect();
    assert!(
        built_in.iter().any(|name| name.starts_with("Hack")),
        "{built_in:?}"
    );
}

#[test]
fn folders_without_a_usable_font_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("text.ttf");
    let sheet = home.path().join("sheet.png");
    let refused_with = |words: &[&str]| {
        refused(&letra(&["fonts", path(home.path())]), 1, &["no font"]);
        let training = [
            "specimen",
            "--training",
            path(home.path()),
            "-o",
            path(&sheet),
        ];
        refused(&letra(&training), 1, words);
    };
    refused_with(&["holds no font file"]);
    fs::write(&file, "no font").unwrap();
    let output = letra(&["fonts", path(home.path())]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains("text.ttf") && errors.contains("no usable font"),
        "{errors}"
    );
    refused(&letra(&["fonts", "no/such/folder"]), 1, &["no/such/folder"]);
    assert!(!sheet.exists());
}

#[test]
fn the_sheet_shows_what_training_sees_and_follows_from_the_seed() {
    let home = folder();
    let sheet = |name: &str, further: &[&str]| {
        let file = home.path().join(name);
        let arguments = [
            "specimen",
            "--training",
            path(home.path()),
            "-o",
            path(&file),
        ];
        printed(&letra(&[&arguments, further].concat()));
        Picture::from_file(&file).unwrap()
    };
    let six = ["--samples", "6"];
    let (one, again) = (sheet("one.png", &six), sheet("again.png", &six));
    assert_eq!(one.pixels(), again.pixels());
    let other = sheet("other.png", &["--samples", "6", "--seed", "2"]);
    assert_ne!(one.pixels(), other.pixels());
    let more = sheet("more.png", &["--samples", "24"]);
    assert!(more.height() > one.height());
    assert!(one.pixels().iter().any(|&grey| grey < 64));
}

#[test]
fn sheets_of_no_samples_or_too_many_are_refused() {
    for samples in ["0", "181", "many"] {
        let output = letra(&[
            "specimen",
            "--training",
            "--samples",
            samples,
            "-o",
            "none.png",
        ]);
        assert_ne!(output.status.code(), Some(0), "{samples}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.starts_with("error: "), "{samples}: {errors}");
    }
    let alone = letra(&["specimen", "--samples", "3", "-o", "none.png"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(!Path::new("none.png").exists());
}
