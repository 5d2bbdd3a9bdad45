use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Callback, Epoch};
use crate::Error;
use crate::model::Network;
use crate::training::History;

/// Writes all that a training needs to go on to a file, every few epochs.
///
/// The file holds parameters, the optimizer's state, the step, the history and, where a
/// callback will restore them, the best weights; it is there whole or not at all. `Fit::resume` takes it up again.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    every: usize,
}

impl Checkpoint {
    /// Writes to `path` after each epoch.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Checkpoint {
            path: path.as_ref().to_path_buf(),
            every: 1,
        }
    }

    /// Writes after every `epochs` epochs only, and after the last; 0 counts as 1.
    pub fn every(mut self, epochs: usize) -> Self {
        self.every = epochs.max(1);
        self
    }
}

impl Callback for Checkpoint {
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if epoch.number.is_multiple_of(self.every) || epoch.number == epoch.epochs {
            let note = serde_json::json!(epoch.progress);
            epoch.network.save_training(&self.path, note, epoch.best)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// How far a training is, and the settings it must be resumed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress<'a> {
    pub(crate) batch: usize,
    pub(crate) samples: usize,
    pub(crate) shuffle: bool,
    pub(crate) history: Cow<'a, History>,
    /// Epoch whose weights are the best so far, where they are kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) best_epoch: Option<usize>,
}

/// Brings `network` to where the checkpoint left it and returns the history, and the best
/// weights if the checkpoint has them.
pub(crate) fn load(
    network: &mut Network,
    path: &Path,
    wanted: &Progress<'_>,
) -> Result<(History, Option<Vec<f32>>), Error> {
    let (saved, training) = network.read_training(path)?;
    let found: Progress = serde_json::from_value(training.note)
        .map_err(|error| Error::file(path, format!("its progress cannot be read: {error}")))?;
    let settings = |progress: &Progress<'_>| (progress.batch, progress.samples, progress.shuffle);
    if settings(&found) != settings(wanted) {
        return Err(Error::file(
            path,
            format!(
                "the checkpoint was made with batches of {} of {} samples (shuffled: {}), not {} of {} ({}): resume with the same data and settings",
                found.batch,
                found.samples,
                found.shuffle,
                wanted.batch,
                wanted.samples,
                wanted.shuffle
            ),
        ));
    }
    network.take_training(saved);
    Ok((found.history.into_owned(), training.best))
}
