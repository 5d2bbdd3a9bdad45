//! What a task of the experiment is given.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::files::PictureSet;
use crate::experiment::{Experiment, Repetition, Trial};
use crate::failure::Failure;
use crate::lab::tasks::{self, Part, Training};
use crate::networks;

/// One of the tasks.
pub(super) type Task = tasks::Task<fn(&Work<'_>) -> Result<Part, Failure>>;

/// What a task is given.
pub(super) struct Work<'a> {
    pub(super) experiment: &'a Experiment,
    /// How long networks are trained, as a share of the usual.
    pub(super) effort: f64,
    /// The most training pictures that are taken.
    pub(super) most_pictures: Option<usize>,
    /// The pictures of a file that is not in the seminar's format.
    pub(super) set: Option<PictureSet>,
}

/// A seed, a fold, and its pictures `[pictures, height, width, 1]`, ink from 0 to 1.
pub(super) struct Lot {
    pub(super) seed: u64,
    /// Number of the fold, from 0.
    pub(super) fold: usize,
    /// Seed and fold in words, where there are several.
    label: String,
    pub(super) train: Dataset,
    pub(super) test: Dataset,
}

/// The place of the random numbers that choose training pictures.
const CHOICE: usize = 1 << 20;

impl Work<'_> {
    /// As many as usual, by the effort that was asked for; at least one.
    pub(super) fn scaled(&self, usual: usize) -> usize {
        tasks::scaled(usual, self.effort)
    }

    /// Threads that were asked for.
    pub(super) fn threads(&self) -> usize {
        self.experiment.arguments.threads
    }

    /// What a network needs to know to learn the pictures.
    pub(super) fn shape(&self) -> networks::Task {
        match &self.set {
            Some(set) => set.shape(),
            None => self.experiment.examples.task(),
        }
    }

    /// What the classes are called.
    pub(super) fn class_names(&self) -> Vec<String> {
        match &self.set {
            Some(set) => (0..set.shape().classes)
                .map(|class| class.to_string())
                .collect(),
            None => self.experiment.examples.class_names().to_vec(),
        }
    }

    /// A training of so many steps on the pictures of a lot.
    pub(super) fn training(&self, name: &str, lot: &Lot, steps: usize) -> Training<'_> {
        Training::new(self.experiment, name, &lot.label, steps)
    }

    /// Does `work` for each seed and fold, which gives a trial for each of several rows; gives the trials of
    /// each row. Nothing if the reader asked to stop.
    pub(super) fn each(
        &self,
        mut work: impl FnMut(&Lot) -> Result<Option<Vec<Trial>>, Failure>,
    ) -> Result<Option<Vec<Vec<Trial>>>, Failure> {
        let mut rows: Vec<Vec<Trial>> = Vec::new();
        let first = self.experiment.each(self.repetitions()?, |repetition| {
            let lot = self.lot(repetition)?;
            let Some(trials) = work(&lot)? else {
                return Ok(None);
            };
            let mut trials = trials.into_iter();
            let first = trials.next();
            for (place, mut trial) in trials.enumerate() {
                match rows.get_mut(place) {
                    // One model a row is kept, as the experiment does with those of the first row.
                    Some(row) => {
                        trial.network = None;
                        row.push(trial);
                    }
                    None => rows.push(vec![trial]),
                }
            }
            Ok(first)
        })?;
        Ok(first.map(|first| {
            rows.insert(0, first);
            rows
        }))
    }

    fn repetitions(&self) -> Result<Vec<Repetition>, Failure> {
        let mut repetitions = self.experiment.repetitions()?;
        if self.set.is_some() {
            // The set has its own test pictures.
            repetitions.retain(|repetition| repetition.number == 0);
        }
        Ok(repetitions)
    }

    fn lot(&self, repetition: Repetition) -> Result<Lot, Failure> {
        let Repetition {
            seed,
            number: fold,
            fold: pictures,
            label,
        } = repetition;
        let (mut train, test) = match &self.set {
            Some(set) => (set.train.clone(), set.test.clone()),
            None => {
                let examples = &self.experiment.examples;
                (
                    examples.dataset(&pictures.train)?,
                    examples.dataset(&pictures.test)?,
                )
            }
        };
        if let Some(most) = self.most_pictures.filter(|&most| most < train.samples()) {
            let order = Random::new(seed, Domain::Shuffle, CHOICE, 0).permutation(train.samples());
            train = train.select(&order[..most]);
        }
        Ok(Lot {
            seed,
            fold,
            label,
            train,
            test,
        })
    }
}

impl Lot {
    /// A trial of which nothing is known yet.
    pub(super) fn trial(&self) -> Trial {
        Trial {
            fold: self.fold,
            ..Trial::of_seed(self.seed)
        }
    }
}

/// The class of each picture.
pub(super) fn labels(data: &Dataset) -> &[u32] {
    match data.targets() {
        Targets::Classes { labels, .. } => labels,
        _ => &[],
    }
}

/// The first picture of each class that there is.
pub(super) fn one_of_each(data: &Dataset, classes: usize) -> Vec<usize> {
    let labels = labels(data);
    (0..classes as u32)
        .filter_map(|class| labels.iter().position(|&label| label == class))
        .collect()
}

/// The share of classes that were named right.
pub(super) fn share_right(said: &[u32], labels: &[u32]) -> f64 {
    let right = said
        .iter()
        .zip(labels)
        .filter(|(said, label)| said == label);
    right.count() as f64 / labels.len().max(1) as f64
}

/// Mean squared distance of values.
pub(super) fn squared_error(a: &Tensor, b: &Tensor) -> f64 {
    let squares = a
        .data()
        .iter()
        .zip(b.data())
        .map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>() / a.data().len().max(1) as f64
}
