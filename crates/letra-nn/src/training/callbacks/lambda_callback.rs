use std::fmt;
use std::ops::ControlFlow;

use super::{Callback, Epoch, Step};
use crate::Error;

type OnStepEnd<'a> = dyn FnMut(&Step<'_>) + Send + 'a;
type OnEpochEnd<'a> = dyn FnMut(&Epoch<'_>) + Send + 'a;

/// Calls functions of one's own after steps and epochs, as Keras's callback of this name does: to
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
    on_step_end: Option<Box<OnStepEnd<'a>>>,
    on_epoch_end: Option<Box<OnEpochEnd<'a>>>,
}

impl<'a> LambdaCallback<'a> {
    /// A callback that calls nothing yet.
    pub fn new() -> Self {
        Self::default()
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
