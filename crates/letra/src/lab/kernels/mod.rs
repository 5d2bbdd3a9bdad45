//! `letra lab kernels`: a kernel chosen by hand beside features that are learnt.

mod svm;

use std::collections::BTreeMap;
use std::time::Instant;

use clap::Args;
use letra_nn::layers::RandomFourierFeatures;
use letra_nn::prelude::*;

use self::svm::{Machine, Rows, Settings};
use crate::action::Run;
use crate::experiment::{
    Column, Comparison, Experiment, Repeated, Repetition, Row, Trial, Variant, caution, neighbour,
};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{Recipe, Task};
use crate::report::curves::Score;
use crate::report::numbers::thousands;

/// Random features of the network that stands in for the kernel.
const FEATURES: usize = 1024;
/// Names of what a trial measured.
const C: &str = "c";
const GAMMA: &str = "gamma";
const SEARCH: &str = "search_seconds";
const VECTORS: &str = "support_vectors";

/// Compares a kernel chosen by hand with features that are learnt
///
/// A support-vector machine with the kernel exp(−γ ‖x − y‖²), its C and γ chosen by
/// cross-validation within the training pictures; a linear classifier on random Fourier features
/// of the same kernel (Rahimi and Recht 2007); and, with the seminar's settings, logistic
/// regression, the feed-forward network and the CNN of Keras.
#[derive(Debug, Args)]
pub struct Kernels {
    #[command(flatten)]
    arguments: Repeated,
}

/// The settings that were chosen for each seed and fold.
type Chosen = BTreeMap<(u64, usize), Settings>;

impl Run for Kernels {
    const NAME: &'static str = "kernels";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let experiment = Experiment::repeated(Self::NAME, &self.arguments, interrupt)?;
        let rows = train_all(&experiment, interrupt)?;
        let findings = findings(&experiment, &rows)?;
        let comparison = Comparison::new("A kernel by hand, or features that are learnt", rows)
            .question(
                "How far does a fixed measure of likeness between pictures go, and what does \
                 learning the features add?",
            )
            .findings(findings)
            .column(Column {
                name: C,
                heading: "C",
                figure: |trial| trial.measured.get(C).copied(),
                show: |c| format!("{c:.0}"),
            })
            .column(Column {
                name: GAMMA,
                heading: "γ",
                figure: |trial| trial.measured.get(GAMMA).copied(),
                show: |gamma| format!("{gamma:.3}"),
            })
            .column(Column {
                name: VECTORS,
                heading: "Support vectors",
                figure: |trial| trial.measured.get(VECTORS).copied(),
                show: |count| thousands(count.round() as u64),
            })
            .column(Column {
                name: SEARCH,
                heading: "Search, s",
                figure: |trial| trial.measured.get(SEARCH).copied(),
                show: |seconds| format!("{seconds:.1}"),
            });
        experiment.report(comparison)
    }
}

/// The kernel machines and the networks; stopped by the reader, those that were finished.
fn train_all(experiment: &Experiment, interrupt: &Interrupt) -> Result<Vec<Row>, Failure> {
    let pictures = Rows::new(&experiment.examples);
    let mut chosen = Chosen::new();
    let machines = experiment
        .repeat(|repetition| machine(experiment, &pictures, repetition, &mut chosen, interrupt))?;
    let Some(machines) = machines else {
        return Ok(Vec::new());
    };
    let mut rows = vec![Row::new(
        "svm",
        "SVM, RBF kernel",
        "A support-vector machine for each pair of typefaces; the answer is what most of them say.",
        machines,
    )];
    let features = experiment.repeat(|repetition| {
        let settings = chosen[&(repetition.seed, repetition.number)];
        let trial = experiment.train_one(&fourier(settings.gamma), repetition)?;
        Ok(trial.map(|mut trial| {
            trial.measured.insert(GAMMA, settings.gamma);
            trial
        }))
    })?;
    let Some(features) = features else {
        return Ok(rows);
    };
    let variant = fourier(1.0);
    rows.push(Row::new(
        &variant.name,
        &variant.title,
        &variant.about,
        features,
    ));
    let networks = ["logistic", "feed-forward-keras", "cnn-keras"];
    let networks: Vec<Variant> = (networks.into_iter())
        .filter_map(|name| Recipe::named(name).map(Variant::from))
        .collect();
    rows.extend(experiment.train(&networks)?);
    Ok(rows)
}

/// Chooses the settings of a support-vector machine, trains it and asks it.
fn machine(
    experiment: &Experiment,
    pictures: &Rows,
    repetition: &Repetition,
    chosen: &mut Chosen,
    interrupt: &Interrupt,
) -> Result<Option<Trial>, Failure> {
    let threads = experiment.arguments.worker_threads();
    let resources = (threads, interrupt);
    let (train, test) = (&repetition.fold.train, &repetition.fold.test);
    let start = Instant::now();
    let split = (experiment.arguments.split, repetition.seed);
    let settings = svm::choose(&experiment.examples, pictures, train, split, resources)?;
    let Some(settings) = settings else {
        return Ok(None);
    };
    let search = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let Some(machine) = Machine::train(pictures, train, settings, resources)? else {
        return Ok(None);
    };
    let mut trial = Trial::new(repetition);
    trial.seconds = start.elapsed().as_secs_f64();
    let accuracy = |pictures: &[usize]| Score {
        accuracy: machine.accuracy(pictures, threads),
        ..Score::UNKNOWN
    };
    (trial.train, trial.test) = (accuracy(train), accuracy(test));
    trial.measured = BTreeMap::from([
        (C, settings.c),
        (GAMMA, settings.gamma),
        (SEARCH, search),
        (VECTORS, machine.support_vectors() as f64),
    ]);
    chosen.insert((repetition.seed, repetition.number), settings);
    Ok(Some(trial))
}

