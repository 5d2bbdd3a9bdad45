//! The log as comma-separated values.

use letra_nn::prelude::*;

use super::data::{bytes, network, quadrants};

/// The rows of a file, each with its fields.
fn rows(path: &std::path::Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(fields).collect()
}

#[test]
fn a_row_an_epoch_that_reads_back_as_the_history() {
    let (train, test) = (quadrants(50), quadrants(20));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let mut log = CsvLog::new(&path);
    let fit = Fit::epochs(4).batch_size(20).validation_data(&test);
    let history = network(1).fit(&train, fit.callback(&mut log)).unwrap();
    let found = rows(&path);
    let names = [
        "epoch",
        "steps",
        "loss",
        "accuracy",
        "top_2_accuracy",
        "val_loss",
        "val_accuracy",
        "val_top_2_accuracy",
    ];
    assert_eq!(found[0], names);
    assert_eq!(found.len(), 5);
    for (row, epoch) in found[1..].iter().zip(history.epochs()) {
        assert_eq!(row[0], epoch.epoch().to_string());
        assert_eq!(row[1], epoch.steps().to_string());
        for (field, name) in row.iter().zip(names).skip(2) {
            assert_eq!(Some(field.parse().unwrap()), epoch.get(name), "{name}");
        }
    }
    // Another training begins anew.
    let fit = Fit::epochs(2).batch_size(20).callback(&mut log);
    network(1).fit(&train, fit).unwrap();
    assert_eq!(rows(&path).len(), 3);
    assert_eq!(rows(&path)[0].len(), 5);
}

/// The killed process had logged two epochs more than its checkpoint has, and half a row.
#[test]
fn a_resumed_training_has_each_epoch_once() {
    let train = quadrants(50);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let run = |epochs: usize, name: &str, resume: bool| {
        let path = folder.path().join(name);
        let mut network = network(1);
        let (mut log, mut keeper) = (CsvLog::new(&path), Checkpoint::new(&checkpoint).every(3));
        let fit = Fit::epochs(epochs).batch_size(20).callback(&mut log);
        let fit = match resume {
            true => fit.callback(&mut keeper).resume(&checkpoint),
            false => fit,
        };
        network.fit(&train, fit).unwrap();
        (std::fs::read_to_string(path).unwrap(), bytes(&network))
    };
    let whole = run(7, "whole.csv", false);
    run(3, "parts.csv", true);
    let stale = folder.path().join("parts.csv");
    let more = std::fs::read_to_string(&stale).unwrap() + "4,12,0.5,0.25,0.5\n5,15,0.";
    std::fs::write(&stale, more).unwrap();
    assert!(run(7, "parts.csv", true) == whole);
    // One that was over logs what it was.
    std::fs::remove_file(&stale).unwrap();
    assert!(run(7, "parts.csv", true) == whole);
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = CsvLog::new(folder.path().join("no such folder").join("log.csv"));
    let result = network(1).fit(&quadrants(20), Fit::epochs(1).callback(&mut log));
    assert!(matches!(result, Err(Error::Io { .. })));
}
