//! Experiments of several tasks: what they wrote.

use std::fs;

use serde_json::Value;

use super::{command, npz, printed, without_pictures};

/// Sides of the test's pictures.
pub(crate) const SIDE: usize = 10;

/// Pictures of a horizontal bar or a vertical one, and which it is.
pub(crate) fn bars(count: usize) -> (Vec<u8>, Vec<u8>) {
    let mut pixels = Vec::new();
    for picture in 0..count {
        let (class, line) = (picture % 2, picture / 2 % SIDE);
        for pixel in 0..SIDE * SIDE {
            let place = if class == 0 {
                pixel / SIDE
            } else {
                pixel % SIDE
            };
            pixels.push(if place == line || place + 1 == line {
                255
            } else {
                0
            });
        }
    }
    (
        pixels,
        (0..count).map(|picture| (picture % 2) as u8).collect(),
    )
}

/// Pictures to learn and to test.
pub(crate) const TRAIN: usize = 120;
pub(crate) const TEST: usize = 40;

/// An npz archive of the same with the names that Keras gives its arrays.
pub(crate) fn archive(shape: &[usize], labels: &str) -> Vec<u8> {
    let (train, train_labels) = bars(TRAIN);
    let (test, test_labels) = bars(TEST);
    npz(&[
        ("x_train", &[&[TRAIN], shape].concat(), train),
        (labels, &[TRAIN], train_labels),
        ("x_test", &[&[TEST], shape].concat(), test),
        ("y_test", &[TEST], test_labels),
    ])
}

/// Runs an experiment from one seed; gives the figures, the page and the models.
#[track_caller]
pub(crate) fn small(arguments: &[&str]) -> (Value, String, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = command()
        .arg("lab")
        .args(arguments)
        .args(["--json", "--seeds", "1"])
        .arg("--out")
        .arg(folder.path())
        .output()
        .expect("the command starts");
    let figures: Value = serde_json::from_str(&printed(&output)).expect("one JSON object");
    let read = |name| fs::read_to_string(folder.path().join(name)).expect(name);
    let written: Value = serde_json::from_str(&read("report.json")).expect("JSON");
    assert_eq!(written, figures);
    let page = read("index.html");
    let words = without_pictures(&page);
    assert!(!words.contains("<script") && !words.contains("NaN") && !words.contains(">inf"));
    let entries = fs::read_dir(folder.path()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let models: Vec<_> = names.filter(|name| name.ends_with(".letra")).collect();
    for model in &models {
        letra_nn::Trainer::load(folder.path().join(model)).expect("a model");
    }
    (figures, page, models)
}

/// The row of a task and a network.
#[track_caller]
pub(crate) fn row<'a>(figures: &'a Value, task: &str, network: &str) -> &'a Value {
    let mut rows = figures["rows"].as_array().expect("rows").iter();
    rows.find(|row| row["task"] == task && row["network"] == network)
        .unwrap_or_else(|| panic!("no {network} of {task}: {figures}"))
}

#[track_caller]
pub(crate) fn mean(row: &Value, name: &str) -> f64 {
    let mean = &row["measured"][name]["mean"];
    mean.as_f64()
        .unwrap_or_else(|| panic!("no {name} in {row}"))
}

/// The figures but for times and threads.
pub(crate) fn timeless(mut figures: Value) -> Value {
    figures["threads"] = Value::Null;
    for row in figures["rows"].as_array_mut().expect("rows") {
        row["seconds"] = Value::Null;
        for trial in row["trials"].as_array_mut().expect("trials") {
            trial["seconds"] = Value::Null;
        }
    }
    figures
}
