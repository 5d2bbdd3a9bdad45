//! A training that runs, seen from outside.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;

use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::progress;

/// What is shown of a training while it runs.
const BAR: &str = "{prefix:36} {bar:28.cyan/dim} {pos:>6}/{len:6} {msg}  {elapsed}";

/// A training that runs: its clock and its bar.
pub(in crate::lab) struct Training<'a> {
    experiment: &'a Experiment,
    name: String,
    bar: ProgressBar,
    start: Instant,
    apart: Duration,
}

impl<'a> Training<'a> {
    /// A training of so many steps under a name.
    pub(in crate::lab) fn new(
        experiment: &'a Experiment,
        name: &str,
        label: &str,
        steps: usize,
    ) -> Self {
        Training {
            experiment,
            name: name.to_owned(),
            bar: progress::bar(BAR, steps as u64).with_prefix(format!("{name}{label}")),
            start: Instant::now(),
            apart: Duration::ZERO,
        }
    }

    /// Whether the reader asked to stop.
    pub(in crate::lab) fn stopped(&self) -> bool {
        self.experiment.stopped()
    }

    /// A step on a batch; gives the loss before it, which is no number where it is lost for good.
    pub(in crate::lab) fn step(
        &self,
        network: &mut Trainer,
        batch: &Dataset,
    ) -> Result<f64, Failure> {
        match network.train_on_batch(batch) {
            Ok(scores) => Ok(scores.loss),
            Err(Error::Diverged { .. }) => Ok(f64::NAN),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Shows how far it is.
    pub(in crate::lab) fn at(&self, step: usize, message: impl Into<String>) {
        self.bar.set_position(step as u64);
        self.bar.set_message(message.into());
    }

    /// Does something that is no part of the training, such as measuring.
    pub(in crate::lab) fn apart<T>(&mut self, work: impl FnOnce(&Self) -> T) -> T {
        let start = Instant::now();
        let result = work(self);
        self.apart += start.elapsed();
        result
    }

    /// Seconds of training so far.
    pub(in crate::lab) fn seconds(&self) -> f64 {
        (self.start.elapsed() - self.apart).as_secs_f64()
    }

    /// What went wrong, with the name of the training.
    pub(in crate::lab) fn failed(&self, error: &Error) -> Failure {
        Failure::network(&self.name, error)
    }
}

impl Drop for Training<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Ends a training when the reader asks to stop, and shows how far it is.
pub(in crate::lab) struct Watch<'a>(&'a Training<'a>);

impl<'a> Watch<'a> {
    pub(in crate::lab) fn new(training: &'a Training<'a>) -> Self {
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
