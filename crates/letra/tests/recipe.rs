//! `letra lab recipe`, played through in small.

mod common;

use std::fs;
use std::path::Path;

use common::{letra, printed, refused};
use serde_json::Value;

/// Two short rounds; gives the figures and the page.
fn small(threads: &str) -> (Value, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recipe-{threads}"));
    let output = letra(&[
        "lab",
        "recipe",
        "--rounds",
        "2",
        "--epochs",
        "2",
        "--threads",
        threads,
        "--json",
        "--out",
        folder.to_str().expect("a path in UTF-8"),
    ]);
    let figures = serde_json::from_str(&printed(&output)).expect("one JSON object");
    assert!(folder.join("recipe.letra").is_file());
    let page = fs::read_to_string(folder.join("index.html")).expect("the page");
    (figures, page)
}

/// The figures but for times and threads.
fn timeless(mut figures: Value) -> Value {
    figures["threads"] = Value::Null;
    for round in figures["rounds"].as_array_mut().expect("rounds") {
        round["seconds"] = Value::Null;
    }
    figures
}

#[test]
fn each_round_is_diagnosed_and_its_decision_followed() {
    let (figures, page) = small("1");
    let rounds = figures["rounds"].as_array().expect("rounds");
    assert_eq!(rounds.len(), 2);
    // Two hidden units after two epochs: far too small.
    let first = &rounds[0]["diagnosis"];
    assert!(first["training_error"].as_f64() > Some(0.2), "{first}");
    assert!(["larger_network", "train_longer"].contains(&first["next"].as_str().expect("a step")));
    let changed = |name: &str| rounds[0][name] != rounds[1][name];
    assert!(changed("size") || changed("epochs"));
    let number = |value: &Value| value.as_f64().expect("a number");
    for round in rounds {
        let diagnosis = &round["diagnosis"];
        let parts = ["base", "capacity", "gap"].map(|part| number(&diagnosis[part]));
        let sum: f64 = parts.iter().sum();
        assert!((sum - number(&diagnosis["validation_error"])).abs() < 1e-9);
    }
    assert!((0.0..=1.0).contains(&number(&figures["test_accuracy"])));
    let decision = rounds[0]["decision"].as_str().expect("a decision");
    assert!(page.contains(decision) && page.contains("Round 2") && page.contains("<svg"));
    assert_eq!(timeless(figures), timeless(small("2").0));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for arguments in [["--rounds", "0"], ["--epochs", "0"], ["--reference", "1.5"]] {
        let output = letra(&[["lab", "recipe"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
    }
    let output = letra(&["lab", "recipe", "--data", "no-such-file.npz"]);
    refused(&output, 1, &["no-such-file.npz"]);
}
