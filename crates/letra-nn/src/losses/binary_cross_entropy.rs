use serde::{Deserialize, Serialize};

use super::{Loss, TargetRows, Task, check_answers, check_smoothing, rows};
use crate::Error;
use crate::dataset::Targets;
use crate::kernels::pointwise;
use crate::layers::ActivationFunction;

/// Binary cross-entropy −*t* log *p* − (1 − *t*) log (1 − *p*), the mean over all values of
/// all samples: each output answers a yes-or-no question of its own.
///
/// From logits *z*, sigmoid and logarithm are computed together: with *p* = 1 / (1 + e⁻ᶻ) the
/// loss is max(*z*, 0) − *z* *t* + log (1 + e^−|*z*|) and its gradient
/// (*p* − *t*) / (samples · units). Probabilities are clipped to [10⁻⁷, 1 − 10⁻⁷], as in
/// Keras. Targets are rows of values from 0 to 1 or, for one output, two classes.
///
/// ```
/// # use letra_nn::prelude::*;
/// let lengths = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(lengths, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(1)).compile(
///     Compile::new(Adam::new(0.1))
///         .loss(BinaryCrossEntropy::from_logits())
///         .metric(Accuracy),
/// )?;
/// network.fit(&data, Fit::epochs(100))?;
/// assert_eq!(network.predict_classes(data.inputs())?, [0, 0, 1, 1]);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BinaryCrossEntropy {
    from_logits: bool,
    label_smoothing: f32,
}

impl BinaryCrossEntropy {
    /// On probabilities, such as a sigmoid layer gives.
    pub fn new() -> Self {
        BinaryCrossEntropy {
            from_logits: false,
            label_smoothing: 0.0,
        }
    }

    /// On logits, the outputs of a linear layer; quicker and never out of range.
    /// Predictions are then the sigmoid of the outputs.
    pub fn from_logits() -> Self {
        BinaryCrossEntropy {
            from_logits: true,
            label_smoothing: 0.0,
        }
    }

    /// Draws the targets together, *t* (1 − *s*) + *s* / 2, so that no output is driven to
    /// infinity (Szegedy et al. 2016, "Rethinking the inception architecture", section 7);
    /// *s* from 0 to 1.
    pub fn label_smoothing(mut self, smoothing: f32) -> Self {
        self.label_smoothing = smoothing;
        self
    }
}

impl Loss for BinaryCrossEntropy {
    named!("binary_cross_entropy");

    fn check_configuration(&self) -> Result<(), Error> {
        check_smoothing(self.label_smoothing)
    }

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_answers("binary cross-entropy", units, targets)
    }

    fn task(&self) -> Task {
        Task::Labels { threshold: 0.5 }
    }

    fn evaluate(
        &self,
        _units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let evaluate = match self.from_logits {
            true => pointwise::binary_cross_entropy_from_logits,
            false => pointwise::binary_cross_entropy_from_probabilities,
        };
        evaluate(self.label_smoothing, output, rows(targets), scale, gradient)
    }

    fn output_function(&self) -> ActivationFunction {
        match self.from_logits {
            true => ActivationFunction::Sigmoid,
            false => ActivationFunction::Linear,
        }
    }
}
