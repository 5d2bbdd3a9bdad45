//! Cross-entropy −Σ t ln p, with its gradient.

use super::activation::rows_together;
use super::math::{exp, largest, sum};
use super::simd::kernel;
use crate::assert_same_length;

#[cfg(test)]
mod tests;

/// Smallest probability whose logarithm is taken, and one less the largest, as in Keras.
pub(crate) const PROBABILITY_CLIP: f64 = 1e-7;

kernel! {
    /// From logits z and class indices: returns Σ over samples of −ln softmax(z)ₗ and writes
    /// (softmax(z) − onehot(l)) · scale to `gradient`. With `smoothing` s, the target is not
    /// onehot(l) but (1 − s) onehot(l) + s / classes.
    ///
    /// `logits` and `gradient` are `[samples, classes]`, `labels` `[samples]`, each below `classes`.
    pub fn classes_from_logits(
        classes: usize,
        logits: &[f32],
        labels: &[u32],
        smoothing: f32,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        assert_same_length("logits and gradient", logits, gradient);
        assert_eq!(
            logits.len(),
            labels.len() * classes,
            "logits are not samples × classes"
        );
        let together = rows_together(classes);
        let (keep, share) = (1.0 - smoothing, smoothing / classes as f32);
        let mut loss = Loss::default();
        let labels = labels.chunks(together);
        let logits = logits.chunks(together * classes);
        let gradients = gradient.chunks_mut(together * classes);
        for ((logits, labels), gradients) in logits.zip(labels).zip(gradients) {
            shift(classes, logits, gradients);
            for (gradient, label) in gradients.chunks_exact(classes).zip(labels) {
                loss.sum -= f64::from(keep) * f64::from(gradient[*label as usize]);
                if share > 0.0 {
                    loss.sum -= f64::from(share) * f64::from(sum(gradient));
                }
            }
            for gradient in gradients.iter_mut() {
                *gradient = exp(*gradient);
            }
            for (gradient, label) in gradients.chunks_exact_mut(classes).zip(labels) {
                let total = sum(gradient);
                loss.add_logarithm(total);
                let (factor, less) = (scale / total, share * scale);
                for gradient in gradient.iter_mut() {
                    *gradient = *gradient * factor - less;
                }
                gradient[*label as usize] -= keep * scale;
            }
        }
        loss.total()
    }

    /// From logits z and target probabilities t `[samples, classes]`: returns
    /// Σ −t ln softmax(z) and writes (softmax(z) · Σt − t) · scale to `gradient`. With `smoothing` s,
    /// the targets are (1 − s) t + s / classes.
    pub fn values_from_logits(
        classes: usize,
        logits: &[f32],
        targets: &[f32],
        smoothing: f32,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        assert_same_length("logits and gradient", logits, gradient);
        assert_same_length("logits and targets", logits, targets);
        let together = rows_together(classes) * classes;
        let (keep, share) = (1.0 - smoothing, smoothing / classes as f32);
        let mut loss = Loss::default();
        let blocks = logits.chunks(together).zip(targets.chunks(together));
        for ((logits, targets), gradients) in blocks.zip(gradient.chunks_mut(together)) {
            shift(classes, logits, gradients);
            loss.sum -= f64::from(keep) * product(gradients, targets);
            if share > 0.0 {
                for gradient in gradients.chunks_exact(classes) {
                    loss.sum -= f64::from(share) * f64::from(sum(gradient));
                }
            }
            for gradient in gradients.iter_mut() {
                *gradient = exp(*gradient);
            }
            let rows = gradients
                .chunks_exact_mut(classes)
                .zip(targets.chunks_exact(classes));
            for (gradient, targets) in rows {
                let (total, target) = (sum(gradient), keep * sum(targets) + smoothing);
                match target {
                    1.0 => loss.add_logarithm(total),
                    _ => loss.sum += f64::from(target) * libm::log(f64::from(total)),
                }
                for (gradient, value) in gradient.iter_mut().zip(targets) {
                    let value = keep * value + share;
                    *gradient = (*gradient * (target / total) - value) * scale;
                }
            }
        }
        loss.total()
    }
}

