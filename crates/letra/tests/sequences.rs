//! `letra lab sequences`, small.

mod common;

use std::fs;
use std::path::Path;

use common::tasks::{self, mean, row, timeless};
use common::{letra, npz, refused};
use serde_json::Value;

/// Runs the experiment small; gives the figures, the page and the models.
#[track_caller]
fn small(arguments: &[&str]) -> (Value, String, Vec<String>) {
    tasks::small(&[&["sequences"], arguments].concat())
}

#[test]
fn a_gated_network_carries_the_sine_on() {
    let (figures, page, models) = small(&["sine"]);
    let largest = |network| mean(row(&figures, "sine", network), "largest_error");
    // Within 5 per cent of the amplitude for 200 steps.
    assert!(largest("lstm") < 0.05, "{figures}");
    assert!(largest("rnn") > largest("lstm"));
    assert!(page.contains("<section id=\"sine\"") && page.contains("truth"));
    assert_eq!(models.len(), 3);
}

#[test]
fn gates_solve_the_adding_problem_and_threads_change_nothing() {
    let (figures, page, _) = small(&["adding", "--effort", "0.4", "--threads", "1"]);
    for network in ["lstm", "gru"] {
        let row = row(&figures, "adding", network);
        assert!(mean(row, "sequences_needed") <= 38_400.0, "{row}");
        // Of 2,560 after 2,000 in a row without one.
        assert!(mean(row, "wrong_of_2560") < 26.0, "{row}");
    }
    let simple = row(&figures, "adding", "rnn");
    assert!(simple["measured"]["sequences_needed"]["mean"].is_null());
    assert!(mean(simple, "mean_squared_error") > 0.02, "{simple}");
    assert!(page.contains("does not solve it"));
    let (again, _, _) = small(&["adding", "--effort", "0.4", "--threads", "2"]);
    assert_eq!(timeless(figures), timeless(again));
}

#[test]
fn the_grammar_is_learnt() {
    let (figures, page, _) = small(&["reber", "--effort", "0.4"]);
    let row = row(&figures, "reber", "lstm");
    assert_eq!(row["trials"].as_array().expect("trials").len(), 12);
    assert!(mean(row, "success") > 0.8, "{row}");
    assert!(page.contains("12 trials"));
}

#[test]
fn glyphs_are_read_row_by_row() {
    let (figures, _, models) = small(&["glyphs", "--effort", "0.05"]);
    for network in [
        "rows-rnn",
        "rows-lstm",
        "rows-gru",
        "rows-cnn",
        "shuffled-lstm",
    ] {
        let row = row(&figures, "glyphs", network);
        let accuracy = mean(row, "test_accuracy");
        assert!((0.2..=1.0).contains(&accuracy), "{row}");
    }
    assert_eq!(models.len(), 8);
}

#[test]
fn words_are_invented_and_texts_written_on() {
    let arguments = ["characters", "--effort", "0.2", "--language", "german"];
    let (figures, page, _) = small(&arguments);
    let bits = |network| mean(row(&figures, "characters", network), "bits_per_character");
    // Of 31 characters, each as probable as the others takes nearly 5.
    assert!(
        bits("german-lstm") < 4.2 && bits("german-n-gram") < 4.2,
        "{figures}"
    );
    assert!(page.contains("Temperature 0.5"));

    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = "the cat sat on the mat. the dog ate the cat. ".repeat(60);
    fs::write(file.path(), text).expect("a file that can be written");
    let path = file.path().to_str().expect("UTF-8");
    // A text needs no word of what to do with it.
    let (figures, page, _) = small(&["--text", path, "--effort", "0.1"]);
    let row = row(&figures, "characters", "text-gru");
    assert!(mean(row, "bits_per_character") < 1.0, "{row}");
    assert!(page.contains("After “…"));
}

/// An npz archive of windows: a rise or a fall of two channels.
fn windows(path: &Path, label: u8) {
    let (count, steps) = (40, 8);
    let mut values = Vec::new();
    for window in 0..count {
        for step in 0..steps {
            let rises = window % 2 == 0;
            let value = if rises { step } else { steps - 1 - step };
            values.extend([value as u8, (window % 5) as u8]);
        }
    }
    let labels: Vec<u8> = (0..count)
        .map(|window| (window % 2) as u8 * label)
        .collect();
    let archive = npz(&[
        ("x_train", &[count, steps, 2], values.clone()),
        ("y_train", &[count], labels.clone()),
        ("x_test", &[count, steps, 2], values),
        ("y_test", &[count], labels),
    ]);
    fs::write(path, archive).expect("a file that can be written");
}

#[test]
fn windows_are_told_apart() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    windows(file.path(), 1);
    let path = file.path().to_str().expect("UTF-8");
    let (figures, page, models) = small(&["--data", path]);
    for network in ["rnn", "lstm", "gru", "bidirectional", "conv1d"] {
        let row = row(&figures, "windows", network);
        assert_eq!(mean(row, "test_accuracy"), 1.0, "{row}");
    }
    assert_eq!(figures["rows"].as_array().expect("rows").len(), 5);
    assert_eq!(models.len(), 5);
    assert!(page.contains("40 windows to learn, 40 to test: 8 steps of 2 channels, 2 classes."));
}

#[test]
fn what_nothing_can_be_learnt_from_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    let sequences = |arguments: &[&str]| letra(&[&["lab", "sequences"], arguments].concat());
    let text = |text: &[u8], says: &[&str]| {
        fs::write(path, text).expect("a file that can be written");
        refused(&sequences(&["--text", path]), 1, says);
    };
    text(b"", &["0 characters", "at least"]);
    text(&b"a".repeat(10_000), &["'a', over and over"]);
    text(b"\xff\xfe", &["UTF-8"]);
    let data = |arrays: &[(&str, &[usize], Vec<u8>)], says: &[&str]| {
        fs::write(path, npz(arrays)).expect("a file that can be written");
        refused(&sequences(&["windows", "--data", path]), 1, says);
    };
    let x = || vec![1; 24];
    data(&[("x_train", &[4, 6], x())], &["y_train"]);
    data(
        &[
            ("x_train", &[4, 6], x()),
            ("y_train", &[4], vec![0, 1, 0, 1]),
        ],
        &["[4, 6]", "[windows, steps, channels]"],
    );
    data(
        &[
            ("x_train", &[4, 3, 2], x()),
            ("y_train", &[3], vec![0, 1, 0]),
        ],
        &["y_train", "4 windows"],
    );
    data(&[("other", &[4, 3, 2], x())], &["no array x_train"]);
    windows(file.path(), 0);
    refused(&sequences(&["--data", path]), 1, &["one class"]);
    windows(file.path(), 1);
    refused(&sequences(&["glyphs", "--data", path]), 2, &["no pictures"]);
    refused(&sequences(&["windows"]), 2, &["--data"]);
    fs::write(path, b"").expect("a file that can be written");
    refused(&sequences(&["windows", "--data", path]), 1, &["empty"]);
    refused(
        &sequences(&["--text", "no-such-file.txt"]),
        1,
        &["no-such-file"],
    );
    refused(&sequences(&["--language", "klingon"]), 2, &["klingon"]);
    refused(&sequences(&["--effort", "0"]), 2, &["--effort"]);
    refused(&sequences(&["dancing"]), 2, &["dancing"]);
}
