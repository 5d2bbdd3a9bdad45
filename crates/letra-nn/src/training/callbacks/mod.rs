//! What watches a training and may stop it. One file each.

pub(crate) mod checkpoint;
mod early_stopping;
mod progress_bar;

use std::ops::ControlFlow;

pub use checkpoint::Checkpoint;
pub use early_stopping::EarlyStopping;
pub use progress_bar::ProgressBar;

use super::history::{EpochLogs, History};
use crate::Error;
use crate::model::Network;
use checkpoint::Progress;

/// Something that is told of each step and epoch of a training.
pub trait Callback: Send {
    /// Called after each step; [`ControlFlow::Break`] ends the training at once, without
    /// the rest of the epoch.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_step_end(&mut self, _step: &Step) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called once where a training goes on from a checkpoint, with the epoch it was
    /// written after; [`ControlFlow::Break`] ends the training there.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_resume(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after each epoch; [`ControlFlow::Break`] ends the training.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error>;
}

/// A step that was just taken.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Number of the step in its epoch, from 1.
    pub number: usize,
    /// Steps in an epoch.
    pub steps: usize,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// Loss of the batch before the step.
    pub loss: f64,
}

/// An epoch that was just finished.
pub struct Epoch<'a> {
    /// Number of the epoch, from 1.
    pub number: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// The network as it is now; it can be evaluated and saved.
    pub network: &'a Network,
    pub(crate) progress: Progress,
}

impl Epoch<'_> {
    /// What was measured so far, this epoch included.
    pub fn history(&self) -> &History {
        &self.progress.history
    }

    /// What was measured in this epoch.
    pub fn logs(&self) -> &EpochLogs {
        &self.progress.history.epochs[self.progress.history.epochs.len() - 1]
    }
}
