use serde::{Deserialize, Serialize};

use super::{
    EPSILON, Loss, TargetRows, Task, by_value, check_answers, check_focus, check_smoothing, focus,
    rows,
};
use crate::Error;
use crate::dataset::Targets;
use crate::layers::ActivationFunction;

/// Binary cross-entropy that counts less where the answer is right already, so that few hard
/// samples are not lost among many easy ones (Lin, Goyal, Girshick, He and Dollár 2017, "Focal loss
/// for dense object detection", eq. 4), the mean over all values of all samples: with
/// *q* = *t* (1 − *p*) + (1 − *t*) *p* the share that is missing,
///
/// *w* *q*^γ (−*t* log *p* − (1 − *t*) log (1 − *p*)).
///
/// *w* is 1, or with [`BinaryFocalCrossEntropy::apply_class_balancing`] α for yes and 1 − α for no
/// (ibid., eq. 5). Probabilities are clipped to [10⁻⁷, 1 − 10⁻⁷] in the logarithms, as in Keras;
/// logits are never out of range, and nothing is clipped. Defaults are Keras's: γ 2, α 0.25, no
/// class balancing. Targets are rows of values from 0 to 1 or, for one output, two classes.
///
/// ```
/// # use letra_nn::prelude::*;
/// let loss = BinaryFocalCrossEntropy::from_logits().gamma(1.5);
/// let compile = Compile::new(Adam::new(0.01)).loss(loss);
/// assert!(Sequential::new([3]).add(Dense::new(1)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BinaryFocalCrossEntropy {
    from_logits: bool,
    apply_class_balancing: bool,
    alpha: f32,
    gamma: f32,
    label_smoothing: f32,
}

impl BinaryFocalCrossEntropy {
    /// On probabilities, such as a sigmoid layer gives.
    pub fn new() -> Self {
        BinaryFocalCrossEntropy {
            from_logits: false,
            apply_class_balancing: false,
            alpha: 0.25,
            gamma: 2.0,
            label_smoothing: 0.0,
        }
    }

    /// On logits, the outputs of a linear layer. Predictions are then the sigmoid of the outputs.
    pub fn from_logits() -> Self {
        BinaryFocalCrossEntropy {
            from_logits: true,
            ..Self::new()
        }
    }

    settings! {
        /// Whether yes and no are weighted by α and 1 − α.
        apply_class_balancing: bool,
        /// The weight α of a yes, from 0 to 1.
        alpha: f32,
        /// How much less an easy answer counts, γ of 0 or more; 0 is cross-entropy itself.
        gamma: f32,
        /// Draws the targets together, *t* (1 − *s*) + *s* / 2; *s* from 0 to 1.
        label_smoothing: f32,
    }

    /// The loss of a probability and its slope.
    fn of_probability(&self, p: f64, t: f64) -> (f64, f64) {
        let clipped = p.clamp(EPSILON, 1.0 - EPSILON);
        let entropy = -t * libm::log(clipped) - (1.0 - t) * libm::log1p(-clipped);
        let slope = match clipped == p {
            true => (p - t) / (p * (1.0 - p)),
            false => 0.0,
        };
        let (factor, factor_slope) = self.factor(p, t);
        (factor * entropy, factor_slope * entropy + factor * slope)
    }

    /// The loss of a logit and its slope.
    fn of_logit(&self, z: f64, t: f64) -> (f64, f64) {
        let far = libm::exp(-z.abs());
        let positive = if z < 0.0 { 0.0 } else { z };
        let entropy = positive - z * t + libm::log1p(far);
        let p = if z < 0.0 { far } else { 1.0 } / (1.0 + far);
        let (factor, factor_slope) = self.factor(p, t);
        let slope = factor_slope * p * (1.0 - p) * entropy + factor * (p - t);
        (factor * entropy, slope)
    }

    /// What the cross-entropy is multiplied by, and its slope by the probability.
    fn factor(&self, p: f64, t: f64) -> (f64, f64) {
        let (factor, slope) = focus(t * (1.0 - p) + (1.0 - t) * p, f64::from(self.gamma));
        let alpha = f64::from(self.alpha);
        let weight = match self.apply_class_balancing {
            true => t * alpha + (1.0 - t) * (1.0 - alpha),
            false => 1.0,
        };
        (weight * factor, weight * slope * (1.0 - 2.0 * t))
    }
}

impl Loss for BinaryFocalCrossEntropy {
    named!("binary_focal_cross_entropy");

    fn check_configuration(&self) -> Result<(), Error> {
        check_focus(&[self.alpha], self.gamma)?;
        check_smoothing(self.label_smoothing)
    }

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        check_answers("binary focal cross-entropy", units, targets)
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
        let smoothing = f64::from(self.label_smoothing);
        by_value(output, rows(targets), scale, gradient, |y, t| {
            let t = t * (1.0 - smoothing) + 0.5 * smoothing;
            match self.from_logits {
                true => self.of_logit(y, t),
                false => self.of_probability(y, t),
            }
        })
    }

    fn output_function(&self) -> ActivationFunction {
        match self.from_logits {
            true => ActivationFunction::Sigmoid,
            false => ActivationFunction::Linear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_answers_have_finite_losses_and_slopes() {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let loss = BinaryFocalCrossEntropy::from_logits().gamma(gamma);
            for (z, t) in [(1000.0, 1.0), (-1000.0, 0.0)] {
                assert_eq!(loss.of_logit(z, t), (0.0, 0.0));
                let (value, slope) = loss.of_probability(f64::from(z > 0.0), t);
                assert!(value < 1e-6 && slope == 0.0, "{value} {slope}");
            }
            assert_eq!(loss.of_logit(1000.0, 0.0), (1000.0, 1.0));
            assert!(loss.of_logit(f64::NAN, 1.0).0.is_nan());
        }
    }
}
