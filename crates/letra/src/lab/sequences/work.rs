//! What a task of the experiment is given, and how it trains.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;

use super::characters::Corpus;
use super::part::Part;
use super::windows::Windows;
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::progress;

/// What is shown of a training while it runs.
const BAR: &str = "{prefix:36} {bar:28.cyan/dim} {pos:>6}/{len:6} {msg}  {elapsed}";

/// One of the tasks.
pub(super) struct Task {
    /// What the reader types.
    pub(super) name: &'static str,
    /// What the page calls it.
    pub(super) title: &'static str,
    /// What is to be done, in a few sentences.
    pub(super) about: &'static str,
    /// Does it. What was finished before the reader asked to stop is there.
    pub(super) run: fn(&Work<'_>) -> Result<Part, Failure>,
}

/// What a task is given.
pub(super) struct Work<'a> {
    pub(super) experiment: &'a Experiment,
    /// How long networks are trained, as a share of the usual.
    pub(super) effort: f64,
    /// What the task characters learns.
    pub(super) corpora: Vec<Corpus>,
    /// What the task windows learns.
    pub(super) windows: Option<Windows>,
}

impl Work<'_> {
    /// As many as usual, by the effort that was asked for; at least one.
    pub(super) fn scaled(&self, usual: usize) -> usize {
        ((usual as f64 * self.effort).round() as usize).max(1)
    }

    /// How a network is trained, on the threads that were asked for.
    pub(super) fn compile(&self, optimizer: Adam, seed: u64) -> Compile {
        let threads = self.experiment.arguments.threads;
        Compile::new(optimizer).seed(seed).threads(threads)
    }

    /// The files that were learnt from, in a few words.
    pub(super) fn data(&self, file: Option<&Path>) -> String {
        let data = file.map(|file| file.display().to_string());
        data.unwrap_or_else(|| "built-in".into())
    }

    /// A training of so many steps under a name.
    pub(super) fn training(&self, name: &str, seed: u64, steps: usize) -> Training<'_> {
        let bar = progress::bar(BAR, steps as u64);
        let label = match self.experiment.seeds.len() {
            1 => name.to_owned(),
            _ => format!("{name}, seed {seed}"),
        };
        Training {
            experiment: self.experiment,
            name: name.to_owned(),
            bar: bar.with_prefix(label),
            start: Instant::now(),
            apart: Duration::ZERO,
        }
    }
}

/// A training that runs: its clock and its bar.
pub(super) struct Training<'a> {
    experiment: &'a Experiment,
    name: String,
    bar: ProgressBar,
    start: Instant,
    apart: Duration,
}

impl Training<'_> {
    /// Whether the reader asked to stop.
    pub(super) fn stopped(&self) -> bool {
        self.experiment.stopped()
    }

    /// A step on a batch; gives the loss before it, which is no number where it is lost for good.
    pub(super) fn step(&self, network: &mut Trainer, batch: &Dataset) -> Result<f64, Failure> {
        match network.train_on_batch(batch) {
            Ok(scores) => Ok(scores.loss),
            Err(Error::Diverged { .. }) => Ok(f64::NAN),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Shows how far it is.
    pub(super) fn at(&self, step: usize, message: impl Into<String>) {
        self.bar.set_position(step as u64);
        self.bar.set_message(message.into());
    }

    /// Does something that is no part of the training, such as measuring.
    pub(super) fn apart<T>(&mut self, work: impl FnOnce(&Self) -> T) -> T {
        let start = Instant::now();
        let result = work(self);
        self.apart += start.elapsed();
        result
    }

    /// Seconds of training so far.
    pub(super) fn seconds(&self) -> f64 {
        (self.start.elapsed() - self.apart).as_secs_f64()
    }

    /// What went wrong, with the name of the training.
    pub(super) fn failed(&self, error: &Error) -> Failure {
        Failure::network(&self.name, error)
    }
}

impl Drop for Training<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
