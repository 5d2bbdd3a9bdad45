//! What came out of a task.

use std::ops::Range;

use maud::{Markup, html};

use super::work::Task;
use crate::experiment::{Column, Row, Trial};
use crate::failure::Failure;
use crate::report::curves::{Line, Scale, over_steps, sample};

/// What came out of a task.
#[derive(Default)]
pub(super) struct Part {
    /// A row for each network. Their names begin with that of the task.
    pub(super) rows: Vec<Row>,
    /// What was measured.
    pub(super) columns: Vec<Column>,
    /// What was found, a sentence each.
    pub(super) findings: Vec<String>,
    /// Plots and samples.
    pub(super) shown: Vec<Markup>,
}

/// A task that was done.
pub(super) struct Done {
    pub(super) task: &'static Task,
    /// Its rows among all.
    pub(super) range: Range<usize>,
    pub(super) columns: Vec<Column>,
    pub(super) findings: Vec<String>,
    pub(super) shown: Vec<Markup>,
}

/// All tasks.
pub(super) struct Outcome {
    /// What was learnt from, in a few words.
    pub(super) data: String,
    pub(super) parts: Vec<Done>,
    pub(super) rows: Vec<Row>,
}

impl Outcome {
    pub(super) fn new(data: String) -> Self {
        Self {
            data,
            parts: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a task, unless nothing of it was finished.
    pub(super) fn add(&mut self, task: &'static Task, part: Part) {
        if part.rows.is_empty() {
            return;
        }
        let first = self.rows.len();
        self.rows.extend(part.rows);
        self.parts.push(Done {
            task,
            range: first..self.rows.len(),
            columns: part.columns,
            findings: part.findings,
            shown: part.shown,
        });
    }
}

impl Done {
    /// What the network of a row is called.
    pub(super) fn network<'a>(&self, row: &'a Row) -> &'a str {
        let name = row.name.strip_prefix(self.task.name);
        let name = name.and_then(|name| name.strip_prefix('-'));
        name.unwrap_or(&row.name)
    }
}

/// The figure of a trial that was measured under a name.
pub(super) fn measured(trial: &Trial, name: &str) -> Option<f64> {
    trial.measured.get(name).copied()
}

/// Lines with names, as a plot with its legend.
pub(super) fn plot(
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
