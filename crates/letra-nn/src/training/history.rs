use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::{self, Direction};
use crate::number;

/// What an epoch was measured by.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let history = network.fit(&data, Fit::epochs(2).validation_data(&data))?;
/// let last = history.last().unwrap();
/// assert_eq!((last.epoch(), last.get("val_loss")), (2, last.val_loss()));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLogs {
    epoch: usize,
    steps: u64,
    #[serde(with = "number")]
    loss: f64,
    #[serde(with = "number::named")]
    metrics: Vec<(String, f64)>,
    #[serde(with = "number::option", default)]
    val_loss: Option<f64>,
    #[serde(with = "number::named")]
    val_metrics: Vec<(String, f64)>,
}

impl EpochLogs {
    /// What an epoch came to that was not run by [`Trainer::fit`](crate::Trainer::fit), such as one
    /// of a training loop of one's own: its number, from 1, the steps taken so far, and the loss.
    pub fn new(epoch: usize, steps: u64, loss: f64) -> Self {
        EpochLogs {
            epoch,
            steps,
            loss,
            metrics: Vec::new(),
            val_loss: None,
            val_metrics: Vec::new(),
        }
    }

    /// Adds metrics, each with its name.
    pub fn with_metrics<N: Into<String>>(
        mut self,
        metrics: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        self.metrics.extend(named(metrics));
        self
    }

    /// Adds the loss on the validation data.
    pub fn with_val_loss(mut self, loss: f64) -> Self {
        self.val_loss = Some(loss);
        self
    }

    /// Adds metrics on the validation data, by the names that they have on the training data.
    pub fn with_val_metrics<N: Into<String>>(
        mut self,
        metrics: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        self.val_metrics.extend(named(metrics));
        self
    }

    /// Number of the epoch, from 1.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Training steps taken since the network was compiled.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Mean of the loss over the epoch's samples, each measured before its step.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Name and value over the epoch's samples of each metric, measured likewise.
    pub fn metrics(&self) -> &[(String, f64)] {
        &self.metrics
    }

    /// Loss on the validation data after the epoch, if there is any.
    pub fn val_loss(&self) -> Option<f64> {
        self.val_loss
    }

    /// Name and value of each metric on the validation data.
    pub fn val_metrics(&self) -> &[(String, f64)] {
        &self.val_metrics
    }

    /// The value called `name`: "loss", "val_loss", a metric's name, or "val_" before it.
    pub fn get(&self, name: &str) -> Option<f64> {
        let find = |metrics: &[(String, f64)], name: &str| {
            metrics
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| *value)
        };
        match name {
            "loss" => Some(self.loss),
            "val_loss" => self.val_loss,
            _ => find(&self.metrics, name)
                .or_else(|| find(&self.val_metrics, name.strip_prefix("val_")?)),
        }
    }
}

fn named<N: Into<String>>(
    metrics: impl IntoIterator<Item = (N, f64)>,
) -> impl Iterator<Item = (String, f64)> {
    let metrics = metrics.into_iter();
    metrics.map(|(name, value)| (name.into(), value))
}

/// Losses and metrics in a line: `loss 0.1234  accuracy 0.981  val_loss 0.2345`.
impl fmt::Display for EpochLogs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "loss {:.4}", self.loss)?;
        for (name, value) in &self.metrics {
            write!(out, "  {name} {value:.3}")?;
        }
        if let Some(loss) = self.val_loss {
            write!(out, "  val_loss {loss:.4}")?;
        }
        for (name, value) in &self.val_metrics {
            write!(out, "  val_{name} {value:.3}")?;
        }
        Ok(())
    }
}

/// The logs of all epochs of a training.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let losses = network.fit(&data, Fit::epochs(5))?.values("loss");
/// assert!(losses.len() == 5 && losses[4] < losses[0]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    epochs: Vec<EpochLogs>,
    /// Which way each value becomes better, as its loss or metric says; those on validation data
    /// go by the same names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) directions: BTreeMap<String, Direction>,
}

impl History {
    /// The logs of each epoch, in order.
    pub fn epochs(&self) -> &[EpochLogs] {
        &self.epochs
    }

    /// Adds the logs of an epoch.
    pub fn push(&mut self, epoch: EpochLogs) {
        self.epochs.push(epoch);
    }

    /// Says which way the value called `name` becomes better, also on validation data.
    pub fn with_direction(mut self, name: impl Into<String>, direction: Direction) -> Self {
        self.directions.insert(name.into(), direction);
        self
    }

    /// The last epoch's logs.
    pub fn last(&self) -> Option<&EpochLogs> {
        self.epochs.last()
    }

    /// Which way the value called `name` becomes better. Where the history does not tell, letra's own
    /// metrics do, and others are taken to rise, unless their names end with "loss".
    pub fn direction(&self, name: &str) -> Direction {
        let bare = name.strip_prefix("val_").unwrap_or(name);
        let known = [name, bare].map(|name| self.directions.get(name).copied());
        known[0]
            .or(known[1])
            .unwrap_or_else(|| match metrics::from_name(bare) {
                Ok(metric) => metric.direction(),
                Err(_) if bare.ends_with("loss") => Direction::Min,
                Err(_) => Direction::Max,
            })
    }

    /// The values called `name` (see [`EpochLogs::get`]) of the epochs that have one.
    pub fn values(&self, name: &str) -> Vec<f64> {
        self.epochs
            .iter()
            .filter_map(|epoch| epoch.get(name))
            .collect()
    }
}

/// Of epochs in their order.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let losses = [0.9, 0.5, 0.3];
/// let epochs = losses.iter().enumerate().map(|(index, &loss)| {
///     EpochLogs::new(index + 1, 100 * (index as u64 + 1), loss).with_metrics([("accuracy", 1.0 - loss)])
/// });
/// let history = History::from_iter(epochs);
/// assert_eq!(history.values("loss"), losses);
/// assert_eq!(history.direction("accuracy"), Direction::Max);
/// ```
impl FromIterator<EpochLogs> for History {
    fn from_iter<I: IntoIterator<Item = EpochLogs>>(epochs: I) -> Self {
        History {
            epochs: epochs.into_iter().collect(),
            directions: BTreeMap::new(),
        }
    }
}
