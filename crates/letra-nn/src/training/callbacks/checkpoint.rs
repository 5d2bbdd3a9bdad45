use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Callback, Epoch, Start};
use crate::Error;
use crate::model::{Network, check_writable};
use crate::training::History;

/// Writes all that a training needs to go on to a file, every few epochs.
///
/// The file holds parameters, the optimizer's state, the step, the history and, where a
/// callback will restore them, the best weights; it is there whole or not at all. `Fit::resume` takes it up again.
///
/// A file that another training left is not overwritten: resume it, or say
/// [`Checkpoint::start_over`].
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    every: usize,
    /// Whether what is in the file may be lost: it is this callback's, or the user says so.
    may_replace: bool,
}

impl Checkpoint {
    /// Writes to `path` after each epoch.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Checkpoint {
            path: path.as_ref().to_path_buf(),
            every: 1,
            may_replace: false,
        }
    }

    /// Writes after every `epochs` epochs only, and after the last; 0 counts as 1.
    pub fn every(mut self, epochs: usize) -> Self {
        self.every = epochs.max(1);
        self
    }

    /// Begins anew where the file holds an earlier training, which is then lost.
    pub fn start_over(mut self) -> Self {
        self.may_replace = true;
        self
    }

    /// Whether the file holds a training that is not the one that goes on.
    fn holds_another(&self, resumed: Option<&Path>) -> bool {
        let is_resumed = || {
            let file = |path: &Path| std::fs::canonicalize(path).ok();
            resumed.is_some_and(|resumed| file(resumed) == file(&self.path))
        };
        let holds_some = std::fs::metadata(&self.path).is_ok_and(|file| file.len() > 0);
        holds_some && !self.may_replace && !is_resumed()
    }
}

impl Callback for Checkpoint {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        check_writable(&self.path, start.network.file_size(true))?;
        match self.holds_another(start.resumed) {
            false => Ok(()),
            true => Err(Error::file(
                &self.path,
                "an earlier training is kept here: go on with it by Fit::resume, or lose it by Checkpoint::start_over",
            )),
        }
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if epoch.number.is_multiple_of(self.every) || epoch.number == epoch.epochs {
            let note = serde_json::json!(epoch.progress);
            epoch.network.save_training(&self.path, note, epoch.best)?;
            self.may_replace = true;
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
