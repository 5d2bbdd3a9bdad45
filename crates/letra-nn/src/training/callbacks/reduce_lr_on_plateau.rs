use std::ops::ControlFlow;

use super::{Callback, Epoch, Monitor};
use crate::Error;
use crate::metrics::Direction;
use crate::training::History;

/// Turns the learning rate down when a value has not become better for some epochs.
///
/// Names and defaults are Keras's, but that its `min_lr` is here a factor, too. It looks at the
/// history alone, so a training that is resumed has the rates that it would have had.
#[derive(Debug, Clone)]
pub struct ReduceLrOnPlateau {
    monitor: Monitor,
    factor: f32,
    patience: usize,
    cooldown: usize,
    minimum_factor: f32,
}

impl ReduceLrOnPlateau {
    /// A tenth of the rate after 10 epochs in which "val_loss" did not fall by 10⁻⁴.
    #[expect(
        clippy::new_without_default,
        reason = "settings follow, as with all callbacks"
    )]
    pub fn new() -> Self {
        ReduceLrOnPlateau {
            monitor: Monitor::new("val_loss").minimum_change(1e-4),
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            minimum_factor: 0.0,
        }
    }

    /// Value to watch; which way is better, its loss or metric tells.
    pub fn monitor(mut self, name: impl Into<String>) -> Self {
        self.monitor = self.monitor.named(name);
        self
    }

    /// Which way the value becomes better, whatever its loss or metric says.
    pub fn mode(mut self, mode: Direction) -> Self {
        self.monitor = self.monitor.mode(mode);
        self
    }

    /// What the rate is multiplied by each time; from 0 to below 1.
    pub fn factor(mut self, factor: f32) -> Self {
        self.factor = factor;
        self
    }

    /// Epochs without improvement after which the rate is turned down.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Change that counts as an improvement (Keras's `min_delta`).
    pub fn minimum_change(mut self, change: f64) -> Self {
        self.monitor = self.monitor.minimum_change(change);
        self
    }

    /// Epochs after a reduction that are not counted.
    pub fn cooldown(mut self, epochs: usize) -> Self {
        self.cooldown = epochs;
        self
    }

    /// Product of all reductions that is not gone below.
    pub fn minimum_factor(mut self, factor: f32) -> Self {
        self.minimum_factor = factor;
        self
    }
}

impl Callback for ReduceLrOnPlateau {
    fn learning_rate_factor(&self, history: &History) -> Result<Option<f32>, Error> {
        if !(0.0..1.0).contains(&self.factor) {
            return Err(Error::configuration(format!(
                "the learning rate is to be multiplied by {} on a plateau",
                self.factor
            ))
            .with_hint("choose a factor from 0 to below 1, such as 0.1"));
        }
        let (mut rate, mut best) = (1.0f32, f64::INFINITY);
        let (mut waited, mut cooling) = (0, 0);
        for badness in self.monitor.badness(history)? {
            if cooling > 0 {
                cooling -= 1;
                waited = 0;
            }
            if self.monitor.improves(badness, best) {
                (best, waited) = (badness, 0);
            } else if cooling == 0 {
                waited += 1;
                if waited >= self.patience && rate > self.minimum_factor {
                    rate = (rate * self.factor).max(self.minimum_factor);
                    (cooling, waited) = (self.cooldown, 0);
                }
            }
        }
        Ok(Some(rate))
    }

    fn on_epoch_end(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}
