use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task, check_distributions, check_smoothing};
use crate::Error;
use crate::dataset::Targets;
use crate::kernels::cross_entropy;
use crate::layers::ActivationFunction;

/// Categorical cross-entropy −Σ *t* log *p*, the mean over the samples.
///
/// The sum goes over the last axis of the output. Where there are more, such as steps or pixels,
/// each of their places has a target and counts as a sample.
///
/// From logits *z*, softmax and logarithm are computed together: with *p* = softmax(*z*)
/// the gradient is *p* − *t* (Bridle 1990). Probabilities are scaled to sum to 1 and
/// clipped to [10⁻⁷, 1 − 10⁻⁷], in this order for rows of targets and in the other for
/// classes, as Keras does. Targets are classes or rows of probabilities, such as one-hot
/// rows. A single output is refused for such targets as 0, since its softmax is 1 whatever it says.
///
/// ```
/// # use letra_nn::prelude::*;
/// // Two pictures of 2 × 2 pixels, and a class for each pixel.
/// let pictures = Tensor::new([2, 2, 2, 1], vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])?;
/// let data = Dataset::classes(pictures, vec![1, 0, 0, 1, 1, 1, 0, 0], 2)?;
/// let mut network = Sequential::new([2, 2, 1])
///     .add(Conv2d::new(2, 1))
///     .compile(Compile::new(Adam::new(0.1)).loss(CrossEntropy::from_logits()).metric(Accuracy))?;
/// network.fit(&data, Fit::epochs(100))?;
/// assert_eq!(network.evaluate(&data)?.metric("accuracy"), Some(1.0));
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CrossEntropy {
    from_logits: bool,
    #[serde(default)]
    label_smoothing: f32,
}

impl CrossEntropy {
    /// On probabilities, such as a softmax layer gives.
    pub fn new() -> Self {
        CrossEntropy {
            from_logits: false,
            label_smoothing: 0.0,
        }
    }

    /// On logits, the outputs of a linear layer; quicker and never out of range.
    /// Predictions are then softmax of the outputs.
    pub fn from_logits() -> Self {
        CrossEntropy {
            from_logits: true,
            label_smoothing: 0.0,
        }
    }

    /// Moves a share *s* of each target to all classes alike, *t* (1 − *s*) + *s* / classes, so
    /// that no logit is driven to infinity (Szegedy et al. 2016, "Rethinking the inception
    /// architecture", section 7); *s* from 0 to 1.
    pub fn label_smoothing(mut self, smoothing: f32) -> Self {
        self.label_smoothing = smoothing;
        self
    }
}

impl Loss for CrossEntropy {
    named!("cross_entropy");

    fn check_configuration(&self) -> Result<(), Error> {
        check_smoothing(self.label_smoothing)
    }

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_distributions("cross-entropy", units, targets)
    }

    fn task(&self) -> Task {
        Task::Classes
    }

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let smoothing = self.label_smoothing;
        match (self.from_logits, targets) {
            (true, TargetRows::Classes(labels)) => cross_entropy::classes_from_logits(
                units, output, labels, smoothing, scale, gradient,
            ),
            (true, TargetRows::Values(rows)) => {
                cross_entropy::values_from_logits(units, output, rows, smoothing, scale, gradient)
            }
            (false, TargetRows::Classes(labels)) if smoothing == 0.0 => {
                cross_entropy::classes_from_probabilities(units, output, labels, scale, gradient)
            }
            (false, _) => {
                let (keep, share) = (1.0 - smoothing, smoothing / units as f32);
                let target = |sample, unit| keep * targets.value(units, sample, unit) + share;
                cross_entropy::values_from_probabilities(units, output, target, scale, gradient)
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
