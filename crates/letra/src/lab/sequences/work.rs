//! What a task of the experiment is given, and how it trains.

use std::path::Path;

use letra_nn::prelude::*;

use super::characters::Corpus;
use super::windows::Windows;
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::lab::tasks::{self, Part, Training};

/// One of the tasks.
pub(super) type Task = tasks::Task<fn(&Work<'_>) -> Result<Part, Failure>>;

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
        tasks::scaled(usual, self.effort)
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
        let label = match self.experiment.seeds.len() {
            1 => String::new(),
            _ => format!(", seed {seed}"),
        };
        Training::new(self.experiment, name, &label, steps)
    }
}
