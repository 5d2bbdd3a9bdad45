//! What experiments share that put networks to several tasks: what came out of each, with figures of its own, on
//! one page.

mod classify;
mod figures;
pub(in crate::lab) mod gallery;
pub(in crate::lab) mod lots;
mod page;
mod part;
mod picture_sets;
mod table;
mod training;

use crate::experiment::{Contents, Experiment};
use crate::failure::Failure;
use crate::json;

pub(in crate::lab) use classify::Classify;
pub(in crate::lab) use part::{Outcome, Part, accuracies, measured, plot};
pub(in crate::lab) use training::{Training, Watch};

/// One of the tasks of an experiment; `R` does it.
pub(in crate::lab) struct Task<R> {
    /// What the reader types.
    pub(in crate::lab) name: &'static str,
    /// What the page calls it.
    pub(in crate::lab) title: &'static str,
    /// What is to be done, in a few sentences.
    pub(in crate::lab) about: &'static str,
    /// Does it. What was finished before the reader asked to stop is there.
    pub(in crate::lab) run: R,
}

/// How long networks are trained, as a share of the usual: an argument of the command line.
pub(in crate::lab) fn effort(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(effort) if (0.001..=1000.0).contains(&effort) => Ok(effort),
        _ => Err("give a number from 0.001 to 1000".into()),
    }
}

/// As many as usual, by the effort that was asked for; at least one.
pub(in crate::lab) fn scaled(usual: usize, effort: f64) -> usize {
    ((usual as f64 * effort).round() as usize).max(1)
}

impl<R> Task<R> {
    /// Whether it is one of those that the reader named, or none was named.
    pub(in crate::lab) fn is_among(&self, names: &[String]) -> bool {
        names.is_empty() || names.iter().any(|name| name == self.name)
    }
}

/// Does tasks one after the other until the reader asks to stop; what was finished before is in the outcome.
pub(in crate::lab) fn run_each<'t, R: 't>(
    tasks: impl Iterator<Item = &'t Task<R>>,
    experiment: &Experiment,
    outcome: &mut Outcome,
    run: impl Fn(&R) -> Result<Part, Failure>,
) -> Result<(), Failure> {
    for task in tasks {
        if experiment.stopped() {
            break;
        }
        outcome.add(task, run(&task.run)?);
    }
    Ok(())
}

/// Writes the report of all tasks, under a title and what was asked, and prints it.
pub(in crate::lab) fn publish(
    experiment: Experiment,
    words: [&str; 2],
    outcome: &Outcome,
) -> Result<(), Failure> {
    let Outcome { data, parts, rows } = outcome;
    experiment.publish(rows, |experiment| {
        Ok(Contents {
            page: page::page(words, experiment, data, parts, rows)?,
            figures: json::text(&figures::figures(experiment, data, parts, rows))?,
            table: table::table(parts, rows),
        })
    })
}
