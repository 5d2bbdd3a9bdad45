use super::{Callback, Monitor, Start};
use crate::Error;
use crate::training::History;

/// Turns the learning rate down when a value has not become better for some epochs.
///
/// Names and defaults are Keras's. It looks at the history alone, so a training that is resumed has the
/// rates that it would have had.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut watcher = ReduceLrOnPlateau::new().factor(0.5).patience(2);
/// network.fit(&data, Fit::epochs(5).validation_data(&data).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReduceLrOnPlateau {
    monitor: Monitor,
    factor: f32,
    patience: usize,
    cooldown: usize,
    min_lr: f32,
    /// The rate that the training begins with.
    rate: f32,
}

impl ReduceLrOnPlateau {
    /// A tenth of the rate after 10 epochs in which "val_loss" did not fall by 10⁻⁴.
    pub fn new() -> Self {
        ReduceLrOnPlateau {
            monitor: Monitor::new("val_loss").min_delta(1e-4),
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            min_lr: 0.0,
            rate: 0.0,
        }
    }

    monitor_settings!();

    settings! {
        /// What the rate is multiplied by each time; from 0 to below 1.
        factor: f32,
        /// Epochs without improvement after which the rate is turned down.
        patience: usize,
    }

    settings! {
        /// Epochs after a reduction that are not counted.
        cooldown: usize,
        /// Rate that is not gone below, 0 or more; where the optimizer has a schedule, as if that
        /// stayed at its first rate.
        min_lr: f32,
    }
}

impl Callback for ReduceLrOnPlateau {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        if !(self.min_lr >= 0.0 && self.min_lr.is_finite()) {
            return Err(Error::configuration(format!(
                "the learning rate is not to fall below {}",
                self.min_lr
            ))
            .with_hint("choose a number of 0 or more"));
        }
        self.rate = start.first_rate();
        self.monitor.check(start)
    }

    fn learning_rate_factor(&self, history: &History) -> Result<Option<f32>, Error> {
        if !(0.0..1.0).contains(&self.factor) {
            return Err(Error::configuration(format!(
                "the learning rate is to be multiplied by {} on a plateau",
                self.factor
            ))
            .with_hint("choose a factor from 0 to below 1, such as 0.1"));
        }
        let least = match self.rate > 0.0 {
            true => (self.min_lr / self.rate).min(1.0),
            false => 0.0,
        };
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
                if waited >= self.patience && rate > least {
                    rate = (rate * self.factor).max(least);
                    (cooling, waited) = (self.cooldown, 0);
                }
            }
        }
        Ok(Some(rate))
    }
}
