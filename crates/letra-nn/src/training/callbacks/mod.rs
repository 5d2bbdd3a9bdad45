//! What watches a training and may stop it. One file each.

/// Declares the settings of what watches a value.
macro_rules! monitor_settings {
    () => {
        /// Value to watch; which way is better, its loss or metric tells.
        pub fn monitor(mut self, name: impl Into<String>) -> Self {
            self.monitor = self.monitor.named(name);
            self
        }

        /// Which way the value becomes better, whatever its loss or metric says.
        pub fn mode(mut self, mode: crate::metrics::Direction) -> Self {
            self.monitor = self.monitor.mode(mode);
            self
        }

        /// Change that counts as an improvement (Keras's `min_delta`).
        pub fn min_delta(mut self, change: f64) -> Self {
            self.monitor = self.monitor.min_delta(change);
            self
        }
    };
}

mod best_weights;
pub(crate) mod checkpoint;
mod csv_log;
mod early_stopping;
mod gradual_unfreezing;
mod lambda_callback;
mod learning_rate_scheduler;
mod monitor;
mod reduce_lr_on_plateau;
#[cfg(feature = "tensorboard")]
mod tensor_board;
mod terminate_on_nan;

use std::ops::ControlFlow;
use std::path::Path;

pub use best_weights::BestWeights;
pub use checkpoint::Checkpoint;
pub use csv_log::CsvLog;
pub use early_stopping::EarlyStopping;
pub use gradual_unfreezing::GradualUnfreezing;
pub use lambda_callback::LambdaCallback;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use monitor::Monitor;
pub use reduce_lr_on_plateau::ReduceLrOnPlateau;
#[cfg(feature = "tensorboard")]
pub use tensor_board::TensorBoard;
pub use terminate_on_nan::TerminateOnNan;

use super::Trainer;
use super::history::{EpochLogs, History};
use crate::Error;
pub(super) use checkpoint::Position;

/// Something that is told of each step and epoch of a training.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::prelude::*;
///
/// /// Ends a training once its loss is low.
/// struct LowEnough(f64);
///
/// impl Callback for LowEnough {
///     fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
///         Ok(match epoch.logs().loss() < self.0 {
///             true => ControlFlow::Break(()),
///             false => ControlFlow::Continue(()),
///         })
///     }
/// }
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let history = network.fit(&data, Fit::epochs(500).callback(&mut LowEnough(0.1)))?;
/// assert!(history.epochs().len() < 500);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait Callback: Send {
    /// The value whose best epoch's weights the network is to have when the training is over;
    /// none, unless the callback says otherwise. Whichever callback asks, the training keeps
    /// the weights, and so does [`Checkpoint`].
    fn keeps_best(&self) -> Option<&Monitor> {
        None
    }

    /// Whether the gradients of a step are to be there for [`Self::on_step_end`]; for letra's own.
    #[doc(hidden)]
    fn reads_gradients(&self) -> bool {
        false
    }

    /// Called once before the first step, also of a training that goes on from a checkpoint; the
    /// place to refuse what would fail after an hour, such as a file that cannot be written.
    ///
    /// # Errors
    /// Whatever is wrong; the training does not begin.
    fn on_train_begin(&mut self, _start: &Start<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// What the learning rate of the coming epoch is multiplied by, given the epochs so far; nothing
    /// from a callback that leaves it alone. The factors of several callbacks are multiplied with each
    /// other and with the one that [`Trainer::set_learning_rate_factor`] had set before the training.
    ///
    /// # Errors
    /// When the settings make no sense or a value is not measured.
    fn learning_rate_factor(&self, _history: &History) -> Result<Option<f32>, Error> {
        Ok(None)
    }

    /// Layers, or networks that were put in, by their names, whose parameters stay as they are in the coming
    /// epoch, given the epochs so far; nothing from a callback that has no say in it. What any callback names
    /// stays.
    ///
    /// # Errors
    /// When the settings make no sense.
    fn still_layers(&self, _history: &History) -> Result<Option<Vec<String>>, Error> {
        Ok(None)
    }

    /// Called after each step; [`ControlFlow::Break`] ends the training without the rest of the
    /// epoch, once all callbacks were told of the step and of the epoch as far as it came.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_step_end(&mut self, _step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
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

    /// Called after each epoch, also one that was stopped in its middle; [`ControlFlow::Break`] ends
    /// the training once all callbacks were told.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_epoch_end(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called once when the training is over, unless an error ended it.
    ///
    /// # Errors
    /// Whatever goes wrong.
    fn on_train_end(&mut self, _end: &End<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// A training before its first step.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = LambdaCallback::new()
///     .on_train_begin(|start| assert_eq!((start.resumed, start.measured[0].as_str()), (None, "loss")));
/// network.fit(&data, Fit::epochs(3).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Start<'a> {
    /// The network as it is trained from.
    pub trainer: &'a Trainer,
    /// The checkpoint that the training goes on from, if it does.
    pub resumed: Option<&'a Path>,
    /// The note in that checkpoint; null where there is none.
    pub note: &'a serde_json::Value,
    /// Names of all that will be measured, such as "loss" and "val_accuracy".
    pub measured: &'a [String],
    pub(crate) position: Position<'a>,
}

impl Start<'_> {
    /// The rate of the optimizer's first step, before any callback has a word.
    fn first_rate(&self) -> f32 {
        (self.trainer.optimizer.rate(0) * f64::from(self.position.rate_factor)) as f32
    }
}

