//! The weights of the best epoch, kept while a training goes on.

use super::Trainer;
use super::callbacks::{Callback, Monitor};
use super::history::History;
use crate::Error;

/// The weights of the best epoch so far.
pub(crate) struct Best {
    monitor: Monitor,
    /// Number of the epoch, from 1.
    pub(crate) epoch: usize,
    pub(crate) weights: Vec<f32>,
}

impl Best {
    /// What is to be kept for the callbacks that want it, if any.
    ///
    /// # Errors
    /// When two of them want another value to be best.
    pub(super) fn wanted(callbacks: &[&mut dyn Callback]) -> Result<Option<Best>, Error> {
        let mut monitors = callbacks
            .iter()
            .filter_map(|callback| callback.keeps_best());
        let Some(monitor) = monitors.next() else {
            return Ok(None);
        };
        if let Some(other) = monitors.find(|other| *other != monitor) {
            return Err(Error::configuration(format!(
                "one callback restores the weights of the best {}, another those of the best {}",
                monitor.name(),
                other.name()
            ))
            .with_hint("leave one out"));
        }
        Ok(Some(Best {
            monitor: monitor.clone(),
            epoch: 0,
            weights: Vec::new(),
        }))
    }

    /// Takes the network's weights if the last epoch of the history is the best.
    pub(super) fn look(&mut self, trainer: &Trainer, history: &History) -> Result<(), Error> {
        if self.monitor.best_epoch(history)? == history.epochs().len() {
            self.epoch = history.epochs().len();
            self.weights.clear();
            self.weights.extend_from_slice(&trainer.weights().now().all);
        }
        Ok(())
    }

    /// Goes on with what a checkpoint holds.
    pub(super) fn resume(
        &mut self,
        trainer: &Trainer,
        history: &History,
        kept: Option<Vec<f32>>,
    ) -> Result<(), Error> {
        let epoch = self.monitor.best_epoch(history)?;
        match kept {
            Some(weights) => (self.epoch, self.weights) = (epoch, weights),
            None => {
                self.look(trainer, history)?;
                if self.epoch == 0 {
                    return Err(Error::callback(format!(
                        "the weights of the best epoch ({epoch}) are to be restored, \
                         but the checkpoint was made without keeping them"
                    ))
                    .with_hint("train anew, or resume without"));
                }
            }
        }
        Ok(())
    }
}
