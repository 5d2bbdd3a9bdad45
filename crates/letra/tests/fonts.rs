//! The main job from end to end: train on the built-in typefaces, read the report, identify a
//! glyph with the saved model.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use common::{letra, printed, refused};
use letra_nn::prelude::*;
use letra_type::{CHARACTERS, Font, Picture, centred_glyph, fitting_size};
use serde_json::Value;

/// The folder of a report with logistic regression, and what the lab printed.
struct Trained {
    folder: PathBuf,
    printed: String,
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn train(threads: &str) -> Trained {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fonts-{threads}"));
    let output = letra(&[
        "lab",
        "fonts",
        "--network",
        "logistic",
        "--seed",
        "3",
        "--threads",
        threads,
        "--json",
        "--out",
        path(&folder),
    ]);
    let printed = printed(&output);
    Trained { folder, printed }
}

fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| train("2"))
}

fn model() -> PathBuf {
    trained().folder.join("logistic.letra")
}

#[test]
fn json_is_one_object_with_the_figures() {
    let figures: Value = serde_json::from_str(&trained().printed).expect("one JSON object");
    assert_eq!(figures["experiment"], "fonts");
    assert_eq!(figures["data"], "built-in");
    assert_eq!(figures["split"], "seminar");
    assert_eq!(figures["seed"], 3);
    assert_eq!(figures["threads"], 2);
    let rows = figures["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    let row = rows[0].as_object().unwrap();
    let mut keys: Vec<_> = row.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "network",
        "seconds",
        "slides_test",
        "slides_train",
        "steps",
        "test_accuracy",
        "train_accuracy",
    ];
    assert_eq!(keys, expected);
    assert_eq!(row["network"], "logistic");
    assert_eq!(
        (row["slides_train"].as_f64(), row["slides_test"].as_f64()),
        (Some(0.8), Some(0.71))
    );
    assert_eq!(row["steps"], 1000);
    // Guessing is right in 0.2 of the cases.
    let accuracy = |value: &Value| value.as_f64().unwrap();
    let (train, test) = (
        accuracy(&row["train_accuracy"]),
        accuracy(&row["test_accuracy"]),
    );
    assert!(0.5 < train && train <= 1.0, "{row:?}");
    assert!(0.3 < test && test < train, "{row:?}");
    let neighbour = accuracy(&figures["nearest_neighbour"]["test_accuracy"]);
    assert!((0.0..=1.0).contains(&neighbour));
}

#[test]
fn the_report_is_a_page_that_needs_nothing_else() {
    let folder = &trained().folder;
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ".letra-report",
            "index.html",
            "logistic.letra",
            "report.json"
        ]
    );
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    for section in [
        "result",
        "curves",
        "confusion",
        "weights",
        "mistakes",
        "networks",
    ] {
        assert!(
            page.contains(&format!("<section id=\"{section}\"")),
            "no section {section}"
        );
    }
    for font in Font::built_in() {
        assert!(page.contains(&font.name()), "no {}", font.name());
    }
    assert!(page.contains("href=\"logistic.letra\""));
    assert!(
        !page.contains("<script") && !page.contains("src=\"http") && !page.contains("url(http")
    );
    let figures: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap();
    assert_eq!(
        figures,
        serde_json::from_str::<Value>(&trained().printed).unwrap()
    );
}

#[test]
fn any_number_of_threads_gives_the_same_model() {
    let bytes = fs::read(model()).unwrap();
    for threads in ["1", "3"] {
        let other = train(threads).folder.join("logistic.letra");
        assert!(
            fs::read(other).unwrap() == bytes,
            "{threads} threads give another model"
        );
    }
}

/// Draws every third character of each built-in font as a picture file and identifies them all.
/// Returns the fonts' names and what was said.
fn identified(invert: bool) -> (Vec<String>, Value) {
    let home = tempfile::tempdir().unwrap();
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for font in Font::built_in() {
        let size = fitting_size(&font).unwrap();
        for character in CHARACTERS.iter().step_by(3) {
            let ink = centred_glyph(&font, *character, size).unwrap();
            let grey = ink.iter().map(|ink| if invert { *ink } else { 255 - ink });
            let file = home.path().join(format!("{}.png", files.len()));
            let picture = Picture::new(36, 36, grey.collect()).unwrap();
            picture.save_png(&file).unwrap();
            files.push(file);
            names.push(font.name());
        }
    }
    let model = model();
    let mut line: Vec<&str> = files.iter().map(|file| path(file)).collect();
    line.extend(["--model", path(&model), "--json"]);
    line.insert(0, "identify");
    let said = serde_json::from_str(&printed(&letra(&line))).expect("JSON");
    (names, said)
}

