//! One variant trained on one fold, and what it then says of the test pictures.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;

use super::answers::answers;
use super::examples::Examples;
use super::results::{Repetition, Trial};
use super::variant::Variant;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::Training;
use crate::progress;
use crate::report::curves::{CurvePoint, Score};

/// Steps between two measurements of a network that sees all pictures in a step.
const STEPS_BETWEEN_POINTS: usize = 10;

/// What is shown of a training while it runs.
const BAR: &str = "{prefix:32} {bar:28.cyan/dim} {pos:>5}/{len:5} {msg}  {elapsed}";

/// Trains a variant on a fold; nothing if the reader asked to stop.
pub(super) fn train(
    examples: &Examples,
    variant: &Variant,
    repetition: &Repetition,
    threads: usize,
    interrupt: &Interrupt,
) -> Result<Option<Trial>, Failure> {
    let failed = |error: Error| Failure::network(&variant.title, &error);
    let train = examples.dataset(&repetition.fold.train)?;
    let test = examples.dataset(&repetition.fold.test)?;
    let mut network = variant
        .build(&examples.task(), train.samples(), repetition.seed, threads)
        .map_err(failed)?;
    examples.typefaces().note(&mut network)?;

    let (fit, every) = match variant.training {
        Training::FullBatch { steps } => {
            let fit = Fit::epochs(steps)
                .batch_size(train.samples())
                .shuffle(false);
            (fit, STEPS_BETWEEN_POINTS)
        }
        Training::MiniBatch { batch, epochs } => (Fit::epochs(epochs).batch_size(batch), 1),
    };
    let mut recorder = Recorder {
        variant,
        train: &train,
        test: &test,
        every,
        curve: Vec::new(),
        start: Instant::now(),
        measuring: Duration::ZERO,
        bar: progress::bar(BAR, 0).with_prefix(format!("{}{}", variant.title, repetition.label)),
        interrupt,
    };
    let fitted = network.fit(&train, fit.callback(&mut recorder));
    let seconds = recorder.seconds();
    recorder.bar.finish_and_clear();
    let curve = recorder.curve;
    let diverged = match fitted {
        Err(Error::Diverged { .. }) => true,
        fitted => fitted.map(|_| false).map_err(failed)?,
    };
    if interrupt.requested() {
        return Ok(None);
    }
    let mut trial = Trial::new(repetition);
    (trial.train, trial.test) = match curve.last() {
        Some(last) if !diverged => (last.train, last.test),
        _ => (
            score(&network, &train).map_err(failed)?,
            score(&network, &test).map_err(failed)?,
        ),
    };
    let probabilities = network.predict(test.inputs()).map_err(failed)?;
    trial.answers = answers(&repetition.fold.test, &probabilities);
    for (name, measure) in &variant.measures {
        let value = measure(&network, &test).map_err(failed)?;
        trial.measured.insert(name, value);
    }
    trial.curve = curve;
    trial.steps = network.steps();
    trial.seconds = seconds;
    trial.diverged = diverged;
    trial.network = (!diverged).then_some(network);
    Ok(Some(trial))
}

/// Measures along the way, shows it, and hears a request to stop.
struct Recorder<'a> {
    variant: &'a Variant,
    train: &'a Dataset,
    test: &'a Dataset,
    every: usize,
    curve: Vec<CurvePoint>,
    start: Instant,
    measuring: Duration,
    bar: ProgressBar,
    interrupt: &'a Interrupt,
}

impl Recorder<'_> {
    /// Seconds of training so far, without those of measuring.
    fn seconds(&self) -> f64 {
        (self.start.elapsed() - self.measuring).as_secs_f64()
    }

    fn measure(&mut self, network: &Trainer) -> Result<CurvePoint, Error> {
        let seconds = self.seconds();
        let start = Instant::now();
        let point = CurvePoint {
            step: network.steps(),
            seconds,
            train: score(network, self.train)?,
            test: score(network, self.test)?,
        };
        self.measuring += start.elapsed();
        Ok(point)
    }
}

impl Callback for Recorder<'_> {
    fn on_step_end(&mut self, _step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match self.interrupt.requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if self.interrupt.requested() {
            return Ok(ControlFlow::Break(()));
        }
        self.bar.set_length(epoch.epochs as u64);
        self.bar.set_position(epoch.number as u64);
        if !epoch.number.is_multiple_of(self.every) && epoch.number != epoch.epochs {
            return Ok(ControlFlow::Continue(()));
        }
        let point = self.measure(epoch.trainer)?;
        self.bar.set_message(format!(
            "train {:5.1}%  test {:5.1}%",
            point.train.accuracy * 100.0,
            point.test.accuracy * 100.0
        ));
        self.curve.push(point);
        let enough = self.variant.enough.as_ref();
        Ok(match enough.is_some_and(|enough| enough(&point)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

fn score(network: &Trainer, data: &Dataset) -> Result<Score, Error> {
    let scores = network.evaluate(data)?;
    Ok(Score {
        accuracy: scores.metric("accuracy").unwrap_or(f64::NAN),
        loss: scores.loss,
    })
}
