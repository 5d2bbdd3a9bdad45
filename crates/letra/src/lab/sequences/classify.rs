//! Training a network that says what class a sequence is of.

use std::ops::ControlFlow;

use letra_nn::prelude::*;

use super::work::{Training, Work};
use crate::experiment::{Column, Trial};
use crate::failure::Failure;
use crate::report::curves::{CurvePoint, Score};
use crate::report::numbers::percent;

/// Ends a training when the reader asks to stop, and shows how far it is.
pub(super) struct Watch<'a>(&'a Training<'a>);

impl<'a> Watch<'a> {
    pub(super) fn new(training: &'a Training<'a>) -> Self {
        Self(training)
    }
}

impl Callback for Watch<'_> {
    fn on_step_end(&mut self, _step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match self.0.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let loss = epoch.logs().loss();
        self.0.at(epoch.number, format!("loss {loss:.5}"));
        Ok(ControlFlow::Continue(()))
    }
}

/// What is learnt and what is tested.
pub(super) struct Task<'a> {
    /// What the training is called.
    pub(super) name: &'a str,
    pub(super) train: &'a Dataset,
    pub(super) test: &'a Dataset,
    pub(super) epochs: usize,
    pub(super) batch: usize,
}

impl Task<'_> {
    /// Steps of the training.
    pub(super) fn steps(&self) -> u64 {
        (self.train.samples().div_ceil(self.batch) * self.epochs) as u64
    }

    /// Fills a trial with a training of the network that `build` gives; nothing if the reader asked to
    /// stop.
    pub(super) fn train(
        &self,
        work: &Work<'_>,
        mut trial: Trial,
        build: impl FnOnce() -> Result<Trainer, Error>,
    ) -> Result<Option<Trial>, Failure> {
        let mut training = work.training(self.name, trial.seed, self.epochs);
        let failed = |error: Error| Failure::network(self.name, &error);
        let mut network = build().map_err(failed)?;
        // An epoch at a time would begin the order of the samples anew.
        let fit = Fit::epochs(self.epochs).batch_size(self.batch);
        let fitted = {
            let mut watch = Watch::new(&training);
            network.fit(self.train, fit.callback(&mut watch))
        };
        let history = match fitted {
            Ok(history) => Some(history),
            Err(Error::Diverged { .. }) => None,
            Err(error) => return Err(failed(error)),
        };
        if training.stopped() {
            return Ok(None);
        }
        trial.steps = network.steps();
        trial.seconds = training.seconds();
        trial.diverged = history.is_none();
        let score = |data: &Dataset| -> Result<Score, Error> {
            let scores = network.evaluate(data)?;
            Ok(Score {
                accuracy: scores.metric("accuracy").unwrap_or(f64::NAN),
                loss: scores.loss,
            })
        };
        (trial.train, trial.test) = training
            .apart(|_| Ok((score(self.train)?, score(self.test)?)))
            .map_err(failed)?;
        let epochs = history.iter().flat_map(|history| history.epochs());
        let point = |epoch: &EpochLogs| CurvePoint {
            step: epoch.epoch() as u64,
            seconds: f64::NAN,
            train: Score {
                accuracy: epoch.get("accuracy").unwrap_or(f64::NAN),
                loss: epoch.loss(),
            },
            test: Score::UNKNOWN,
        };
        trial.curve = epochs.map(point).collect();
        trial.network = (!trial.diverged).then_some(network);
        Ok(Some(trial))
    }
}

/// What the table of a task shows that names classes.
pub(super) fn accuracies() -> Vec<Column> {
    vec![
        Column {
            name: "train_accuracy",
            heading: "Train",
            figure: |trial| Some(trial.train.accuracy),
            show: percent,
        },
        Column {
            name: "test_accuracy",
            heading: "Test",
            figure: |trial| Some(trial.test.accuracy),
            show: percent,
        },
    ]
}
