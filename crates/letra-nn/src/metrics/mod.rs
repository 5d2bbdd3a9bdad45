//! Metrics: what people read while the loss is made small. One file each.

use std::fmt::Debug;

use crate::Error;
use crate::dataset::Targets;
use crate::targets::TargetRows;

pub(crate) use crate::targets::largest;

mod accuracy;
mod confusion_matrix;
mod top_k_accuracy;

pub use accuracy::Accuracy;
pub use confusion_matrix::ConfusionMatrix;
pub use top_k_accuracy::TopKAccuracy;

/// A number a sample, averaged over the samples.
pub trait Metric: Debug + Send + Sync {
    /// Name in logs and tables.
    fn name(&self) -> String;

    /// Whether the metric makes sense for outputs of `units` values and such targets.
    ///
    /// # Errors
    /// When it does not; says what would.
    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error>;

    /// Sum over some samples, `output` being `[samples, units]`.
    fn sum(&self, units: usize, output: &[f32], targets: TargetRows<'_>) -> f64;
}

/// The metric of the given name, as saved models hold it.
pub(crate) fn from_name(name: &str) -> Result<Box<dyn Metric>, String> {
    if name == Accuracy.name() {
        return Ok(Box::new(Accuracy));
    }
    name.strip_prefix("top_")
        .and_then(|rest| rest.strip_suffix("_accuracy"))
        .and_then(|k| k.parse().ok())
        .map(|k| Box::new(TopKAccuracy::new(k)) as Box<dyn Metric>)
        .ok_or_else(|| format!("this version of letra has no metric named \"{name}\""))
}
