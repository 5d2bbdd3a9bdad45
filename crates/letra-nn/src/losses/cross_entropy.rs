use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, check_values};
use crate::Error;
use crate::dataset::Targets;
use crate::kernels::cross_entropy;
use crate::layers::ActivationFunction;

/// Categorical cross-entropy −Σ *t* log *p*, the mean over the samples.
///
/// From logits *z*, softmax and logarithm are computed together: with *p* = softmax(*z*)
/// the gradient is *p* − *t* (Bridle 1990). Probabilities are scaled to sum to 1 and
/// clipped to [10⁻⁷, 1 − 10⁻⁷], in this order for rows of targets and in the other for
/// classes, as Keras does. Targets are classes or rows of probabilities, such as one-hot
/// rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrossEntropy {
    from_logits: bool,
}

impl CrossEntropy {
    /// On probabilities, such as a softmax layer gives.
    #[expect(clippy::new_without_default, reason = "neither form is the obvious default")]
    pub fn new() -> Self {
        CrossEntropy { from_logits: false }
    }

    /// On logits, the outputs of a linear layer; quicker and never out of range.
    /// Predictions are then softmax of the outputs.
    pub fn from_logits() -> Self {
        CrossEntropy { from_logits: true }
    }
}

impl Loss for CrossEntropy {
    fn kind(&self) -> &'static str {
        "cross_entropy"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        match targets {
            Targets::Classes { count, .. } if *count == units => Ok(()),
            Targets::Classes { count, .. } => Err(Error::Data(format!(
                "the network has {units} outputs but the data has {count} classes: make the last layer Dense::new({count})"
            ))),
            Targets::Values(_) => check_values(units, targets),
        }
    }

    fn scale(&self, samples: usize, _units: usize) -> f32 {
        1.0 / samples as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        match (self.from_logits, targets) {
            (true, TargetRows::Classes(labels)) => {
                cross_entropy::classes_from_logits(units, output, labels, scale, gradient)
            }
            (true, TargetRows::Values(rows)) => {
                cross_entropy::values_from_logits(units, output, rows, scale, gradient)
            }
            (false, TargetRows::Classes(labels)) => {
                cross_entropy::classes_from_probabilities(units, output, labels, scale, gradient)
            }
            (false, TargetRows::Values(rows)) => {
                cross_entropy::values_from_probabilities(units, output, rows, scale, gradient)
            }
        }
    }

    fn output_function(&self) -> ActivationFunction {
        match self.from_logits {
            true => ActivationFunction::Softmax,
            false => ActivationFunction::Linear,
        }
    }
}
