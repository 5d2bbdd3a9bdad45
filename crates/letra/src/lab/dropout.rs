//! `letra lab dropout`: what dropout and its relatives do to the gap between training and test.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use letra_nn::prelude::*;

use crate::action::Run;
use crate::experiment::{
    Column, Comparison, Experiment, Repeated, Row, Trial, Variant, best, caution, lead, named,
    points, slowest,
};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{Task, Training};
use crate::report::numbers::percent;

/// Compares dropout, maxout with dropout, DropConnect, annealed dropout and standout
#[derive(Debug, Args)]
pub struct DropoutFamily {
    #[command(flatten)]
    repeated: Repeated,

    /// Epochs of each training
    #[arg(long, value_name = "N", default_value_t = 60,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    epochs: usize,
}

/// Units of the two hidden layers.
const UNITS: [usize; 2] = [256, 64];

/// The share of units or weights that is dropped.
const RATE: f32 = 0.5;

/// Inputs of a maxout unit's maximum.
const PIECES: usize = 2;

impl Run for DropoutFamily {
    const NAME: &'static str = "dropout";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let experiment = Experiment::repeated(Self::NAME, &self.repeated, interrupt)?
            .option(&format!("--epochs {}", self.epochs));
        let training = Training::MiniBatch {
            batch: 128,
            epochs: self.epochs,
        };
        let repetitions = experiment.repetitions()?;
        let samples = repetitions.iter().map(|one| one.fold.train.len()).max();
        let steps = training.steps(samples.unwrap_or(1));
        let rows = experiment.train(&variants(training, steps))?;
        let split = experiment.arguments.split;
        let findings = [
            baseline(&rows),
            overall(&rows),
            gaps(&rows),
            slowest(&rows, "none"),
        ];
        let comparison = Comparison::new("Dropout and its relatives, compared", rows)
            .question(
                "A network that is too large for its pictures learns them by heart: it names those it was \
                 trained on, and fewer of the others. Dropout and its relatives disturb the training so that \
                 no unit can rely on another. How far does each close the gap, and what does it cost?",
            )
            .findings(findings.into_iter().flatten())
            .findings([caution(split)])
            .column(GAP);
        experiment.report(comparison)
    }
}

/// How much better the training pictures are named than the others.
const GAP: Column = Column {
    name: "gap",
    heading: "Gap",
    figure: gap,
    show: |gap| format!("{:.1}", gap * 100.0),
};

fn gap(trial: &Trial) -> Option<f64> {
    let gap = trial.train.accuracy - trial.test.accuracy;
    gap.is_finite().then_some(gap)
}

/// The same two hidden layers for all, and what each variant does to them. `steps` is the length
/// of a training.
fn variants(training: Training, steps: u64) -> Vec<Variant> {
    let variant = |name: &str, title: &str, about: String, hidden: Hidden| {
        Variant::new(name, title, move |task: &Task, compile| {
            let mut network = task.input().add(Flatten);
            for units in UNITS {
                network = hidden(network, units, steps);
            }
            network.add(Dense::new(task.classes)).compile(compile)
        })
        .about(about)
        .training(training)
        .compile(|_| Compile::new(Adam::new(0.001)).loss(CrossEntropy::from_logits()))
    };
    let [first, second] = UNITS;
    vec![
        variant(
            "none",
            "No dropout",
            format!("Two hidden layers of {first} and {second} rectified units, left alone."),
            |network, units, _| network.add(Dense::new(units).relu()),
        ),
        variant(
            "dropout",
            "Dropout",
            format!("A share of {RATE} of the hidden units is zero, other ones for each picture and step."),
            |network, units, _| network.add(Dense::new(units).relu()).add(Dropout::new(RATE)),
        ),
        variant(
            "maxout",
            "Dropout with maxout",
            format!(
                "Hidden units that are the largest of {PIECES} linear functions, half as many, so that the first \
                 layer has as many weights; dropout of {RATE} after them."
            ),
            |network, units, _| {
                network
                    .add(Maxout::new(units / PIECES, PIECES))
                    .add(Dropout::new(RATE))
            },
        ),
        variant(
            "drop-connect",
            "DropConnect",
            format!(
                "A share of {RATE} of the hidden layers' weights is zero, other ones for each picture and step; \
                 predictions average over normal draws of the units' inputs."
            ),
            |network, units, _| network.add(DropConnect::new(units, RATE).draws(DRAWS).relu()),
        ),
        variant(
            "annealed",
            "Annealed dropout",
            format!("Dropout whose rate falls from {RATE} to nothing over the training."),
            |network, units, steps| {
                let dropout = AnnealedDropout::new(RATE, steps);
                network.add(Dense::new(units).relu()).add(dropout)
            },
        ),
        variant(
            "standout",
            "Standout",
            "Each hidden unit is kept with a probability that rises with its own input, α = 1 and β = 0."
                .to_owned(),
            |network, units, _| network.add(Standout::new(units).relu()),
        ),
    ]
}

/// Adds a hidden layer of so many units to a network that is trained for so many steps.
type Hidden = fn(Sequential, usize, u64) -> Sequential;

/// Draws of a DropConnect prediction; accuracies along the way are many predictions.
const DRAWS: usize = 100;

fn mean_gap(row: &Row) -> Option<f64> {
    row.spread(gap).map(|spread| spread.mean)
}

/// What the network does when it is left alone.
fn baseline(rows: &[Row]) -> Option<String> {
    let none = named(rows, "none")?;
    Some(format!(
        "Left alone, the network names {} of the pictures it was trained on and {} of the others, a gap of {}.",
        percent(none.train_accuracy()),
        none.accuracy_in_words(),
        points(mean_gap(none)?)
    ))
}

/// Which variant tests best, and whether that is more than the luck of a seed.
fn overall(rows: &[Row]) -> Option<String> {
    let (none, winner) = (named(rows, "none")?, best(rows)?);
    if winner.name == none.name {
        return Some("None of the others tests better.".to_owned());
    }
    Some(format!(
        "{} tests best with {}, {}.",
        winner.title,
        winner.accuracy_in_words(),
        lead(winner, none)
    ))
}

/// Who closes the gap, and who leaves it.
fn gaps(rows: &[Row]) -> Option<String> {
    let others = || rows.iter().filter(|row| row.name != "none");
    let by_gap = |a: &&Row, b: &&Row| {
        mean_gap(a)
            .unwrap_or(f64::NAN)
            .total_cmp(&mean_gap(b).unwrap_or(f64::NAN))
    };
    let (least, most) = (others().min_by(by_gap)?, others().max_by(by_gap)?);
    if least.name == most.name {
        return None;
    }
    Some(format!(
        "Of the relatives, {} has the smallest gap, {}, with {} of the training pictures named, and {} the \
         largest, {}.",
        least.title,
        points(mean_gap(least)?),
        percent(least.train_accuracy()),
        most.title,
        points(mean_gap(most)?)
    ))
}
