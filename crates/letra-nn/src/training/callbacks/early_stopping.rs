use std::ops::ControlFlow;

use super::{Callback, Epoch};
use crate::Error;

/// Stops a training when a value has not become better for some epochs.
///
/// It looks at the history alone, so a training that is resumed stops where it would
/// have.
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    monitor: String,
    patience: usize,
    minimum_change: f64,
}

impl EarlyStopping {
    /// Watches "val_loss" and stops at the first epoch that does not make it smaller.
    #[expect(
        clippy::new_without_default,
        reason = "settings follow, as with all callbacks"
    )]
    pub fn new() -> Self {
        EarlyStopping {
            monitor: "val_loss".into(),
            patience: 0,
            minimum_change: 0.0,
        }
    }

    /// Value to watch: "loss" and "val_loss" are to fall, metrics are to rise.
    pub fn monitor(mut self, name: impl Into<String>) -> Self {
        self.monitor = name.into();
        self
    }

    /// Epochs without improvement that are endured.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Change that counts as an improvement.
    pub fn minimum_change(mut self, change: f64) -> Self {
        self.minimum_change = change;
        self
    }
}

impl Callback for EarlyStopping {
    fn on_resume(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.on_epoch_end(epoch)
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let values = epoch.history().values(&self.monitor);
        if values.is_empty() {
            return Err(Error::Callback(format!(
                "early stopping watches {:?}, which is not measured: add the metric, or validation data for names that begin with val_",
                self.monitor
            )));
        }
        let sign = if self.monitor.ends_with("loss") {
            1.0
        } else {
            -1.0
        };
        let (mut best, mut best_epoch) = (f64::INFINITY, 0);
        for (index, value) in values.iter().enumerate() {
            if sign * value < best - self.minimum_change {
                (best, best_epoch) = (sign * value, index);
            }
        }
        let waited = values.len() - 1 - best_epoch;
        Ok(match waited > self.patience {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
