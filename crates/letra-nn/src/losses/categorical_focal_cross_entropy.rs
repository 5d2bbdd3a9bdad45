use serde::{Deserialize, Serialize};

use super::{
    EPSILON, Loss, TargetRows, Task, check_distributions, check_focus, check_smoothing, focus,
};
use crate::Error;
use crate::dataset::Targets;
use crate::layers::ActivationFunction;

/// Cross-entropy over classes that counts less where the answer is right already (Lin, Goyal,
/// Girshick, He and Dollár 2017, "Focal loss for dense object detection", eq. 5, for several
/// classes), the sum over the last axis, the mean over the rows:
///
/// −Σ α (1 − *p*)^γ *t* log *p*.
///
/// Probabilities are scaled to sum to 1 and clipped to [10⁻⁷, 1 − 10⁻⁷], as in Keras; from logits,
/// softmax and logarithm are computed together, and nothing is clipped. Defaults are Keras's: α 0.25
/// for all classes, γ 2. Targets are classes or rows of probabilities, such as one-hot rows.
///
/// ```
/// # use letra_nn::prelude::*;
/// let loss = CategoricalFocalCrossEntropy::from_logits().alphas([0.25, 0.5, 1.0]);
/// let compile = Compile::new(Adam::new(0.01)).loss(loss);
/// assert!(Sequential::new([4]).add(Dense::new(3)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CategoricalFocalCrossEntropy {
    from_logits: bool,
    /// One for all classes, or one each.
    alpha: Vec<f32>,
    gamma: f32,
    label_smoothing: f32,
}

impl CategoricalFocalCrossEntropy {
    /// On probabilities, such as a softmax layer gives.
    pub fn new() -> Self {
        CategoricalFocalCrossEntropy {
            from_logits: false,
            alpha: vec![0.25],
            gamma: 2.0,
            label_smoothing: 0.0,
        }
    }

    /// On logits, the outputs of a linear layer. Predictions are then softmax of the outputs.
    pub fn from_logits() -> Self {
        CategoricalFocalCrossEntropy {
            from_logits: true,
            ..Self::new()
        }
    }

    /// The weight α of all classes, from 0 to 1.
    pub fn alpha(self, alpha: f32) -> Self {
        self.alphas([alpha])
    }

    /// A weight α for each class, from 0 to 1.
    pub fn alphas(mut self, alphas: impl Into<Vec<f32>>) -> Self {
        self.alpha = alphas.into();
        self
    }

    settings! {
        /// How much less an easy answer counts, γ of 0 or more; 0 leaves α times cross-entropy.
        gamma: f32,
        /// Moves a share *s* of each target to all classes alike, *t* (1 − *s*) + *s* / classes;
        /// *s* from 0 to 1.
        label_smoothing: f32,
    }

    /// α *t* of a class.
    fn weight(&self, unit: usize, units: usize, target: f32) -> f64 {
        let alpha = self.alpha.get(unit).unwrap_or(&self.alpha[0]);
        let smoothing = f64::from(self.label_smoothing);
        f64::from(*alpha) * (f64::from(target) * (1.0 - smoothing) + smoothing / units as f64)
    }

    /// The loss of a row of logits; writes its scaled gradient.
    fn of_logits(
        &self,
        z: &[f32],
        target: impl Fn(usize) -> f32,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let log_sum = log_sum(z);
        let log = |unit: usize| f64::from(z[unit]) - log_sum;
        // A class's loss, and its slope by p, times p.
        let term = |unit: usize| match self.weight(unit, z.len(), target(unit)) {
            // Also where the logarithm is infinite.
            0.0 => [0.0; 2],
            weight => {
                let log = log(unit);
                let (factor, slope) = focus(-libm::expm1(log), f64::from(self.gamma));
                let slope = slope * libm::exp(log) * log - factor;
                [-weight * factor * log, weight * slope]
            }
        };
        let [loss, common] = sums(z.len(), term);
        for (unit, gradient) in gradient.iter_mut().enumerate() {
            let slope = term(unit)[1] - libm::exp(log(unit)) * common;
            *gradient = (slope * f64::from(scale)) as f32;
        }
        loss
    }

