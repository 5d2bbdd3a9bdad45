//! The guide `docs/adding-an-experiment.md` says what is so: its code is an example that runs.

use std::fs;
use std::path::Path;

use letra::action::Action;
use letra::interrupt::Interrupt;
use serde_json::Value;

#[path = "../examples/own_experiment.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a program of its own, which shows a type as the crate has it"
)]
mod own_experiment;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// The fenced blocks of Rust in the guide.
fn blocks() -> Vec<String> {
    let guide = read("docs/adding-an-experiment.md");
    let blocks = guide.split("```rust\n").skip(1);
    let block = |rest: &str| rest.split("```\n").next().unwrap().to_owned();
    blocks.map(block).collect()
}

#[test]
fn the_code_shown_is_the_examples_but_for_the_crates_name() {
    let example = read("crates/letra/examples/own_experiment.rs");
    let (_, rest) = example.split_once("// guide: begin\n").unwrap();
    let (code, _) = rest.split_once("// guide: end\n").unwrap();
    assert_eq!(blocks()[0], code.replace("use letra::", "use crate::"));
}

/// The crate's own README is what rustdoc tests.
#[test]
fn both_readmes_show_one_program() {
    let program = |path: &str| {
        let text = read(path);
        let (_, rest) = text.split_once("```rust,no_run\n").unwrap();
        rest.split("```\n").next().unwrap().to_owned()
    };
    assert_eq!(program("README.md"), program("crates/letra/README.md"));
}

#[test]
fn the_table_of_experiments_is_the_one_in_the_source() {
    let source = read("crates/letra/src/lab/mod.rs");
    for line in blocks()[1].lines().filter(|line| !line.contains("// …")) {
        let there = source.lines().any(|known| known == line);
        assert_eq!(there, !line.contains("widths"), "{line}");
    }
}

#[test]
fn the_example_writes_a_report() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("report");
    let widths = Action::of::<own_experiment::Widths>();
    let line = [
        "widths",
        "--epochs",
        "2",
        "--seeds",
        "2",
        "--out",
        out.to_str().unwrap(),
    ];
    let arguments = widths.command().get_matches_from(line);
    widths.run(&arguments, &Interrupt::default()).unwrap();
    let figures: Value =
        serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(figures["experiment"], "widths");
    assert_eq!(figures["rows"].as_array().unwrap().len(), 3);
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("256 units") && page.contains("--seeds 2 --epochs 2"));
    assert!(out.join("units-32.letra").is_file());
}
