//! One network trained on one fold, and what it then says of the test pictures.

use std::ops::ControlFlow;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use letra_nn::prelude::*;
use letra_type::Split as Fold;

use super::examples::Examples;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::networks::{Recipe, Training};
use crate::report::curves::CurvePoint;

/// Steps between two measurements of a network that sees all pictures in a step.
const STEPS_BETWEEN_POINTS: usize = 10;

/// A trained network and how it did.
pub(super) struct Trained {
    /// The network.
    pub(super) network: Network,
    /// Accuracy along the way.
    pub(super) curve: Vec<CurvePoint>,
    /// Accuracy on the training pictures, 0 to 1.
    pub(super) train_accuracy: f64,
    /// Accuracy on the test pictures, 0 to 1.
    pub(super) test_accuracy: f64,
    /// What it says of the test pictures.
    pub(super) answers: Vec<Answer>,
    /// Steps of the optimizer.
    pub(super) steps: u64,
    /// Wall-clock seconds of training, measuring along the way included.
    pub(super) seconds: f64,
}

/// What a network says of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    /// Index of the picture in the data.
    pub(super) picture: usize,
    /// The class it was given.
    pub(super) said: usize,
    /// The probability of that class, 0 to 1.
    pub(super) probability: f32,
}

/// Trains a network on a fold; nothing if the reader asked to stop.
pub(super) fn train(
    recipe: &'static Recipe,
    examples: &Examples,
    fold: &Fold,
    (seed, threads): (u64, usize),
    label: &str,
    interrupt: &Interrupt,
) -> Result<Option<Trained>, Failure> {
    let failed = |error: Error| Failure::new(format!("{}: {error}", recipe.title));
    let train = examples.dataset(&fold.train)?;
    let test = examples.dataset(&fold.test)?;
    let mut network = recipe
        .build(&examples.task(), seed, threads)
        .map_err(failed)?;
    examples.typefaces().note(&mut network)?;

    let (fit, every) = match recipe.training {
        Training::FullBatch { steps } => {
            let fit = Fit::epochs(steps).batch(train.samples()).shuffle(false);
            (fit, STEPS_BETWEEN_POINTS)
        }
        Training::MiniBatch { batch, epochs } => (Fit::epochs(epochs).batch(batch), 1),
    };
    let mut recorder = Recorder {
        train: &train,
        test: &test,
        every,
        curve: Vec::new(),
        bar: progress_bar(label),
        interrupt,
    };
    let start = Instant::now();
    let fitted = network.fit(&train, fit.callback(&mut recorder));
    let seconds = start.elapsed().as_secs_f64();
    recorder.bar.finish_and_clear();
    fitted.map_err(failed)?;
    if interrupt.requested() {
        return Ok(None);
    }
    let curve = recorder.curve;
    let probabilities = network.predict(&test.inputs).map_err(failed)?;
    Ok(Some(Trained {
        train_accuracy: curve.last().map_or(f64::NAN, |point| point.train),
        test_accuracy: curve.last().map_or(f64::NAN, |point| point.test),
        answers: answers(&fold.test, &probabilities),
        steps: network.steps(),
        curve,
        seconds,
        network,
    }))
}

/// Measures accuracy along the way, shows it, and hears Ctrl-C.
struct Recorder<'a> {
    train: &'a Dataset,
    test: &'a Dataset,
    every: usize,
    curve: Vec<CurvePoint>,
    bar: ProgressBar,
    interrupt: &'a Interrupt,
}

impl Callback for Recorder<'_> {
    fn on_step_end(&mut self, _step: &Step) -> Result<ControlFlow<()>, Error> {
        Ok(match self.interrupt.requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if epoch.number.is_multiple_of(self.every) || epoch.number == epoch.epochs {
            let point = CurvePoint {
                step: epoch.network.steps(),
                train: accuracy(epoch.network, self.train)?,
                test: accuracy(epoch.network, self.test)?,
            };
            self.bar.set_message(format!(
                "train {:5.1}%  test {:5.1}%",
                point.train * 100.0,
                point.test * 100.0
            ));
            self.curve.push(point);
        }
        self.bar.set_length(epoch.epochs as u64);
        self.bar.set_position(epoch.number as u64);
        Ok(ControlFlow::Continue(()))
    }
}

fn accuracy(network: &Network, data: &Dataset) -> Result<f64, Error> {
    let scores = network.evaluate(data)?;
    Ok(scores.metric("accuracy").unwrap_or(f64::NAN))
}

fn answers(pictures: &[usize], probabilities: &Tensor) -> Vec<Answer> {
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

/// A bar on standard error; nothing at all where that is no terminal.
fn progress_bar(label: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_prefix(label.to_owned());
    if let Ok(style) = ProgressStyle::with_template(
        "{prefix:32} {bar:28.cyan/dim} {pos:>5}/{len:5} {msg}  {elapsed}",
    ) {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
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
