//! `letra lab recipe`: from a network that is too small to a good one, by the slide's questions.

mod page;
mod pictures;
mod plan;
mod rounds;

use std::time::Instant;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use letra_nn::prelude::*;
use letra_nn::training::{Diagnosis, LearningPoint};
use serde::Serialize;

use self::plan::Plan;
use self::rounds::{Low, Round, Rounds};
use crate::action::Run;
use crate::experiment::table::lined_up;
use crate::experiment::{Arguments, Contents, Experiment, Row, Trial, answers};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::report::curves::Score;
use crate::report::numbers::{percent, thousands};
use crate::terminal::Text;

/// Works its way from a network that is too small to a good one by the course's recipe
///
/// Each round trains a network, asks whether its error on the training pictures is high, and
/// whether that on new ones is, finds out which part of it is a matter of capacity, of data and of
/// regularisation, and changes one thing. New pictures are a part of the training pictures kept
/// back, character by character; the test pictures are looked at once, at the end. Of several
/// folds the first is taken.
#[derive(Debug, Args)]
pub struct Recipe {
    #[command(flatten)]
    arguments: Arguments,

    /// Rounds at most
    #[arg(long, value_name = "N", default_value_t = 14,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    rounds: usize,

    /// Passes over the pictures that the first round takes
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    epochs: usize,

    /// Training error that counts as low, 0 to 1; without it, that of the nearest neighbour on the
    /// pictures kept back, but at most 0.01
    #[arg(long, value_name = "SHARE", value_parser = share)]
    reference: Option<f64>,

    /// Gap between training error and error on new pictures that counts as low, 0 to 1; without
    /// it, a quarter of the nearest neighbour's error on the pictures kept back, but at least 0.01
    #[arg(long, value_name = "SHARE", value_parser = share)]
    gap: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a share from 0 to 1".into()),
    }
}

/// The rounds, and the test at the end.
struct Outcome<'a> {
    experiment: &'a Experiment,
    rounds: &'a Rounds,
    row: &'a Row,
    neighbour: Row,
}

impl Run for Recipe {
    const NAME: &'static str = "recipe";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut experiment = Experiment::once(Self::NAME, &self.arguments, interrupt)?;
        experiment = experiment.option(&format!(
            "--rounds {} --epochs {}",
            self.rounds, self.epochs
        ));
        if let Some(reference) = self.reference {
            experiment = experiment.option(&format!("--reference {reference}"));
        }
        if let Some(gap) = self.gap {
            experiment = experiment.option(&format!("--gap {gap}"));
        }
        let low = Low {
            error: self.reference,
            gap: self.gap,
        };
        let repetition = &experiment.repetitions()?[0];
        let limits = [self.rounds, self.epochs];
        let rounds = rounds::turn(&experiment, &repetition.fold.train, limits, low)?;
        let mut rows = Vec::new();
        if let Some(best) = rounds.best()
            && !experiment.stopped()
            && let Some(trial) = test(&experiment, &best.plan)?
        {
            rows.push(Row::new(
                "recipe",
                "The recipe's network",
                best.plan.network(),
                vec![trial],
            ));
        }
        experiment.publish(&rows, |experiment| contents(experiment, &rounds, &rows))
    }
}

/// Trains the best plan on all training pictures and looks at the test pictures, once; nothing if
/// the reader asked to stop.
fn test(experiment: &Experiment, plan: &Plan) -> Result<Option<Trial>, Failure> {
    let failed = |error: Error| Failure::network("the recipe", &error);
    let repetition = &experiment.repetitions()?[0];
    let start = Instant::now();
    let trained = rounds::train(experiment, plan, &repetition.fold.train, None)?;
    let mut network = trained.network;
    if experiment.stopped() {
        return Ok(None);
    }
    let mut trial = Trial::new(repetition);
    trial.seconds = start.elapsed().as_secs_f64();
    experiment.examples.typefaces().note(&mut network)?;
    let score = |pictures: &[usize]| -> Result<Score, Failure> {
        let scores = network.evaluate(&experiment.examples.dataset(pictures)?);
        let scores = scores.map_err(failed)?;
        Ok(Score {
            accuracy: scores.metric("accuracy").unwrap_or(f64::NAN),
            loss: scores.loss,
        })
    };
    trial.train = score(&repetition.fold.train)?;
    trial.test = score(&repetition.fold.test)?;
    let data = experiment.examples.dataset(&repetition.fold.test)?;
    let probabilities = network.predict(data.inputs()).map_err(failed)?;
    trial.answers = answers(&repetition.fold.test, &probabilities);
    trial.steps = network.steps();
    trial.network = Some(network);
    Ok(Some(trial))
}