/// A step that was just taken.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut losses = Vec::new();
/// let mut watcher = LambdaCallback::new().on_step_end(|step| losses.push(step.loss));
/// network.fit(&data, Fit::epochs(3).callback(&mut watcher))?;
/// # drop(watcher);
/// assert_eq!(losses.len(), 3);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
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
    /// The network as it is now.
    pub trainer: &'a Trainer,
    pub(crate) position: Position<'a>,
}

/// An epoch that was just finished.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = LambdaCallback::new()
///     .on_epoch_end(|epoch| println!("{} of {}: {}", epoch.number, epoch.epochs, epoch.logs()));
/// network.fit(&data, Fit::epochs(3).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Epoch<'a> {
    /// Number of the epoch, from 1.
    pub number: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// The network as it is now; it can be evaluated and saved.
    pub trainer: &'a Trainer,
    pub(crate) history: &'a History,
    pub(crate) position: Position<'a>,
}

/// A training after its last step, before the weights of its best epoch are restored.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher =
///     LambdaCallback::new().on_train_end(|end| assert_eq!(end.trainer.steps(), 3));
/// network.fit(&data, Fit::epochs(3).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct End<'a> {
    /// Epochs that were asked for.
    pub epochs: usize,
    /// The network as it is now.
    pub trainer: &'a Trainer,
    pub(crate) position: Position<'a>,
}

impl Epoch<'_> {
    /// What was measured so far, this epoch included.
    pub fn history(&self) -> &History {
        self.history
    }

    /// What was measured in this epoch.
    pub fn logs(&self) -> &EpochLogs {
        let epochs = self.history().epochs();
        &epochs[epochs.len() - 1]
    }
}

/// Declares what the callbacks can keep of a training wherever they are told of it.
macro_rules! keeps_checkpoints {
    ($($moment:ident)*) => {
        $(impl $moment<'_> {
            /// Writes all that the training needs to go on from here, and a note of the caller's, to a
            /// file; it is there whole or not at all. [`Fit::resume`](super::Fit::resume) takes it up.
            ///
            /// # Errors
            /// As [`Trainer::save`].
            pub fn save_checkpoint(
                &self,
                path: impl AsRef<Path>,
                note: serde_json::Value,
            ) -> Result<(), Error> {
                self.position.save(self.trainer, path.as_ref(), note)
            }
        })*
    };
}

keeps_checkpoints! { Start Step Epoch End }