/// A linear classifier on random features of the kernel.
fn fourier(gamma: f64) -> Variant {
    let features = move |task: &Task, compile: Compile| {
        task.input()
            .add(Flatten)
            .add(RandomFourierFeatures::new(FEATURES).gamma(gamma as f32))
            .add(Dense::new(task.classes))
            .compile(compile)
    };
    Variant::new("fourier", "Random Fourier features", features)
        .about(format!(
            "{} cosines of random projections, whose products are the kernel of the support-vector \
             machine but for chance, and one linear layer that learns, with Adam.",
            thousands(FEATURES as u64)
        ))
        .compile(|_| Compile::new(Adam::new(0.01)))
}

/// What the figures say, a sentence each.
fn findings(experiment: &Experiment, rows: &[Row]) -> Result<Vec<String>, Failure> {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let nearest = experiment.nearest_neighbour()?;
    let mut sentences = Vec::new();
    if let Some(svm) = row("svm") {
        sentences.push(format!(
            "The support-vector machine, its kernel fixed by hand and its two settings by cross-validation, names {} \
             of the test pictures, after {:.1} seconds of search and {:.1} of training.",
            svm.accuracy_in_words(),
            svm.mean(|trial| trial.measured.get(SEARCH).copied().unwrap_or(f64::NAN)),
            svm.mean(|trial| trial.seconds)
        ));
    }
    if let (Some(svm), Some(fourier)) = (row("svm"), row("fourier")) {
        sentences.push(format!(
            "{} random features of the same kernel under a linear classifier give {}, {}, in {:.1} seconds.",
            thousands(FEATURES as u64),
            fourier.accuracy_in_words(),
            compared(fourier, svm, "the machine"),
            fourier.mean(|trial| trial.seconds)
        ));
    }
    if let (Some(logistic), Some(fourier)) = (row("logistic"), row("fourier")) {
        sentences.push(format!(
            "The same linear layer on bare pixels, as the seminar trains it, gives {}: {}.",
            logistic.accuracy_in_words(),
            match fourier.test_accuracy() > logistic.test_accuracy() {
                true => "what is gained is the kernel's doing",
                false => "the kernel gains nothing over it here",
            }
        ));
    }
    let learnt = ["feed-forward-keras", "cnn-keras"]
        .into_iter()
        .filter_map(row);
    for learnt in learnt {
        let against = row("svm").map_or(String::new(), |svm| {
            format!(", {}", compared(learnt, svm, "the machine"))
        });
        sentences.push(format!(
            "{}, whose features are learnt, gives {}{against}, in {:.1} seconds.",
            Recipe::named(&learnt.name).map_or(learnt.title.as_str(), |recipe| recipe.subject),
            learnt.accuracy_in_words(),
            learnt.mean(|trial| trial.seconds)
        ));
    }
    sentences.push(neighbour(rows, &nearest, "method"));
    sentences.push(caution(experiment.arguments.split));
    Ok(sentences)
}

/// How the test accuracy of a row lies to that of another.
fn compared(row: &Row, other: &Row, name: &str) -> String {
    let points = (row.test_accuracy() - other.test_accuracy()) * 100.0;
    match points {
        _ if points.abs() < 0.05 => format!("as much as {name}"),
        _ if points > 0.0 => format!("{points:.1} points more than {name}"),
        _ => format!("{:.1} points less than {name}", -points),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Examples;

    #[test]
    fn a_wide_gap_in_the_settings_shows_in_the_answers() {
        let examples = Examples::load(None).unwrap();
        let rows = Rows::new(&examples);
        let pictures = examples.pictures();
        // Two of the typefaces share glyphs, which cannot be told apart.
        let shared = |&index: &usize| {
            (0..examples.count()).any(|other| {
                pictures.labels()[other] != pictures.labels()[index]
                    && pictures.picture(other) == pictures.picture(index)
            })
        };
        let places = (0..examples.count()).step_by(9);
        let train: Vec<usize> = places.filter(|index| !shared(index)).collect();
        let interrupt = Interrupt::default();
        let machine = |c, gamma| {
            let settings = Settings { c, gamma };
            let machine = Machine::train(&rows, &train, settings, (2, &interrupt)).unwrap();
            machine.unwrap()
        };
        // A narrow kernel and a high price learn the pictures by heart.
        assert!(machine(100.0, 1.0).accuracy(&train, 2) > 0.999);
        // With a price near nothing all that is left is which side has more pictures.
        assert!(machine(1e-6, 0.01).accuracy(&train, 2) < 0.5);
        assert!(machine(10.0, 0.01).support_vectors() > 50);
    }

    #[test]
    fn a_reader_who_stops_gets_no_machine() {
        let examples = Examples::load(None).unwrap();
        let rows = Rows::new(&examples);
        let interrupt = Interrupt::default();
        interrupt.request();
        let settings = Settings {
            c: 1.0,
            gamma: 0.01,
        };
        let machine = Machine::train(&rows, &[0, 600], settings, (1, &interrupt)).unwrap();
        assert!(machine.is_none());
    }
}
