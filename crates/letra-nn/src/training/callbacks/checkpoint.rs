use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Callback, End, Epoch, Start};
use crate::Error;
use crate::network::check_writable;
use crate::plan::StepResult;
use crate::training::best::Best;
use crate::training::{History, Trainer};

/// Writes all that a training needs to go on to a file, every few epochs.
///
/// The file holds parameters, the optimizer's state, the step, the history and, where a
/// callback will restore them, the best weights; it is there whole or not at all. `Fit::resume` takes it up again.
///
/// A file that another training left is not overwritten: resume it, or say
/// [`Checkpoint::start_over`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let file = std::env::temp_dir().join("letra-nn-checkpoint-example");
/// # let _ = std::fs::remove_file(&file);
/// let mut keeper = Checkpoint::new(&file).every(2);
/// network.fit(&data, Fit::epochs(4).callback(&mut keeper))?;
///
/// // Another process goes on where this one ended.
/// let history = network.fit(&data, Fit::epochs(6).resume(&file))?;
/// assert_eq!(history.epochs().len(), 6);
/// # std::fs::remove_file(&file).unwrap();
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: PathBuf,
    every: usize,
    /// Whether what is in the file may be lost: it is this callback's, or the user says so.
    may_replace: bool,
    /// Training steps when there was nothing new to keep.
    kept: u64,
}

impl Checkpoint {
    /// Writes to `path` after each epoch.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Checkpoint {
            path: path.as_ref().to_path_buf(),
            every: 1,
            may_replace: false,
            kept: 0,
        }
    }

    /// Writes after every `epochs` epochs only, and when the training is over, stopped early or not; 0 counts as 1.
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
        self.kept = start.trainer.steps();
        start.trainer.check_kinds()?;
        check_writable(&self.path, start.trainer.checkpoint_size())?;
        match self.holds_another(start.resumed) {
            false => Ok(()),
            true => Err(Error::file(&self.path, "an earlier training is kept here")
                .with_hint("go on with it by Fit::resume, or lose it by Checkpoint::start_over")),
        }
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if epoch.number.is_multiple_of(self.every) {
            epoch.save_checkpoint(&self.path, serde_json::Value::Null)?;
            (self.may_replace, self.kept) = (true, epoch.trainer.steps());
        }
        Ok(ControlFlow::Continue(()))
    }

    fn on_train_end(&mut self, end: &End<'_>) -> Result<(), Error> {
        match self.kept == end.trainer.steps() {
            true => Ok(()),
            false => end.save_checkpoint(&self.path, serde_json::Value::Null),
        }
    }
}

/// What a training is on: what a checkpoint of it must be resumed with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Samples of a batch; 0 where they come from a source.
    pub(crate) batch: usize,
    /// Samples of the data set; 0 where they come from a source.
    pub(crate) samples: usize,
    pub(crate) shuffle: bool,
    /// Whether batches are of sequences of like lengths.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_length: bool,
}

impl fmt::Display for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.samples {
            0 => write!(formatter, "batches of a source"),
            samples => write!(
                formatter,
                "batches of {} of {samples} samples (shuffled: {})",
                self.batch, self.shuffle
            ),
        }
    }
}

/// How far a training is.
#[derive(Clone, Copy)]
pub(crate) struct Position<'a> {
    pub(crate) settings: Settings,
    /// What the optimizer's rate was multiplied by before any callback had a word.
    pub(crate) rate_factor: f32,
    pub(crate) history: &'a History,
    pub(crate) best: Option<&'a Best>,
    /// Steps of the epoch that is under way, and their sums.
    pub(crate) step: usize,
    pub(crate) sums: Option<&'a StepResult>,
}

impl Position<'_> {
    pub(super) fn save(
        &self,
        trainer: &Trainer,
        path: &Path,
        note: serde_json::Value,
    ) -> Result<(), Error> {
        let progress = Progress {
            settings: self.settings,
            rate_factor: Some(self.rate_factor),
            history: Cow::Borrowed(self.history),
            best_epoch: self.best.map(|best| best.epoch),
            step: self.step,
            sums: self.sums.map(Cow::Borrowed),
            note,
        };
        let best = self.best.map(|best| best.weights.as_slice());
        trainer.save_training(path, serde_json::json!(progress), best)
    }
}

/// A [`Position`] as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Progress<'a> {
    #[serde(flatten)]
    settings: Settings,
    /// Not in files before version 0.2.
    #[serde(default)]
    rate_factor: Option<f32>,
    history: Cow<'a, History>,
    /// Epoch whose weights are the best so far, where they are kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    best_epoch: Option<usize>,
    #[serde(skip_serializing_if = "is_zero", default)]
    step: usize,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    sums: Option<Cow<'a, StepResult>>,
    /// The caller's.
    #[serde(skip_serializing_if = "serde_json::Value::is_null", default)]
    note: serde_json::Value,
}

fn is_zero(step: &usize) -> bool {
    *step == 0
}

/// What a checkpoint holds besides the network.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) rate_factor: Option<f32>,
    pub(crate) history: History,
    /// The best weights, where they were kept.
    pub(crate) best: Option<Vec<f32>>,
    /// Steps of the epoch that is under way, and their sums.
    pub(crate) step: usize,
    pub(crate) sums: StepResult,
    pub(crate) note: serde_json::Value,
}

/// Brings a trainer to where the checkpoint left it; with changes, an epoch that was under way begins
/// anew.
pub(crate) fn load(
    trainer: &mut Trainer,
    path: &Path,
    wanted: Settings,
    changes: bool,
) -> Result<Loaded, Error> {
    let mut kept = trainer.checkpoint(path, changes)?;
    let mut found: Progress = serde_json::from_value(kept.note.take())
        .map_err(|error| Error::file(path, format!("its progress cannot be read: {error}")))?;
    if changes {
        (found.step, found.sums) = (0, None);
    } else if found.settings != wanted {
        return Err(Error::file(
            path,
            format!(
                "the checkpoint was made with {}, not {wanted}",
                found.settings
            ),
        )
        .with_hint("resume with the same data and settings, or say with Fit::changes that others are wanted"));
    }
    let sums = found.sums.map(Cow::into_owned).unwrap_or_default();
    if (found.step == 0) != (sums.samples == 0) || found.step as u64 > kept.steps {
        return Err(Error::file(path, "its progress contradicts itself")
            .with_hint("start without it, or resume from another"));
    }
    let best = kept.best.take();
    trainer.take_checkpoint(kept);
    Ok(Loaded {
        rate_factor: found.rate_factor,
        history: found.history.into_owned(),
        best,
        step: found.step,
        sums,
        note: found.note,
    })
}