#[test]
fn the_saved_model_names_glyphs_dark_on_light_and_light_on_dark() {
    let (names, said) = identified(false);
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), names.len());
    let mut right = 0;
    for (name, picture) in names.iter().zip(said) {
        let candidates = picture["candidates"].as_array().unwrap();
        assert_eq!(candidates.len(), 5);
        let probability = |candidate: &Value| candidate["probability"].as_f64().unwrap();
        assert!((candidates.iter().map(probability).sum::<f64>() - 1.0).abs() < 1e-4);
        assert!(candidates.is_sorted_by(|a, b| probability(a) >= probability(b)));
        right += usize::from(candidates[0]["typeface"] == *name);
    }
    // Guessing is right in a fifth of the cases.
    assert!(
        right * 2 > names.len(),
        "{right} of {} are right",
        names.len()
    );
    let (_, inverted) = identified(true);
    for (dark, light) in said.iter().zip(inverted.as_array().unwrap()) {
        assert_eq!(dark["candidates"], light["candidates"]);
    }
}

#[test]
fn identify_prints_the_most_probable_typefaces_with_bars() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("glyph.png");
    let font = &Font::built_in()[0];
    let ink = centred_glyph(font, 'g', 200.0).unwrap();
    Picture::new(36, 36, ink).unwrap().save_png(&file).unwrap();
    let table = printed(&letra(&[
        "identify",
        path(&file),
        path(&file),
        "--model",
        path(&model()),
        "--top",
        "2",
    ]));
    assert_eq!(table.matches("glyph.png").count(), 2);
    assert_eq!(table.matches('%').count(), 4);
    assert!(table.contains('█'));
}

#[track_caller]
fn refused_picture(file: &[u8], words: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("picture.png");
    fs::write(&picture, file).unwrap();
    let mut words = words.to_vec();
    words.push("picture.png");
    refused(
        &letra(&["identify", path(&picture), "--model", path(&model())]),
        1,
        &words,
    );
}

#[test]
fn a_picture_that_shows_no_glyph_is_refused() {
    let grey = Picture::blank(50, 40, 128).unwrap().to_png().unwrap();
    let mut wide = grey.clone();
    wide[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    refused_picture(b"", &["empty"]);
    refused_picture(&grey, &["no ink"]);
    refused_picture(&grey[..grey.len() / 2], &[]);
    refused_picture(&wide, &[]);
    refused_picture(b"GIF89a", &["PNG"]);
    refused(
        &letra(&["identify", "none.png", "--model", path(&model())]),
        1,
        &["none.png"],
    );
}

#[track_caller]
fn refused_model(file: &[u8], words: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let model = home.path().join("model.letra");
    fs::write(&model, file).unwrap();
    let mut words = words.to_vec();
    words.extend(["model.letra", "letra lab fonts"]);
    refused(
        &letra(&["identify", "a.png", "--model", path(&model)]),
        1,
        &words,
    );
}

#[test]
fn a_damaged_model_is_refused() {
    let whole = fs::read(model()).unwrap();
    let mut not_a_number = whole.clone();
    let end = whole.len();
    not_a_number[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    refused_model(b"", &[]);
    refused_model(b"this is no model", &[]);
    refused_model(&whole[..end / 2], &[]);
    refused_model(&not_a_number, &[]);
    refused(
        &letra(&["identify", "a.png", "--model", "none.letra"]),
        1,
        &["none.letra"],
    );
}

#[test]
fn a_network_that_learnt_something_else_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("other.letra");
    let mut network = Sequential::new([4])
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits()))
        .unwrap();
    let words = |word| ["other.letra", word];
    network.save(&file).unwrap();
    refused(
        &letra(&["identify", "a.png", "--model", path(&file)]),
        1,
        &words("class_names"),
    );
    network.note("class_names", r#"["a", "b"]"#);
    network.note("ink_sides", "[[18.0, 1.0]]");
    network.save(&file).unwrap();
    refused(
        &letra(&["identify", "a.png", "--model", path(&file)]),
        1,
        &words("36"),
    );
}
