//! `letra lab activations`, small, on few glyphs of the built-in typefaces.

mod common;

use common::{letra, refused, report};

const NAMES: [&str; 11] = [
    "sigmoid",
    "tanh",
    "softplus",
    "relu",
    "leaky-relu",
    "prelu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "maxout",
];

#[test]
fn every_function_is_trained_in_the_same_network() {
    let report = report(&["activations", "--epochs", "12", "--seeds", "2"]);
    let names: Vec<_> = report
        .rows()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, NAMES);
    report.assert_models(&NAMES);
    let parameters = |name: &str| report.row(name)["parameters"].as_u64().unwrap();
    let plain = parameters("relu");
    for name in NAMES {
        let expected = match name {
            // A slope for each of 4 × 64 units.
            "prelu" => plain + 256,
            // As many weights in the first layer, half as many where units are inputs too.
            "maxout" => plain - 3 * 32 * 64 - 32 * 5,
            _ => plain,
        };
        assert_eq!(parameters(name), expected, "{name}");
        assert_eq!(report.row(name)["diverged"], 0, "{name}");
    }
    // What lets the gradient through has learnt something by now; four layers of sigmoids have
    // learnt less than their ReLU twins.
    let train = |name: &str| report.row(name)["train_accuracy"]["mean"].as_f64().unwrap();
    assert!(train("relu") > train("sigmoid"), "{}", report.figures);
    assert!(train("relu") > 0.3);
    let findings = report.figures["findings"].to_string();
    for part in [
        "Of 11 functions",
        "a quarter of the gradient",
        "training pictures",
    ] {
        assert!(findings.contains(part), "{findings}");
    }
    assert!(report.page.contains("Steps to 80 %"));
}

#[test]
fn no_epochs_are_refused() {
    let output = letra(&["lab", "activations", "--epochs", "0"]);
    refused(&output, 2, &["'0'", "--epochs"]);
}
