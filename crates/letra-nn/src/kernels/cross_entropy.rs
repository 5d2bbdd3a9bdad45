//! Cross-entropy −Σ t ln p, with its gradient.

/// Smallest probability whose logarithm is taken, and one less the largest, as in Keras.
pub const PROBABILITY_CLIP: f64 = 1e-7;

/// From logits z and class indices: returns Σ over samples of −ln softmax(z)ₗ and writes
/// (softmax(z) − onehot(l)) · scale to `gradient`.
///
/// `logits` and `gradient` are [samples, classes], `labels` [samples], each below `classes`.
pub fn classes_from_logits(
    classes: usize,
    logits: &[f32],
    labels: &[u32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    for ((logits, gradient), &label) in logits
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(labels)
    {
        let logarithm = softmax(logits, gradient);
        loss += f64::from(logarithm - logits[label as usize]);
        for value in &mut *gradient {
            *value *= scale;
        }
        gradient[label as usize] -= scale;
    }
    loss
}

/// From logits z and target probabilities t [samples, classes]: returns
/// Σ −t ln softmax(z) and writes (softmax(z) · Σt − t) · scale to `gradient`.
pub fn values_from_logits(
    classes: usize,
    logits: &[f32],
    targets: &[f32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    for ((logits, gradient), targets) in logits
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(targets.chunks_exact(classes))
    {
        let logarithm = softmax(logits, gradient);
        let total: f32 = targets.iter().sum();
        for ((gradient, target), logit) in gradient.iter_mut().zip(targets).zip(logits) {
            loss += f64::from(target * (logarithm - logit));
            *gradient = (*gradient * total - target) * scale;
        }
    }
    loss
}

/// Writes softmax(logits) to `probabilities` and returns ln Σ e^logit.
fn softmax(logits: &[f32], probabilities: &mut [f32]) -> f32 {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for (probability, logit) in probabilities.iter_mut().zip(logits) {
        *probability = (logit - largest).exp();
        sum += *probability;
    }
    for probability in probabilities {
        *probability /= sum;
    }
    largest + sum.ln()
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
        loss += sum.ln() - chosen.ln();
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

/// From probabilities p and target probabilities t, both [samples, classes], as Keras has it:
/// with q = p / Σ p, returns Σ −t ln q with q clipped to [1e-7, 1 − 1e-7], and writes its
/// gradient (sᵢ − Σ sⱼ qⱼ) / Σ p with s = −t / q (0 where q was clipped), times `scale`.
pub fn values_from_probabilities(
    classes: usize,
    probabilities: &[f32],
    targets: &[f32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    for ((probabilities, gradient), targets) in probabilities
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(targets.chunks_exact(classes))
    {
        let sum: f32 = probabilities.iter().sum();
        let mut products = 0.0;
        for ((gradient, target), probability) in gradient.iter_mut().zip(targets).zip(probabilities)
        {
            let share = probability / sum;
            loss -= f64::from(*target) * clipped(share).ln();
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
