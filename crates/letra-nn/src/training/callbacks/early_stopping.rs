use std::ops::ControlFlow;

use super::{Callback, Epoch, Monitor, Start};
use crate::Error;

/// Stops a training when a value has not become better for some epochs.
///
/// It looks at the history alone, so a training that is resumed stops where it would
/// have.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = EarlyStopping::new().patience(3).restore_best_weights(true);
/// network.fit(&data, Fit::epochs(5).validation_data(&data).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    restore_best_weights: bool,
}

impl EarlyStopping {
    /// Watches "val_loss" and stops at the first epoch that does not make it smaller.
    pub fn new() -> Self {
        EarlyStopping {
            monitor: Monitor::new("val_loss"),
            patience: 0,
            restore_best_weights: false,
        }
    }

    monitor_settings!();

    /// Epochs without improvement after which the training ends; 0 is as 1, as in Keras.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
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

    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        self.monitor.check(start)
    }

    fn on_resume(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.on_epoch_end(epoch)
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        let waited = epoch.history().epochs().len() - self.monitor.best_epoch(epoch.history())?;
        Ok(match waited >= self.patience.max(1) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