    /// The loss of a row of probabilities; writes its scaled gradient.
    fn of_probabilities(
        &self,
        p: &[f32],
        target: impl Fn(usize) -> f32,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let sum: f64 = p.iter().copied().map(f64::from).sum();
        let share = |unit: usize| f64::from(p[unit]) / sum;
        // A class's loss, and its slope by its share.
        let term = |unit: usize| match self.weight(unit, p.len(), target(unit)) {
            0.0 => [0.0; 2],
            weight => {
                let share = share(unit);
                let clipped = share.clamp(EPSILON, 1.0 - EPSILON);
                let log = libm::log(clipped);
                let (factor, slope) = focus(1.0 - clipped, f64::from(self.gamma));
                let slope = match clipped == share {
                    true => slope * log - factor / clipped,
                    false => 0.0,
                };
                [-weight * factor * log, weight * slope]
            }
        };
        let [loss, common] = sums(p.len(), |unit| {
            let [loss, slope] = term(unit);
            [loss, slope * share(unit)]
        });
        for (unit, gradient) in gradient.iter_mut().enumerate() {
            let slope = (term(unit)[1] - common) / sum;
            *gradient = (slope * f64::from(scale)) as f32;
        }
        loss
    }
}

/// The sums of two numbers a unit.
fn sums(units: usize, numbers: impl Fn(usize) -> [f64; 2]) -> [f64; 2] {
    (0..units)
        .map(numbers)
        .fold([0.0; 2], |sums, own| [sums[0] + own[0], sums[1] + own[1]])
}

/// log Σ exp(z)
fn log_sum(z: &[f32]) -> f64 {
    let largest = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let largest = f64::from(largest);
    let terms = z.iter().map(|&z| libm::exp(f64::from(z) - largest));
    largest + libm::log(terms.sum())
}

impl Loss for CategoricalFocalCrossEntropy {
    named!("categorical_focal_cross_entropy");

    fn check_configuration(&self) -> Result<(), Error> {
        if self.alpha.is_empty() {
            return Err(Error::configuration("the focal loss has no alpha")
                .with_hint("give one for all classes, or one each"));
        }
        check_focus(&self.alpha, self.gamma)?;
        check_smoothing(self.label_smoothing)
    }

    fn check(&self, units: usize, targets: &Targets) -> Result<(), Error> {
        match self.alpha.len() {
            count if count != 1 && count != units => Err(Error::configuration(format!(
                "the focal loss has {count} alphas but the network {units} outputs"
            ))
            .with_hint("give one for all classes, or one each")),
            _ => check_distributions("focal cross-entropy", units, targets),
        }
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
        let mut loss = 0.0;
        let rows = output.chunks_exact(units);
        let rows = rows.zip(gradient.chunks_exact_mut(units));
        for (row, (output, gradient)) in rows.enumerate() {
            let target = |unit: usize| targets.value(units, row, unit);
            loss += match self.from_logits {
                true => self.of_logits(output, target, scale, gradient),
                false => self.of_probabilities(output, target, scale, gradient),
            };
        }
        loss
    }

    fn output_function(&self) -> ActivationFunction {
        match self.from_logits {
            true => ActivationFunction::Softmax,
            false => ActivationFunction::Linear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_answers_have_finite_losses_and_gradients() {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let loss = CategoricalFocalCrossEntropy::from_logits().gamma(gamma);
            let evaluated = |logits: [f32; 3], class: usize| {
                let mut gradient = [0.0; 3];
                let target = |unit: usize| f32::from(u8::from(unit == class));
                let value = loss.of_logits(&logits, target, 1.0, &mut gradient);
                (value, gradient)
            };
            let (right, gradient) = evaluated([1000.0, -1000.0, 0.0], 0);
            assert_eq!((right, gradient), (0.0, [0.0; 3]));
            let (wrong, gradient) = evaluated([1000.0, -1000.0, 0.0], 1);
            assert_eq!((wrong, gradient), (500.0, [0.25, -0.25, 0.0]));
            assert!(evaluated([f32::NAN, 0.0, 1.0], 1).0.is_nan());
        }
    }
}
