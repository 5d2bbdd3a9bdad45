//! Training a network that names classes.

use letra_nn::prelude::*;

use super::{Training, Watch};
use crate::experiment::Trial;
use crate::failure::Failure;
use crate::report::curves::{CurvePoint, Score};

/// What is learnt and what is tested.
pub(in crate::lab) struct Classify<'a> {
    /// What the training is called.
    pub(in crate::lab) name: &'a str,
    pub(in crate::lab) train: &'a Dataset,
    pub(in crate::lab) test: &'a Dataset,
    pub(in crate::lab) epochs: usize,
    pub(in crate::lab) batch: usize,
}

impl Classify<'_> {
    /// Steps of the training.
    pub(in crate::lab) fn steps(&self) -> u64 {
        (self.train.samples().div_ceil(self.batch) * self.epochs) as u64
    }

    /// Fills a trial with a training of the network that `build` gives; nothing if the reader asked to
    /// stop.
    pub(in crate::lab) fn train(
        &self,
        mut training: Training<'_>,
        mut trial: Trial,
        build: impl FnOnce() -> Result<Trainer, Error>,
    ) -> Result<Option<Trial>, Failure> {
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
