//! Pictures of glyphs for each seed and fold, which tasks of several experiments learn.

use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::picture_sets::{self, PictureSet};
use super::{Training, scaled};
use crate::experiment::{Experiment, Repeated, Repetition, Trial};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks;

/// An experiment on pictures of glyphs that has begun.
pub(in crate::lab) struct Begun {
    pub(in crate::lab) experiment: Experiment,
    /// The pictures of a file that is not in the seminar's format.
    pub(in crate::lab) set: Option<PictureSet>,
    /// What is learnt from, in a few words.
    pub(in crate::lab) data: String,
}

/// Reads the pictures and prepares the report of an experiment that is told so much, besides options of its own.
pub(in crate::lab) fn begin(
    name: &'static str,
    mut repeated: Repeated,
    options: &[String],
    interrupt: &Interrupt,
) -> Result<Begun, Failure> {
    let data = repeated.arguments.data.clone();
    let set = match &data {
        Some(path) => picture_sets::read(path)?,
        None => None,
    };
    if set.is_some() {
        repeated.arguments.data = None;
    }
    let mut experiment = Experiment::repeated(name, &repeated, interrupt)?;
    if let (Some(path), true) = (&data, set.is_some()) {
        experiment = experiment.option(&format!("--data {}", path.display()));
    }
    for option in options {
        experiment = experiment.option(option);
    }
    Ok(Begun {
        experiment,
        set,
        data: data.map_or("built-in".into(), |path| path.display().to_string()),
    })
}

/// What a task is given.
pub(in crate::lab) struct Work<'a> {
    pub(in crate::lab) experiment: &'a Experiment,
    /// How long networks are trained, as a share of the usual.
    pub(in crate::lab) effort: f64,
    /// The most training pictures that are taken.
    pub(in crate::lab) most_pictures: Option<usize>,
    /// The pictures of a file that is not in the seminar's format.
    pub(in crate::lab) set: Option<PictureSet>,
}

/// A seed, a fold, and its pictures `[pictures, height, width, 1]`, ink from 0 to 1.
pub(in crate::lab) struct Lot {
    pub(in crate::lab) seed: u64,
    /// Number of the fold, from 0.
    pub(in crate::lab) fold: usize,
    /// Seed and fold in words, where there are several.
    label: String,
    pub(in crate::lab) train: Dataset,
    pub(in crate::lab) test: Dataset,
}

/// The place of the random numbers that choose training pictures.
const CHOICE: usize = 1 << 20;

impl Work<'_> {
    /// As many as usual, by the effort that was asked for; at least one.
    pub(in crate::lab) fn scaled(&self, usual: usize) -> usize {
        scaled(usual, self.effort)
    }

    /// Threads that were asked for.
    pub(in crate::lab) fn threads(&self) -> usize {
        self.experiment.arguments.threads
    }

    /// What a network needs to know to learn the pictures.
    pub(in crate::lab) fn shape(&self) -> networks::Task {
        match &self.set {
            Some(set) => set.shape(),
            None => self.experiment.examples.task(),
        }
    }

    /// What the classes are called.
    pub(in crate::lab) fn class_names(&self) -> Vec<String> {
        match &self.set {
            Some(set) => (0..set.shape().classes)
                .map(|class| class.to_string())
                .collect(),
            None => self.experiment.examples.class_names().to_vec(),
        }
    }

    /// A training of so many steps on the pictures of a lot.
    pub(in crate::lab) fn training(&self, name: &str, lot: &Lot, steps: usize) -> Training<'_> {
        Training::new(self.experiment, name, &lot.label, steps)
    }

    /// Does `work` for each seed and fold, which gives a trial for each of several rows; gives the trials of
    /// each row. Nothing if the reader asked to stop.
    pub(in crate::lab) fn each(
        &self,
        mut work: impl FnMut(&Lot) -> Result<Option<Vec<Trial>>, Failure>,
    ) -> Result<Option<Vec<Vec<Trial>>>, Failure> {
        self.each_of(self.repetitions()?, |repetition| {
            work(&self.lot(repetition)?)
        })
    }

    /// The same for each of some seeds, or whatever else tells trials apart.
    pub(in crate::lab) fn each_of<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        mut work: impl FnMut(T) -> Result<Option<Vec<Trial>>, Failure>,
    ) -> Result<Option<Vec<Vec<Trial>>>, Failure> {
        let mut rows: Vec<Vec<Trial>> = Vec::new();
        let first = self.experiment.each(all, |one| {
            let Some(trials) = work(one)? else {
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
    pub(in crate::lab) fn trial(&self) -> Trial {
        Trial {
            fold: self.fold,
            ..Trial::of_seed(self.seed)
        }
    }
}

/// The class of each picture.
pub(in crate::lab) fn labels(data: &Dataset) -> &[u32] {
    match data.targets() {
        Targets::Classes { labels, .. } => labels,
        _ => &[],
    }
}

/// The first picture of each class that there is.
pub(in crate::lab) fn one_of_each(data: &Dataset, classes: usize) -> Vec<usize> {
    let labels = labels(data);
    (0..classes as u32)
        .filter_map(|class| labels.iter().position(|&label| label == class))
        .collect()
}

/// The share of classes that were named right.
pub(in crate::lab) fn share_right(said: &[u32], labels: &[u32]) -> f64 {
    let right = said
        .iter()
        .zip(labels)
        .filter(|(said, label)| said == label);
    right.count() as f64 / labels.len().max(1) as f64
}

/// Mean squared distance of values.
pub(in crate::lab) fn squared_error(a: &Tensor, b: &Tensor) -> f64 {
    let squares = a
        .data()
        .iter()
        .zip(b.data())
        .map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>() / a.data().len().max(1) as f64
}
