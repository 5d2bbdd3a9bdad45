//! What watches a machine's training.

use std::ops::ControlFlow;

use letra_nn::learners::{RbmCallback, RbmEpoch, RbmStep};
use letra_nn::prelude::*;

use crate::lab::tasks::Training;

/// What is done after an epoch.
type EachEpoch<'a> = dyn FnMut(&mut Training<'_>, &RbmEpoch<'_>) -> Result<(), Error> + Send + 'a;

/// Ends the training of a machine, or of several one after the other, when the reader asks to stop, and shows how far
/// it is.
pub(super) struct RbmWatch<'a, 't> {
    training: &'a mut Training<'t>,
    /// Epochs of machines that are done.
    epochs: usize,
    each: Option<&'a mut EachEpoch<'a>>,
}

impl<'a, 't> RbmWatch<'a, 't> {
    pub(super) fn new(training: &'a mut Training<'t>) -> Self {
        Self {
            training,
            epochs: 0,
            each: None,
        }
    }

    /// Does something more after each epoch.
    pub(super) fn each(training: &'a mut Training<'t>, each: &'a mut EachEpoch<'a>) -> Self {
        Self {
            each: Some(each),
            ..Self::new(training)
        }
    }
}

impl RbmCallback for RbmWatch<'_, '_> {
    fn on_step_end(&mut self, _step: &RbmStep<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match self.training.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &RbmEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        let loss = epoch.logs().loss();
        self.epochs += 1;
        self.training.at(self.epochs, format!("error {loss:.5}"));
        if let Some(each) = &mut self.each {
            each(self.training, epoch)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