fn contents(experiment: &Experiment, rounds: &Rounds, rows: &[Row]) -> Result<Contents, Failure> {
    let [row] = rows else {
        return Err(Failure::interrupted("stopped before the test"));
    };
    // Only the first fold is played through.
    let mut neighbour = experiment.nearest_neighbour()?;
    neighbour.trials.truncate(1);
    let outcome = Outcome {
        experiment,
        rounds,
        row,
        neighbour,
    };
    Ok(Contents {
        page: page::page(&outcome)?,
        figures: json::text(&figures(&outcome))?,
        table: table(&outcome),
    })
}

#[derive(Serialize)]
struct Figures<'a> {
    experiment: &'static str,
    data: String,
    split: &'static str,
    seed: u64,
    threads: usize,
    rounds: Vec<RoundFigures<'a>>,
    reason: &'a str,
    best_round: usize,
    train_accuracy: f64,
    test_accuracy: f64,
    nearest_neighbour: f64,
    nearest_neighbour_validation: f64,
    low_gap: f64,
}

#[derive(Serialize)]
struct RoundFigures<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    network: String,
    parameters: usize,
    samples: usize,
    diagnosis: &'a Diagnosis,
    learning_curve: &'a [LearningPoint],
    decision: &'a str,
    seconds: f64,
}

fn figures<'a>(outcome: &'a Outcome<'_>) -> Figures<'a> {
    let arguments = &outcome.experiment.arguments;
    Figures {
        experiment: outcome.experiment.name,
        data: arguments.data_name(),
        split: arguments.split.name(),
        seed: arguments.seed,
        threads: arguments.worker_threads(),
        rounds: outcome.rounds.rounds.iter().map(round_figures).collect(),
        reason: &outcome.rounds.reason,
        best_round: best_number(outcome.rounds),
        train_accuracy: outcome.row.train_accuracy(),
        test_accuracy: outcome.row.test_accuracy(),
        nearest_neighbour: outcome.neighbour.test_accuracy(),
        nearest_neighbour_validation: outcome.rounds.neighbour,
        low_gap: outcome.rounds.low_gap,
    }
}

fn round_figures(round: &Round) -> RoundFigures<'_> {
    RoundFigures {
        plan: &round.plan,
        network: round.plan.network(),
        parameters: round.parameters,
        samples: round.samples,
        diagnosis: &round.diagnosis,
        learning_curve: &round.points,
        decision: &round.decision,
        seconds: round.seconds,
    }
}

/// Number of the best round, from 1.
fn best_number(rounds: &Rounds) -> usize {
    let best = rounds.best().map(|best| best.diagnosis.validation_error);
    let errors = rounds
        .rounds
        .iter()
        .map(|round| round.diagnosis.validation_error);
    errors
        .into_iter()
        .position(|error| Some(error) == best)
        .unwrap_or(0)
        + 1
}

const HEADINGS: [&str; 10] = [
    "Round", "Network", "Epochs", "Pictures", "Train", "New", "Capacity", "Data", "Rest", "Then",
];

/// The cells of a round, errors and their parts in per cent.
fn cells(number: usize, round: &Round) -> Vec<String> {
    let diagnosis = &round.diagnosis;
    let part = |part: Option<f64>| part.map_or("–".into(), percent);
    vec![
        number.to_string(),
        round.plan.in_words(),
        round.plan.epochs.to_string(),
        thousands(round.samples as u64),
        percent(diagnosis.training_error),
        percent(diagnosis.validation_error),
        percent(diagnosis.capacity),
        part(diagnosis.data),
        part(diagnosis.regularisation),
        round.decision.clone(),
    ]
}

fn table(outcome: &Outcome<'_>) -> Text {
    let mut lines = vec![HEADINGS.map(str::to_owned).to_vec()];
    for (index, round) in outcome.rounds.rounds.iter().enumerate() {
        lines.push(cells(index + 1, round));
    }
    let mut text = lined_up(&lines);
    text.line("");
    text.line(findings(outcome).join(" "));
    text
}

/// What was found, a sentence each.
fn findings(outcome: &Outcome<'_>) -> Vec<String> {
    let rounds = &outcome.rounds.rounds;
    let error =
        |round: Option<&Round>| round.map_or(f64::NAN, |round| round.diagnosis.validation_error);
    let count = match rounds.len() {
        1 => "One round".to_owned(),
        count => format!("{count} rounds"),
    };
    vec![
        format!(
            "{count} took the error on pictures kept back from {} to {}.",
            percent(error(rounds.first())),
            percent(error(outcome.rounds.best()))
        ),
        outcome.rounds.reason.clone(),
        format!(
            "The network of round {}, trained on all training pictures, names {} of the test pictures right, the nearest neighbour {}.",
            best_number(outcome.rounds),
            percent(outcome.row.test_accuracy()),
            percent(outcome.neighbour.test_accuracy())
        ),
    ]
}
