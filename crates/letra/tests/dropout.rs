//! `letra lab dropout` from end to end, with short trainings.

mod common;

use std::fs;
use std::path::Path;

use common::{letra, printed, refused};
use letra_nn::prelude::*;
use serde_json::Value;

const NAMES: [&str; 6] = [
    "none",
    "dropout",
    "maxout",
    "drop-connect",
    "annealed",
    "standout",
];

#[test]
fn six_networks_are_trained_measured_and_reported() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dropout");
    let out = folder.to_str().expect("a path in UTF-8");
    let arguments = [
        "lab", "dropout", "--epochs", "2", "--seeds", "2", "--json", "--out", out,
    ];
    let figures: Value = serde_json::from_str(&printed(&letra(&arguments))).expect("one object");
    assert_eq!(figures["experiment"], "dropout");
    assert_eq!(figures["seeds"], serde_json::json!([1, 2]));
    let rows = figures["rows"].as_array().expect("rows");
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, NAMES);
    for row in rows {
        assert_eq!(
            row["steps"], 40,
            "2 epochs of 2,511 pictures in batches of 128"
        );
        assert_eq!(row["diverged"], 0);
        for trial in row["trials"].as_array().expect("trials") {
            let figure = |name: &str| trial[name].as_f64().unwrap();
            let gap = figure("train_accuracy") - figure("test_accuracy");
            assert!((figure("gap") - gap).abs() < 1e-12);
            // Five typefaces: a network that has learnt nothing names a fifth.
            assert!(figure("train_accuracy") > 0.3, "{trial}");
        }
    }
    // As many weights before the first nonlinearity, however it looks.
    let parameters = |row: &Value| row["parameters"].as_u64().unwrap();
    for row in rows.iter().filter(|row| row["name"] != "maxout") {
        assert_eq!(parameters(row), parameters(&rows[0]));
    }
    let findings = figures["findings"].to_string();
    for part in ["Left alone, the network names", "smallest gap", "points"] {
        assert!(findings.contains(part), "{findings}");
    }
    let page = fs::read_to_string(folder.join("index.html")).expect("the page");
    for part in [
        "Dropout and its relatives",
        "DropConnect",
        "Annealed dropout",
        "Standout",
        "<svg",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    for name in NAMES {
        let network = Trainer::load(folder.join(format!("{name}.letra"))).expect(name);
        assert_eq!(network.steps(), 40);
    }
}

#[test]
fn no_epochs_are_refused() {
    let output = letra(&["lab", "dropout", "--epochs", "0"]);
    refused(&output, 2, &["'0'", "--epochs"]);
}
