use std::ops::ControlFlow;

use super::{Callback, Epoch, Monitor};
use crate::Error;
use crate::metrics::Direction;

/// Stops a training when a value has not become better for some epochs.
///
/// It looks at the history alone, so a training that is resumed stops where it would
/// have.
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    restore_best_weights: bool,
}

impl EarlyStopping {
    /// Watches "val_loss" and stops at the first epoch that does not make it smaller.
    #[expect(
        clippy::new_without_default,
        reason = "settings follow, as with all callbacks"
    )]
    pub fn new() -> Self {
        EarlyStopping {
            monitor: Monitor::new("val_loss"),
            patience: 0,
            restore_best_weights: false,
        }
    }

    /// Value to watch; which way is better, its loss or metric tells.
    pub fn monitor(mut self, name: impl Into<String>) -> Self {
        self.monitor = self.monitor.named(name);
        self
    }

    /// Which way the value becomes better, whatever its loss or metric says.
    pub fn mode(mut self, mode: Direction) -> Self {
        self.monitor = self.monitor.mode(mode);
        self
    }

    /// Epochs without improvement that are endured.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Change that counts as an improvement.
    pub fn minimum_change(mut self, change: f64) -> Self {
        self.monitor = self.monitor.minimum_change(change);
        self
    }

    /// Whether the network has the weights of the best epoch when the training is over,
    /// stopped early or not; false without this, as in Keras. See [`super::BestWeights`].
    pub fn restore_best_weights(mut self, restore: bool) -> Self {
        self.restore_best_weights = restore;
        self
    }
}

impl Callback for EarlyStopping {
    fn keeps_best(&self) -> Option<&Monitor> {
        self.restore_best_weights.then_some(&self.monitor)
    }

    fn on_resume(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.on_epoch_end(epoch)
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let best = self.monitor.best_epoch(epoch.history())?;
        Ok(match epoch.history().epochs.len() - best > self.patience {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
