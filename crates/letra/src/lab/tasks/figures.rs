//! The results as `--json` prints them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::part::Done;
use crate::experiment::{Column, Experiment, Figure, Row, Trial, figure, milliseconds};

/// What was done, and a row for each task and network.
#[derive(Serialize)]
pub(in crate::lab) struct Figures<'a> {
    experiment: &'static str,
    data: &'a str,
    split: &'static str,
    seeds: &'a [u64],
    threads: usize,
    findings: Vec<&'a str>,
    rows: Vec<RowFigures<'a>>,
}

#[derive(Serialize)]
struct RowFigures<'a> {
    name: &'a str,
    task: &'static str,
    network: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<usize>,
    measured: BTreeMap<&'static str, Figure>,
    steps: Figure,
    seconds: Figure,
    diverged: usize,
    trials: Vec<TrialFigures>,
}

#[derive(Serialize)]
struct TrialFigures {
    seed: u64,
    fold: usize,
    steps: u64,
    seconds: f64,
    #[serde(flatten)]
    measured: BTreeMap<&'static str, Option<f64>>,
}

/// All figures.
pub(in crate::lab) fn figures<'a>(
    experiment: &'a Experiment,
    data: &'a str,
    parts: &'a [Done],
    rows: &'a [Row],
) -> Figures<'a> {
    let findings = parts.iter().flat_map(|part| &part.findings);
    let of_part = |part: &'a Done| {
        let rows = rows[part.range.clone()].iter();
        rows.map(|row| row_figures(part, row))
    };
    Figures {
        experiment: experiment.name,
        data,
        split: experiment.arguments.split.name(),
        seeds: &experiment.seeds,
        threads: experiment.arguments.worker_threads(),
        findings: findings.map(String::as_str).collect(),
        rows: parts.iter().flat_map(of_part).collect(),
    }
}

fn row_figures<'a>(part: &'a Done, row: &'a Row) -> RowFigures<'a> {
    let columns = part.columns.iter();
    let trial = |trial: &Trial| TrialFigures {
        seed: trial.seed,
        fold: trial.fold + 1,
        steps: trial.steps,
        seconds: milliseconds(trial.seconds),
        measured: (part.columns.iter())
            .map(|column| (column.name, finite(column, trial)))
            .collect(),
    };
    RowFigures {
        name: &row.name,
        task: part.name,
        network: part.network(row),
        title: &row.title,
        parameters: row.network().map(|network| network.summary().parameters),
        measured: columns
            .map(|column| (column.name, figure(row, column.figure)))
            .collect(),
        steps: figure(row, |trial| Some(trial.steps as f64)),
        seconds: figure(row, |trial| Some(milliseconds(trial.seconds))),
        diverged: row.diverged(),
        trials: row.trials.iter().map(trial).collect(),
    }
}

/// What JSON has a form for.
fn finite(column: &Column, trial: &Trial) -> Option<f64> {
    (column.figure)(trial).filter(|value| value.is_finite())
}
