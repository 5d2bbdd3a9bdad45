//! What came out of a task.

use std::ops::Range;

use maud::{Markup, html};

use super::Task;
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::report::curves::{Line, Scale, over_steps, sample};
use crate::report::numbers::percent;

/// What came out of a task.
#[derive(Default)]
pub(in crate::lab) struct Part {
    /// A row for each network. Their names begin with that of the task.
    pub(in crate::lab) rows: Vec<Row>,
    /// What was measured.
    pub(in crate::lab) columns: Vec<Column>,
    /// What was found, a sentence each.
    pub(in crate::lab) findings: Vec<String>,
    /// Plots and samples.
    pub(in crate::lab) shown: Vec<Markup>,
}

/// A task that was done.
pub(in crate::lab) struct Done {
    pub(in crate::lab) name: &'static str,
    pub(in crate::lab) title: &'static str,
    pub(in crate::lab) about: &'static str,
    /// Its rows among all.
    pub(in crate::lab) range: Range<usize>,
    pub(in crate::lab) columns: Vec<Column>,
    pub(in crate::lab) findings: Vec<String>,
    pub(in crate::lab) shown: Vec<Markup>,
}

/// All tasks.
pub(in crate::lab) struct Outcome {
    /// What was learnt from, in a few words.
    pub(in crate::lab) data: String,
    pub(in crate::lab) parts: Vec<Done>,
    pub(in crate::lab) rows: Vec<Row>,
}

impl Outcome {
    pub(in crate::lab) fn new(data: String) -> Self {
        Self {
            data,
            parts: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a task, unless nothing of it was finished.
    pub(in crate::lab) fn add<R>(&mut self, task: &Task<R>, part: Part) {
        if part.rows.is_empty() {
            return;
        }
        let first = self.rows.len();
        self.rows.extend(part.rows);
        self.parts.push(Done {
            name: task.name,
            title: task.title,
            about: task.about,
            range: first..self.rows.len(),
            columns: part.columns,
            findings: part.findings,
            shown: part.shown,
        });
    }
}

impl Done {
    /// What the network of a row is called.
    pub(in crate::lab) fn network<'a>(&self, row: &'a Row) -> &'a str {
        let name = row.name.strip_prefix(self.name);
        let name = name.and_then(|name| name.strip_prefix('-'));
        name.unwrap_or(&row.name)
    }
}

/// The figure of a trial that was measured under a name.
pub(in crate::lab) fn measured(trial: &Trial, name: &str) -> Option<f64> {
    trial.measured.get(name).copied()
}

/// Lines with names, as a plot with its legend.
pub(in crate::lab) fn plot(
    title: &str,
    scale: Scale,
    lines: Vec<(String, Vec<(f64, f64)>)>,
) -> Result<Markup, Failure> {
    let (names, lines): (Vec<String>, Vec<Line>) = (lines.into_iter().enumerate())
        .map(|(colour, (name, points))| (name, Line { colour, points }))
        .unzip();
    let drawn = over_steps(scale, &lines)?;
    Ok(html! {
        figure.card {
            figcaption { (title) }
            div.plot role="img" aria-label=(title) { (maud::PreEscaped(drawn)) }
            p.legend.plot {
                @for (colour, name) in names.iter().enumerate() {
                    span { (maud::PreEscaped(sample(colour))) (name) }
                }
            }
        }
    })
}

/// What the table of a task shows that names classes.
pub(in crate::lab) fn accuracies() -> Vec<Column> {
    vec![
        Column {
            name: "train_accuracy",
            heading: "Train",
            figure: |trial| Some(trial.train.accuracy),
            show: percent,
        },
        Column {
            name: "test_accuracy",
            heading: "Test",
            figure: |trial| Some(trial.test.accuracy),
            show: percent,
        },
    ]
}
