use super::Start;
use crate::Error;
use crate::metrics::Direction;
use crate::training::History;

/// A value to watch and what counts as better, which its loss or metric says.
///
/// ```
/// use letra_nn::prelude::*;
/// use letra_nn::training::Monitor;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let history = network.fit(&data, Fit::epochs(5).validation_data(&data))?;
/// assert_eq!(Monitor::new("val_loss").best_epoch(&history)?, 5);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    name: String,
    mode: Option<Direction>,
    min_delta: f64,
}

impl Monitor {
    /// Watches the value called `name`, as [`crate::training::EpochLogs::get`] knows it; any
    /// change for the better counts.
    pub fn new(name: impl Into<String>) -> Self {
        Monitor {
            name: name.into(),
            mode: None,
            min_delta: 0.0,
        }
    }

    /// The same for the value called `name`.
    pub(crate) fn named(self, name: impl Into<String>) -> Self {
        Monitor {
            name: name.into(),
            ..self
        }
    }

    /// Which way the value becomes better, whatever its loss or metric says.
    pub fn mode(mut self, mode: Direction) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Change that counts as an improvement (Keras's `min_delta`).
    pub fn min_delta(mut self, change: f64) -> Self {
        self.min_delta = change;
        self
    }

    /// Name of the value.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// # Errors
    /// When a training will not measure the value.
    pub(crate) fn check(&self, start: &Start<'_>) -> Result<(), Error> {
        if start.measured.contains(&self.name) {
            return Ok(());
        }
        Err(Error::callback(format!(
            "a callback watches {:?}, which is not measured; there are {}",
            self.name,
            start.measured.join(", ")
        ))
        .with_hint("add the metric, or validation data for names that begin with val_"))
    }

    /// Number of the best epoch, from 1: the first of equals. What is not a number is never
    /// better.
    ///
    /// # Errors
    /// When the value was not measured.
    pub fn best_epoch(&self, history: &History) -> Result<usize, Error> {
        let mut best: Option<(f64, usize)> = None;
        for (index, badness) in self.badness(history)?.into_iter().enumerate() {
            if best.is_none_or(|(least, _)| self.improves(badness, least)) {
                best = Some((badness, index + 1));
            }
        }
        Ok(best.map_or(0, |(_, epoch)| epoch))
    }

    /// Whether `badness` is better than the least so far.
    pub(crate) fn improves(&self, badness: f64, least: f64) -> bool {
        badness < least - self.min_delta || (least.is_nan() && !badness.is_nan())
    }

    /// The watched value of each epoch, with the sign that makes smaller better.
    pub(crate) fn badness(&self, history: &History) -> Result<Vec<f64>, Error> {
        let direction = || history.direction(&self.name);
        let sign = match self.mode.unwrap_or_else(direction) {
            Direction::Min => 1.0,
            Direction::Max => -1.0,
        };
        let values = history.epochs().iter().map(|epoch| epoch.get(&self.name));
        let values: Option<Vec<f64>> = values
            .map(|value| value.map(|value| sign * value))
            .collect();
        values.ok_or_else(|| {
            Error::callback(format!(
                "a callback watches {:?}, which is not measured",
                self.name
            ))
            .with_hint("add the metric, or validation data for names that begin with val_")
        })
    }
}