/// shifted = each row of `logits` less its largest value.
#[inline(always)]
fn shift(classes: usize, logits: &[f32], shifted: &mut [f32]) {
    let rows = logits
        .chunks_exact(classes)
        .zip(shifted.chunks_exact_mut(classes));
    for (logits, shifted) in rows {
        let largest = largest(logits);
        for (shifted, logit) in shifted.iter_mut().zip(logits) {
            *shifted = logit - largest;
        }
    }
}

/// Σ a b
#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for ((a, b), sum) in a.iter().zip(b).zip(&mut sums) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
    sums.iter().sum()
}

/// A sum of which some terms are logarithms: these are taken all at once, of their product.
struct Loss {
    sum: f64,
    product: f64,
}

impl Default for Loss {
    fn default() -> Loss {
        Loss {
            sum: 0.0,
            product: 1.0,
        }
    }
}

impl Loss {
    /// Adds ln `value`, which is at least 1 or undefined.
    #[inline(always)]
    fn add_logarithm(&mut self, value: f32) {
        self.product *= f64::from(value);
        // Times any f32 this is finite.
        if self.product > 1e250 {
            self.sum += libm::log(self.product);
            self.product = 1.0;
        }
    }

    fn total(self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

/// From probabilities p and class indices, as Keras has it: with c = p clipped to
/// [1e-7, 1 − 1e-7], returns Σ over samples of −ln (cₗ / Σ c) and writes its gradient,
/// 1 / Σ c everywhere and −1 / cₗ more at the label (0 where p was clipped), times `scale`.
pub fn classes_from_probabilities(
    classes: usize,
    probabilities: &[f32],
    labels: &[u32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    for ((probabilities, gradient), &label) in probabilities
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(labels)
    {
        let label = label as usize;
        let sum: f64 = probabilities.iter().map(|&p| clipped(p)).sum();
        let chosen = clipped(probabilities[label]);
        loss += libm::log(sum) - libm::log(chosen);
        for (index, (gradient, &probability)) in gradient.iter_mut().zip(probabilities).enumerate()
        {
            let at_label = if index == label { chosen.recip() } else { 0.0 };
            *gradient = match is_clipped(probability) {
                true => 0.0,
                false => (sum.recip() - at_label) as f32 * scale,
            };
        }
    }
    loss
}

/// From probabilities p `[samples, classes]` and target probabilities t, as Keras has it: with
/// q = p / Σ p, returns Σ −t ln q with q clipped to [1e-7, 1 − 1e-7], and writes its gradient
/// (sᵢ − Σ sⱼ qⱼ) / Σ p with s = −t / q (0 where q was clipped), times `scale`.
///
/// `target` gives t for a sample and a class.
pub fn values_from_probabilities(
    classes: usize,
    probabilities: &[f32],
    target: impl Fn(usize, usize) -> f32,
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    let rows = probabilities
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes));
    for (sample, (probabilities, gradient)) in rows.enumerate() {
        let sum: f32 = probabilities.iter().sum();
        let mut products = 0.0;
        for (class, (gradient, probability)) in gradient.iter_mut().zip(probabilities).enumerate() {
            let (share, target) = (probability / sum, target(sample, class));
            loss -= f64::from(target) * libm::log(clipped(share));
            *gradient = if is_clipped(share) {
                0.0
            } else {
                -target / share
            };
            products += *gradient * share;
        }
        for gradient in gradient {
            *gradient = (*gradient - products) / sum * scale;
        }
    }
    loss
}

fn clipped(probability: f32) -> f64 {
    f64::from(probability).clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP)
}

fn is_clipped(probability: f32) -> bool {
    clipped(probability) != f64::from(probability)
}
