use super::Callback;
use crate::Error;
use crate::training::History;

type Schedule = dyn Fn(usize, f32) -> f32 + Send;

/// Sets the factor of the learning rate before each epoch.
///
/// As Keras's, but for what it sets: the schedule is given a factor and returns one, so that it
/// works with any optimizer and beside a schedule of the optimizer's own. A training that is
/// resumed asks it for all epochs from the first again.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// // Half the rate from the fourth epoch on.
/// let mut watcher =
///     LearningRateScheduler::new(|epoch, rate| if epoch == 3 { rate / 2.0 } else { rate });
/// network.fit(&data, Fit::epochs(5).validation_data(&data).callback(&mut watcher))?;
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct LearningRateScheduler {
    schedule: Box<Schedule>,
}

impl LearningRateScheduler {
    /// With a function from the number of epochs that are done, 0 before the first, and the
    /// factor so far, 1 at first, to the factor for the next epoch: 0 or more.
    ///
    /// ```
    /// use letra_nn::training::LearningRateScheduler;
    ///
    /// // The full rate for ten epochs, then a tenth less in each.
    /// let scheduler = LearningRateScheduler::new(|epoch, factor| match epoch {
    ///     0..10 => factor,
    ///     _ => factor * 0.9,
    /// });
    /// # let _ = scheduler;
    /// ```
    pub fn new(schedule: impl Fn(usize, f32) -> f32 + Send + 'static) -> Self {
        LearningRateScheduler {
            schedule: Box::new(schedule),
        }
    }
}

impl std::fmt::Debug for LearningRateScheduler {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LearningRateScheduler")
            .finish_non_exhaustive()
    }
}

impl Callback for LearningRateScheduler {
    fn learning_rate_factor(&self, history: &History) -> Result<Option<f32>, Error> {
        let epochs = 0..=history.epochs().len();
        Ok(Some(
            epochs.fold(1.0, |factor, epoch| (self.schedule)(epoch, factor)),
        ))
    }
}
