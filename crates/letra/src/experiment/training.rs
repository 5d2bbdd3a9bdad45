//! One variant trained on one fold, and what it then says of the test pictures.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;

use super::{Experiment, Place, Trial, Variant};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::Training;
use crate::progress;
use crate::report::curves::{CurvePoint, Score};

/// Steps between two measurements of a network that sees all pictures in a step.
const STEPS_BETWEEN_POINTS: usize = 10;

/// What is shown of a training while it runs.
const BAR: &str = "{prefix:32} {bar:28.cyan/dim} {pos:>5}/{len:5} {msg}  {elapsed}";

/// What was said of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Index of the picture in the data.
    pub picture: usize,
    /// The class it was given.
    pub said: usize,
    /// The probability of that class, 0 to 1.
    pub probability: f32,
}

/// Trains a variant on a fold; nothing if the reader asked to stop.
pub(super) fn train(
    experiment: &Experiment,
    variant: &Variant,
    place: &Place,
    interrupt: &Interrupt,
) -> Result<Option<Trial>, Failure> {
    let failed = |error: Error| Failure::new(format!("{}: {error}", variant.title));
    let examples = &experiment.examples;
    let train = examples.dataset(&place.fold.train)?;
    let test = examples.dataset(&place.fold.test)?;
    let threads = experiment.arguments.threads;
    let mut network = variant
        .build(&examples.task(), train.samples(), place.seed, threads)
        .map_err(failed)?;
    examples.typefaces().note(&mut network)?;

    let (fit, every) = match variant.training {
        Training::FullBatch { steps } => {
            let fit = Fit::epochs(steps).batch(train.samples()).shuffle(false);
            (fit, STEPS_BETWEEN_POINTS)
        }
        Training::MiniBatch { batch, epochs } => (Fit::epochs(epochs).batch(batch), 1),
    };
    let mut recorder = Recorder {
        variant,
        train: &train,
        test: &test,
        every,
        curve: Vec::new(),
        start: Instant::now(),
        measuring: Duration::ZERO,
        bar: progress::bar(BAR, 0).with_prefix(format!("{}{}", variant.title, place.label)),
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
    let mut trial = Trial::new(place);
    (trial.train, trial.test) = match curve.last() {
        Some(last) if !diverged => (last.train, last.test),
        _ => (
            score(&network, &train).map_err(failed)?,
            score(&network, &test).map_err(failed)?,
        ),
    };
    let probabilities = network.predict(&test.inputs).map_err(failed)?;
    trial.answers = answers(&place.fold.test, &probabilities);
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

/// What rows of probabilities say of the pictures they are of.
pub fn answers(pictures: &[usize], probabilities: &Tensor) -> Vec<Answer> {
    pictures
        .iter()
        .enumerate()
        .map(|(row, &picture)| {
            let (said, probability) = most_probable(probabilities.sample(row));
            Answer {
                picture,
                said,
                probability,
            }
        })
        .collect()
}

/// The class with the highest probability, the first of equals, and that probability.
fn most_probable(probabilities: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::MIN);
    for (class, &probability) in probabilities.iter().enumerate() {
        if probability > best.1 {
            best = (class, probability);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_class_is_named_and_the_first_of_equals() {
        assert_eq!(most_probable(&[0.1, 0.7, 0.2]), (1, 0.7));
        assert_eq!(most_probable(&[0.5, 0.5]), (0, 0.5));
    }

    #[test]
    fn answers_go_with_the_pictures_they_are_of() {
        let probabilities = Tensor::new([2, 2], vec![0.9, 0.1, 0.2, 0.8]).unwrap();
        let said: Vec<_> = answers(&[40, 7], &probabilities)
            .iter()
            .map(|answer| (answer.picture, answer.said))
            .collect();
        assert_eq!(said, [(40, 0), (7, 1)]);
    }
}
