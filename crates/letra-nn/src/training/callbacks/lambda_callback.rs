use std::fmt;
use std::ops::ControlFlow;

use super::{Callback, End, Epoch, Start, Step};
use crate::Error;

type OnTrainBegin<'a> = dyn FnMut(&Start<'_>) + Send + 'a;
type OnTrainEnd<'a> = dyn FnMut(&End<'_>) + Send + 'a;
type OnStepEnd<'a> = dyn FnMut(&Step<'_>) + Send + 'a;
type OnEpochEnd<'a> = dyn FnMut(&Epoch<'_>) + Send + 'a;

/// Calls functions of one's own at the beginning and the end, after steps and epochs, as Keras's callback of this name does: to
/// print a line an epoch, or to move a bar.
///
/// What is to stop a training or may fail is a [`Callback`] of one's own.
///
/// ```
/// use letra_nn::training::LambdaCallback;
///
/// let mut printer = LambdaCallback::new()
///     .on_epoch_end(|epoch| println!("{} of {}: {}", epoch.number, epoch.epochs, epoch.logs()));
/// # let _ = printer;
/// ```
#[derive(Default)]
pub struct LambdaCallback<'a> {
    on_train_begin: Option<Box<OnTrainBegin<'a>>>,
    on_train_end: Option<Box<OnTrainEnd<'a>>>,
    on_step_end: Option<Box<OnStepEnd<'a>>>,
    on_epoch_end: Option<Box<OnEpochEnd<'a>>>,
}

impl<'a> LambdaCallback<'a> {
    /// A callback that calls nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function before the first step.
    #[must_use]
    pub fn on_train_begin(mut self, function: impl FnMut(&Start<'_>) + Send + 'a) -> Self {
        self.on_train_begin = Some(Box::new(function));
        self
    }

    /// Calls a function when the training is over.
    #[must_use]
    pub fn on_train_end(mut self, function: impl FnMut(&End<'_>) + Send + 'a) -> Self {
        self.on_train_end = Some(Box::new(function));
        self
    }

    /// Calls a function after each step.
    #[must_use]
    pub fn on_step_end(mut self, function: impl FnMut(&Step<'_>) + Send + 'a) -> Self {
        self.on_step_end = Some(Box::new(function));
        self
    }

    /// Calls a function after each epoch.
    #[must_use]
    pub fn on_epoch_end(mut self, function: impl FnMut(&Epoch<'_>) + Send + 'a) -> Self {
        self.on_epoch_end = Some(Box::new(function));
        self
    }
}

impl fmt::Debug for LambdaCallback<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LambdaCallback").finish_non_exhaustive()
    }
}

impl Callback for LambdaCallback<'_> {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        if let Some(function) = &mut self.on_train_begin {
            function(start);
        }
        Ok(())
    }

    fn on_train_end(&mut self, end: &End<'_>) -> Result<(), Error> {
        if let Some(function) = &mut self.on_train_end {
            function(end);
        }
        Ok(())
    }

    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        if let Some(function) = &mut self.on_step_end {
            function(step);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        if let Some(function) = &mut self.on_epoch_end {
            function(epoch);
        }
        Ok(ControlFlow::Continue(()))
    }
}
