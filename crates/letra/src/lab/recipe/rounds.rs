//! The loop of the slide: train, diagnose, decide, change.

use std::ops::ControlFlow;
use std::time::Instant;

use letra_nn::prelude::*;
use letra_nn::training::{Diagnosis, LearningPoint, Measured, NextStep};
use letra_type::nearest_neighbour_accuracy;

use super::pictures::Pictures;
use super::plan::{BATCH, Plan};
use crate::experiment::{Experiment, answers};
use crate::failure::Failure;
use crate::terminal;

/// Parts of the training pictures that a learning curve is measured on, beside all of them.
const PARTS: [f64; 3] = [0.25, 0.5, 0.75];
/// An error, or a gap, that counts as low whatever the nearest neighbour does.
const LOW: f64 = 0.01;
/// The share of the nearest neighbour's error on new pictures that counts as a low gap: all of
/// that error is gap, as the nearest neighbour makes none on the pictures that it keeps.
const LEFT: f64 = 0.25;

/// What counts as low, as the reader says or by the nearest neighbour.
#[derive(Clone, Copy)]
pub(super) struct Low {
    pub(super) error: Option<f64>,
    pub(super) gap: Option<f64>,
}

/// One turn of the loop.
pub(super) struct Round {
    pub(super) plan: Plan,
    pub(super) parameters: usize,
    /// Pictures that were trained on.
    pub(super) samples: usize,
    pub(super) history: History,
    pub(super) points: Vec<LearningPoint>,
    pub(super) diagnosis: Diagnosis,
    /// What is changed for the next round, or why there is none.
    pub(super) decision: String,
    pub(super) seconds: f64,
}

/// All turns, and why they ended.
pub(super) struct Rounds {
    pub(super) rounds: Vec<Round>,
    pub(super) reason: String,
    /// Accuracy of the nearest neighbour on the validation pictures.
    pub(super) neighbour: f64,
    /// The gap that counts as low.
    pub(super) low_gap: f64,
}

impl Rounds {
    /// The round with the lowest validation error.
    pub(super) fn best(&self) -> Option<&Round> {
        let error = |round: &&Round| round.diagnosis.validation_error;
        self.rounds
            .iter()
            .min_by(|a, b| error(a).total_cmp(&error(b)))
    }
}

/// Ends a training when the reader asks to stop.
pub(super) struct Stop<'a>(pub(super) &'a Experiment);

impl Callback for Stop<'_> {
    fn on_step_end(&mut self, _step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match self.0.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Turns the loop until the diagnosis is done, nothing is left to change, or `most` rounds are
/// over. Nothing else than `training` is looked at.
pub(super) fn turn(
    experiment: &Experiment,
    training: &[usize],
    [most, epochs]: [usize; 2],
    low: Low,
) -> Result<Rounds, Failure> {
    let (examples, seed) = (&experiment.examples, experiment.seeds[0]);
    let pictures = Pictures::part(examples, training, seed)?;
    let neighbour = nearest_neighbour_accuracy(examples.pictures(), &pictures.fold())?;
    let low = [
        low.error.unwrap_or((1.0 - neighbour).min(LOW)),
        low.gap.unwrap_or((LEFT * (1.0 - neighbour)).max(LOW)),
    ];
    let mut found = Rounds {
        rounds: Vec::new(),
        reason: format!("The {most} rounds that were allowed are over."),
        neighbour,
        low_gap: low[1],
    };
    let mut plan = Plan::first(epochs);
    while found.rounds.len() < most {
        eprint_progress(experiment, found.rounds.len() + 1, &plan);
        let Some(mut round) = one(experiment, &pictures, &plan, low)? else {
            break;
        };
        let next = round.diagnosis.next;
        let change = plan.follow(next, epochs);
        round.decision = change.clone().unwrap_or_else(|| "stop".into());
        found.rounds.push(round);
        if change.is_none() {
            found.reason = match next {
                NextStep::Done => "Neither error is high any more.".into(),
                _ => "Nothing is left that the recipe could change.".into(),
            };
            break;
        }
    }
    Ok(found)
}

fn eprint_progress(experiment: &Experiment, number: usize, plan: &Plan) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() && !experiment.arguments.json {
        terminal::say(format!(
            "Round {number}: {}, {} epochs",
            plan.network(),
            plan.epochs
        ));
    }
}

