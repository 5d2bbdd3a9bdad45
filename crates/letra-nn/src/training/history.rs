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
/// assert_eq!((last.epoch, last.get("val_loss")), (2, last.val_loss));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLogs {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Training steps taken since the network was compiled.
    pub steps: u64,
    /// Mean of the loss over the epoch's samples, each measured before its step.
    #[serde(with = "number")]
    pub loss: f64,
    /// Name and value over the epoch's samples of each metric, measured likewise.
    #[serde(with = "number::named")]
    pub metrics: Vec<(String, f64)>,
    /// Loss on the validation data after the epoch, if there is any.
    #[serde(with = "number::option", default)]
    pub val_loss: Option<f64>,
    /// Name and value of each metric on the validation data.
    #[serde(with = "number::named")]
    pub val_metrics: Vec<(String, f64)>,
}

impl EpochLogs {
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
    /// One entry an epoch, in order.
    pub epochs: Vec<EpochLogs>,
    /// Which way each value becomes better, as its loss or metric says; those on validation data
    /// go by the same names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directions: BTreeMap<String, Direction>,
}

impl History {
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
