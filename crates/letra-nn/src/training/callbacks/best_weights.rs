use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Callback, Epoch, Monitor, Start};
use crate::Error;
use crate::network::check_writable;

/// Gives the network the weights of its best epoch when the training is over.
///
/// The weights are kept in memory and in the files of [`super::Checkpoint`], so that a training
/// that is resumed ends with the same bits. An error ends a training without this.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = BestWeights::new().monitor("val_loss");
/// network.fit(&data, Fit::epochs(5).validation_data(&data).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BestWeights {
    monitor: Monitor,
    path: Option<PathBuf>,
}

impl BestWeights {
    /// The epoch with the smallest "val_loss".
    pub fn new() -> Self {
        BestWeights {
            monitor: Monitor::new("val_loss"),
            path: None,
        }
    }

    monitor_settings!();

    /// Also writes the network to `path` at every epoch that is the best so far, as Keras's
    /// `ModelCheckpoint(save_best_only=True)`; `Network::load` reads it.
    pub fn save(mut self, path: impl AsRef<Path>) -> Self {
        self.path = Some(path.as_ref().to_path_buf());
        self
    }
}

impl Callback for BestWeights {
    fn keeps_best(&self) -> Option<&Monitor> {
        Some(&self.monitor)
    }

    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        self.monitor.check(start)?;
        match &self.path {
            Some(path) => {
                start.trainer.check_kinds()?;
                check_writable(path, start.trainer.file_size(1))
            }
            None => Ok(()),
        }
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if let Some(path) = &self.path
            && self.monitor.best_epoch(epoch.history())? == epoch.number
        {
            epoch.trainer.save(path)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
