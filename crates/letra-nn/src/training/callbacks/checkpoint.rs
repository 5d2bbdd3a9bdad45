use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Callback, Epoch, Start};
use crate::Error;
use crate::network::check_writable;
use crate::training::{History, Trainer};

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
        check_writable(&self.path, start.trainer.checkpoint_size())?;
        match self.holds_another(start.resumed) {
            false => Ok(()),
            true => Err(Error::file(&self.path, "an earlier training is kept here")
                .with_hint("go on with it by Fit::resume, or lose it by Checkpoint::start_over")),
        }
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if epoch.number.is_multiple_of(self.every) || epoch.number == epoch.epochs {
            epoch.save_checkpoint(&self.path)?;
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
    /// What the callbacks want to know when they go on.
    #[serde(skip_serializing_if = "all_null", default)]
    pub(crate) callbacks: Vec<serde_json::Value>,
}

fn all_null(states: &[serde_json::Value]) -> bool {
    states.iter().all(serde_json::Value::is_null)
}

impl Progress<'_> {
    /// What the training is on, in words.
    fn settings(&self) -> String {
        match self.samples {
            0 => "a source".into(),
            samples => format!(
                "batches of {} of {samples} samples (shuffled: {})",
                self.batch, self.shuffle
            ),
        }
    }
}

/// What a checkpoint holds besides the network.
pub(crate) struct Loaded {
    pub(crate) history: History,
    /// The best weights, where they were kept.
    pub(crate) best: Option<Vec<f32>>,
    /// What the callbacks wanted to know.
    pub(crate) callbacks: Vec<serde_json::Value>,
}

/// Brings a trainer to where the checkpoint left it.
pub(crate) fn load(
    trainer: &mut Trainer,
    path: &Path,
    wanted: &Progress<'_>,
) -> Result<Loaded, Error> {
    let (saved, kept) = trainer.read_checkpoint(path)?;
    let found: Progress = serde_json::from_value(kept.note)
        .map_err(|error| Error::file(path, format!("its progress cannot be read: {error}")))?;
    if found.settings() != wanted.settings() {
        return Err(Error::file(
            path,
            format!(
                "the checkpoint was made with {}, not {}",
                found.settings(),
                wanted.settings()
            ),
        )
        .with_hint("resume with the same data and settings"));
    }
    trainer.take_training(saved);
    Ok(Loaded {
        history: found.history.into_owned(),
        best: kept.best,
        callbacks: found.callbacks,
    })
}