/// One round; nothing if the reader asked to stop.
fn one(
    experiment: &Experiment,
    pictures: &Pictures,
    plan: &Plan,
    [reference, gap]: [f64; 2],
) -> Result<Option<Round>, Failure> {
    let failed = |error: Error| Failure::network("the recipe", &error);
    let examples = &experiment.examples;
    let start = Instant::now();
    let chosen = pictures.share(plan.share);
    let validation = examples.dataset(&pictures.validation)?;
    let trained = train(experiment, plan, chosen, Some(&validation))?;
    let original = examples.dataset(chosen)?;
    let wrong = |network: &Trainer| -> Result<Vec<bool>, Failure> {
        let probabilities = network.predict(validation.inputs()).map_err(failed)?;
        let answers = answers(&pictures.validation, &probabilities).into_iter();
        Ok(answers
            .map(|answer| answer.said != examples.label(answer.picture))
            .collect())
    };
    let share =
        |wrong: &[bool]| wrong.iter().filter(|wrong| **wrong).count() as f64 / wrong.len() as f64;
    if experiment.stopped() {
        return Ok(None);
    }
    let scores = trained.network.evaluate(&original).map_err(failed)?;
    let training_error = 1.0 - scores.metric("accuracy").unwrap_or(0.0);
    let validated = wrong(&trained.network)?;
    let validation_error = share(&validated);
    let independent = pictures.independent(examples, &validated);
    let measured = Measured::new(training_error, validation_error, independent)
        .reference(reference)
        .gap(gap)
        .history(&trained.history);
    let mut diagnosis = measured.diagnose().map_err(failed)?;
    let mut points = Vec::new();
    // The gap is worth taking apart only where it decides.
    if matches!(diagnosis.next, NextStep::Regularise) {
        for part in PARTS {
            let count = ((chosen.len() as f64 * part).round() as usize).max(1);
            let smaller = train(experiment, plan, &chosen[..count], None)?;
            if experiment.stopped() {
                return Ok(None);
            }
            points.push(LearningPoint::new(count, share(&wrong(&smaller.network)?)));
        }
        points.push(LearningPoint::new(chosen.len(), validation_error));
        let measured = measured.learning_curve(&points);
        diagnosis = measured.diagnose().map_err(failed)?;
    }
    Ok(Some(Round {
        plan: plan.clone(),
        parameters: trained
            .network
            .parameters()
            .map(|parameter| parameter.values.len())
            .sum(),
        samples: chosen.len(),
        history: trained.history,
        points,
        diagnosis,
        decision: String::new(),
        seconds: start.elapsed().as_secs_f64(),
    }))
}

/// A network and how it was trained.
pub(super) struct Trained {
    pub(super) network: Trainer,
    pub(super) history: History,
}

/// Trains what the plan says on the pictures.
pub(super) fn train(
    experiment: &Experiment,
    plan: &Plan,
    pictures: &[usize],
    validation: Option<&Dataset>,
) -> Result<Trained, Failure> {
    let failed = |error: Error| Failure::network("the recipe", &error);
    let (examples, seed) = (&experiment.examples, experiment.seeds[0]);
    let data = examples.dataset(pictures)?;
    let mut network = plan
        .build(
            &examples.task(),
            pictures.len(),
            (seed, experiment.arguments.threads),
        )
        .map_err(failed)?;
    let mut stop = Stop(experiment);
    let mut fit = Fit::epochs(plan.epochs)
        .batch_size(BATCH)
        .callback(&mut stop);
    if let Some(validation) = validation {
        fit = fit.validation_data(validation);
    }
    let history = network.fit(&data, fit).map_err(failed)?;
    Ok(Trained { network, history })
}
