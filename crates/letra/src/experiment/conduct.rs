//! An experiment at work: pictures, seeds and folds, and what is trained of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use letra_type::nearest_neighbour_accuracy;

use super::arguments::{Arguments, Repeated};
use super::examples::{Examples, Split};
use super::results::{Repetition, Row, Trial};
use super::training::train;
use super::variant::Variant;
use crate::failure::Failure;
use crate::interrupt::{Interrupt, Keeping};
use crate::report::folder::{ReportFolder, Reporter};

/// An experiment at work: its pictures are read and its report's folder is prepared.
#[derive(Debug)]
pub struct Experiment {
    /// What the reader types.
    pub name: &'static str,
    /// The arguments that the reader typed.
    pub arguments: Arguments,
    /// Each variant is trained once from each seed.
    pub seeds: Vec<u64>,
    /// The pictures.
    pub examples: Examples,
    /// The command line that gives the same result again.
    pub command: String,
    every_model: bool,
    pub(super) folder: ReportFolder,
    pub(super) interrupt: Interrupt,
    /// Whether something was finished that a report can show.
    finished: AtomicBool,
    /// Held from a request to stop on, where there is something to report.
    keeping: OnceLock<Keeping>,
}

impl Experiment {
    /// Reads the pictures and prepares the report of an experiment that is done once.
    pub fn once(
        name: &'static str,
        arguments: &Arguments,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Self::prepare(name, arguments, 1, interrupt)
    }

    /// Reads the pictures and prepares the report of an experiment that is done from several seeds.
    pub fn repeated(
        name: &'static str,
        arguments: &Repeated,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Self::prepare(name, &arguments.arguments, arguments.seeds, interrupt)
    }

    fn prepare(
        name: &'static str,
        arguments: &Arguments,
        seeds: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let examples = Examples::load(arguments.data.as_deref())?;
        examples.folds(arguments.split, arguments.seed)?;
        Ok(Self {
            name,
            arguments: arguments.clone(),
            seeds: (0..seeds as u64)
                .map(|next| arguments.seed.wrapping_add(next))
                .collect(),
            examples,
            command: arguments.command(name, seeds),
            every_model: false,
            folder: ReportFolder::prepare(&arguments.folder(name), Reporter::Lab)?,
            interrupt: interrupt.clone(),
            finished: AtomicBool::new(false),
            keeping: OnceLock::new(),
        })
    }

    /// Adds an option of the experiment's own to the command that gives the same result again.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.command += " ";
        self.command += option;
        self
    }

    /// Keeps the model of every training, and not only that of the first seed and fold.
    #[must_use]
    pub fn keep_every_model(mut self) -> Self {
        self.every_model = true;
        self
    }

    /// Whether the reader asked to stop.
    pub fn stopped(&self) -> bool {
        self.interrupt.requested()
    }

    /// What is to be repeated: each fold, from each seed.
    pub fn repetitions(&self) -> Result<Vec<Repetition>, Failure> {
        let mut repetitions = Vec::new();
        for &seed in &self.seeds {
            let folds = self.examples.folds(self.arguments.split, seed)?;
            let count = folds.len();
            for (number, fold) in folds.into_iter().enumerate() {
                let mut label = String::new();
                if self.seeds.len() > 1 {
                    label += &format!(", seed {seed}");
                }
                if count > 1 {
                    label += &format!(", fold {} of {count}", number + 1);
                }
                repetitions.push(Repetition {
                    seed,
                    number,
                    fold,
                    label,
                });
            }
        }
        Ok(repetitions)
    }

    /// Trains each variant from each seed on each fold. Stopped by the reader, gives those that
    /// were finished.
    pub fn train(&self, variants: &[Variant]) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for variant in variants {
            let trials = self.repeat(|repetition| self.train_one(variant, repetition))?;
            let Some(trials) = trials else { break };
            rows.push(Row::new(
                &variant.name,
                &variant.title,
                &variant.about,
                trials,
            ));
        }
        Ok(rows)
    }

    /// Trains a variant once; nothing if the reader asked to stop.
    pub fn train_one(
        &self,
        variant: &Variant,
        repetition: &Repetition,
    ) -> Result<Option<Trial>, Failure> {
        let threads = self.arguments.threads;
        train(
            &self.examples,
            variant,
            repetition,
            threads,
            &self.interrupt,
        )
    }

    /// Does `work` for each seed and fold: training a network, or anything else that can be told
    /// right from wrong by its answers. Nothing if the reader asked to stop.
    pub fn repeat(
        &self,
        mut work: impl FnMut(&Repetition) -> Result<Option<Trial>, Failure>,
    ) -> Result<Option<Vec<Trial>>, Failure> {
        self.each(self.repetitions()?, |repetition| work(&repetition))
    }

    /// Does `work` for each of some seeds, or whatever else tells trials apart. Nothing if the reader
    /// asked to stop.
    pub fn each<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        mut work: impl FnMut(T) -> Result<Option<Trial>, Failure>,
    ) -> Result<Option<Vec<Trial>>, Failure> {
        let mut trials: Vec<Trial> = Vec::new();
        for one in all {
            if self.stopped() {
                self.keep_what_was_finished();
                return Ok(None);
            }
            let Some(mut trial) = work(one)? else {
                self.keep_what_was_finished();
                return Ok(None);
            };
            if !self.every_model && !trials.is_empty() {
                trial.network = None;
            }
            trials.push(trial);
        }
        self.finished.store(true, Ordering::Relaxed);
        Ok(Some(trials))
    }

    /// Sees to it that the process is not ended before what was finished is in a report.
    fn keep_what_was_finished(&self) {
        if self.finished.load(Ordering::Relaxed) && !self.folder.replaces_a_report() {
            self.keeping.get_or_init(|| self.interrupt.keeping());
        }
    }

    /// Names each test picture as its nearest training picture: the simplest rival.
    pub fn nearest_neighbour(&self) -> Result<Row, Failure> {
        let mut trials = Vec::new();
        for repetition in self.repetitions()? {
            // A split that no seed decides has the same neighbours again.
            if repetition.seed != self.seeds[0] && self.arguments.split != Split::Random {
                break;
            }
            let start = Instant::now();
            let accuracy = nearest_neighbour_accuracy(self.examples.pictures(), &repetition.fold)?;
            let mut trial = Trial::new(&repetition);
            trial.test.accuracy = accuracy;
            trial.seconds = start.elapsed().as_secs_f64();
            trials.push(trial);
        }
        Ok(Row::new(
            "nearest-neighbour",
            "1-nearest neighbour",
            "",
            trials,
        ))
    }
}
