//! Cross-entropy −Σ t ln p, with its gradient.

/// Smallest probability whose logarithm is taken, and one less the largest, as in Keras.
pub const PROBABILITY_CLIP: f32 = 1e-7;

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

/// From probabilities p and class indices: returns Σ over samples of −ln pₗ with p clipped to
/// [1e-7, 1 − 1e-7], and writes −scale / pₗ at the label (0 where p was clipped), 0 elsewhere.
pub fn classes_from_probabilities(
    classes: usize,
    probabilities: &[f32],
    labels: &[u32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    gradient.fill(0.0);
    for ((probabilities, gradient), &label) in probabilities
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes))
        .zip(labels)
    {
        let (term, slope) = negative_logarithm(probabilities[label as usize]);
        loss += f64::from(term);
        gradient[label as usize] = slope * scale;
    }
    loss
}

/// From probabilities p and target probabilities t, both [samples, classes]: returns
/// Σ −t ln p with p clipped to [1e-7, 1 − 1e-7], and writes −scale · t / p (0 where p was
/// clipped).
pub fn values_from_probabilities(
    probabilities: &[f32],
    targets: &[f32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    for ((gradient, target), probability) in gradient.iter_mut().zip(targets).zip(probabilities) {
        let (term, slope) = negative_logarithm(*probability);
        loss += f64::from(target * term);
        *gradient = target * slope * scale;
    }
    loss
}

/// −ln of the clipped probability, and its derivative.
fn negative_logarithm(probability: f32) -> (f32, f32) {
    let clipped = probability.clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP);
    let slope = if clipped == probability {
        -1.0 / clipped
    } else {
        0.0
    };
    (-clipped.ln(), slope)
}
