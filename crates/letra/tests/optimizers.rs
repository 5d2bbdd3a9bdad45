//! `letra lab optimizers`, small, on the built-in typefaces.

mod common;

use std::fs;
use std::path::Path;

use common::{letra, printed, refused};
use serde_json::Value;

/// Runs the experiment with two optimizers and one seed for some epochs.
fn run(epochs: &str, json: bool) -> (std::path::PathBuf, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("optimizers-{epochs}-{json}"));
    let mut arguments = vec![
        "lab",
        "optimizers",
        "--optimizer",
        "adam",
        "--optimizer",
        "adagrad",
        "--seeds",
        "1",
        "--epochs",
        epochs,
        "--loss",
        "0.8",
        "--out",
        folder.to_str().expect("a path in UTF-8"),
    ];
    arguments.extend(json.then_some("--json"));
    let printed = printed(&letra(&arguments));
    (folder, printed)
}

fn row<'a>(figures: &'a Value, name: &str) -> &'a Value {
    let rows = figures["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("no row {name}"))
}

#[test]
fn steps_are_counted_and_what_does_not_arrive_is_said_so() {
    let (folder, printed) = run("15", true);
    let figures: Value = serde_json::from_str(&printed).expect("one JSON object");
    assert_eq!(figures["experiment"], "optimizers");
    // Adagrad at Keras's rate of 0.001 needs far longer than fifteen epochs.
    let slow = row(&figures, "adagrad-0-001");
    assert!(slow["title"].as_str().unwrap().contains("did not reach"));
    assert!(slow["steps_to_loss"]["mean"].is_null());
    assert!(slow["final_train_loss"]["mean"].as_f64().unwrap() > 0.8);
    // The best rate of Adam arrives, after whole epochs of 20 steps.
    let rows = figures["rows"].as_array().unwrap();
    let best = rows.iter().find(|row| {
        let title = row["title"].as_str().unwrap();
        title.starts_with("Adam,") && title.contains("best)")
    });
    let best = best.expect("Adam has a best rate");
    let steps = best["steps_to_loss"]["mean"].as_f64().unwrap();
    assert!(
        steps % 20.0 == 0.0 && (20.0..=300.0).contains(&steps),
        "{steps}"
    );
    assert_eq!(best["steps"].as_f64(), Some(steps));
    assert!(best["final_train_loss"]["mean"].as_f64().unwrap() <= 0.8);

    let findings = figures["findings"].as_array().unwrap();
    let findings: Vec<_> = findings.iter().map(|said| said.as_str().unwrap()).collect();
    let findings = findings.join(" ");
    assert!(findings.contains("of 2 optimizers"), "{findings}");
    assert!(findings.contains("Adagrad"), "{findings}");
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    for part in [
        "Training loss",
        "All rates",
        "did not reach",
        "--epochs 15 --loss 0.8",
    ] {
        assert!(page.contains(part), "no {part:?} on the page");
    }
}

#[test]
fn nothing_that_arrives_is_no_failure() {
    let (_, printed) = run("1", false);
    assert!(printed.contains("did not reach"), "{printed}");
    assert!(printed.contains("Adagrad"), "{printed}");
}

#[test]
fn what_is_no_loss_or_no_optimizer_is_usage() {
    for (option, value) in [("--loss", "0"), ("--loss", "NaN"), ("--optimizer", "adamm")] {
        let output = letra(&["lab", "optimizers", option, value]);
        refused(&output, 2, &[value]);
    }
}
