//! The figures of a comparison, as `--json` prints them and `report.json` holds them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::comparison::Comparison;
use super::conduct::Experiment;
use super::results::{Row, Spread, Trial};

/// What was done, and a row for each variant.
#[derive(Debug, Serialize)]
pub(super) struct Figures<'a> {
    experiment: &'static str,
    data: String,
    split: &'static str,
    seeds: &'a [u64],
    threads: usize,
    findings: &'a [String],
    rows: Vec<RowFigures<'a>>,
    nearest_neighbour: NeighbourFigures,
}

/// Mean of a figure and, where there are several, its deviation between seeds and its range over
/// folds.
#[derive(Debug, Serialize)]
pub struct Figure {
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deviation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trials: Option<usize>,
}

/// Accuracies are from 0 to 1, times are in seconds.
#[derive(Debug, Serialize)]
struct RowFigures<'a> {
    name: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<usize>,
    train_accuracy: Figure,
    test_accuracy: Figure,
    train_loss: Figure,
    test_loss: Figure,
    steps: u64,
    seconds: Figure,
    diverged: usize,
    #[serde(flatten)]
    columns: BTreeMap<&'static str, Figure>,
    trials: Vec<TrialFigures>,
}

#[derive(Debug, Serialize)]
struct TrialFigures {
    seed: u64,
    fold: usize,
    train_accuracy: f64,
    test_accuracy: f64,
    train_loss: f64,
    test_loss: f64,
    steps: u64,
    seconds: f64,
    #[serde(flatten)]
    columns: BTreeMap<&'static str, Option<f64>>,
}

#[derive(Debug, Serialize)]
struct NeighbourFigures {
    test_accuracy: Figure,
    seconds: Figure,
}

/// All figures of a comparison.
pub(super) fn figures<'a>(
    experiment: &'a Experiment,
    comparison: &'a Comparison,
    neighbour: &Row,
) -> Figures<'a> {
    let row = |row| row_figures(row, comparison);
    Figures {
        experiment: experiment.name,
        data: experiment.arguments.data_name(),
        split: experiment.arguments.split.name(),
        seeds: &experiment.seeds,
        threads: experiment.arguments.worker_threads(),
        findings: &comparison.findings,
        rows: comparison.rows.iter().map(row).collect(),
        nearest_neighbour: NeighbourFigures {
            test_accuracy: figure(neighbour, |trial| Some(trial.test.accuracy)),
            seconds: figure(neighbour, |trial| Some(milliseconds(trial.seconds))),
        },
    }
}

fn row_figures<'a>(row: &'a Row, comparison: &Comparison) -> RowFigures<'a> {
    let columns = comparison.columns.iter();
    RowFigures {
        name: &row.name,
        title: &row.title,
        parameters: row.network().map(|network| network.summary().parameters),
        train_accuracy: figure(row, |trial| Some(trial.train.accuracy)),
        test_accuracy: figure(row, |trial| Some(trial.test.accuracy)),
        train_loss: figure(row, |trial| Some(trial.train.loss)),
        test_loss: figure(row, |trial| Some(trial.test.loss)),
        steps: row.steps(),
        seconds: figure(row, |trial| Some(milliseconds(trial.seconds))),
        diverged: row.diverged(),
        columns: columns
            .map(|column| (column.name, figure(row, column.figure)))
            .collect(),
        trials: row
            .trials
            .iter()
            .map(|trial| trial_figures(trial, comparison))
            .collect(),
    }
}

fn trial_figures(trial: &Trial, comparison: &Comparison) -> TrialFigures {
    let columns = comparison.columns.iter();
    TrialFigures {
        seed: trial.seed,
        fold: trial.fold + 1,
        train_accuracy: trial.train.accuracy,
        test_accuracy: trial.test.accuracy,
        train_loss: trial.train.loss,
        test_loss: trial.test.loss,
        steps: trial.steps,
        seconds: milliseconds(trial.seconds),
        columns: columns
            .map(|column| (column.name, (column.figure)(trial)))
            .collect(),
    }
}

/// A figure of a row, its mean and spread.
pub fn figure(row: &Row, of: impl Fn(&Trial) -> Option<f64>) -> Figure {
    let spread = row.spread(of);
    let some = |of: fn(Spread) -> Option<f64>| spread.and_then(of);
    Figure {
        mean: some(|spread| Some(spread.mean)),
        deviation: some(|spread| spread.deviation),
        folds: spread.and_then(|spread| spread.range),
        trials: spread
            .map(|spread| spread.count)
            .filter(|count| *count < row.trials.len()),
    }
}

/// Seconds to three decimals; what comes after is noise.
pub fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
