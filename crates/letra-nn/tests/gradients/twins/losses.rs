//! Losses of one row of outputs against one row of targets, with their gradients.

use super::softmax;

/// Smallest probability whose logarithm is taken, and one less the largest.
const CLIP: f64 = 1e-7;

/// The loss of one sample and its gradient.
pub(crate) type Evaluated = (f64, Vec<f64>);
/// A loss of one row of outputs against one row of targets, one-hot for a class.
pub(crate) type LossTwin = fn(&[f64], &[f64]) -> Evaluated;

/// −Σ t ln softmax(z); the gradient is softmax(z) Σt − t.
pub(crate) fn from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    let probabilities = softmax(logits);
    let total: f64 = target.iter().sum();
    let loss = target.iter().zip(&probabilities).map(|(t, p)| -t * p.ln());
    let gradient = target
        .iter()
        .zip(&probabilities)
        .map(|(t, p)| p * total - t);
    (loss.sum(), gradient.collect())
}

/// t (1 − s) + s / classes.
fn smoothed(target: &[f64], smoothing: f64) -> Vec<f64> {
    let share = smoothing / target.len() as f64;
    target
        .iter()
        .map(|t| t * (1.0 - smoothing) + share)
        .collect()
}

/// Cross-entropy from logits with a label smoothing of 1/8.
pub(crate) fn smoothed_from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    from_logits(logits, &smoothed(target, 0.125))
}

/// Cross-entropy from probabilities with a label smoothing of 1/8.
pub(crate) fn smoothed_from_probabilities(probabilities: &[f64], target: &[f64]) -> Evaluated {
    from_probabilities_of_rows(probabilities, &smoothed(target, 0.125))
}

fn clipped(probability: f64) -> f64 {
    probability.clamp(CLIP, 1.0 - CLIP)
}

fn within(probability: f64) -> bool {
    clipped(probability) == probability
}

/// For classes, Keras clips the probabilities to c, then divides by their sum:
/// −ln (c_l / Σ c).
pub(crate) fn from_probabilities_of_classes(probabilities: &[f64], target: &[f64]) -> Evaluated {
    let label = target.iter().position(|&t| t == 1.0).expect("a class");
    let sum: f64 = probabilities.iter().map(|&p| clipped(p)).sum();
    let mut gradient = vec![0.0; probabilities.len()];
    for (j, &p) in probabilities.iter().enumerate() {
        if within(p) {
            gradient[j] = 1.0 / sum - f64::from(j == label) / p;
        }
    }
    (sum.ln() - clipped(probabilities[label]).ln(), gradient)
}

/// For rows, Keras divides the probabilities by their sum to q, then clips:
/// −Σ t ln clip(q).
pub(crate) fn from_probabilities_of_rows(probabilities: &[f64], target: &[f64]) -> Evaluated {
    let sum: f64 = probabilities.iter().sum();
    let shares: Vec<f64> = probabilities.iter().map(|p| p / sum).collect();
    let loss = target
        .iter()
        .zip(&shares)
        .map(|(t, &q)| -t * clipped(q).ln());
    // ∂L/∂q, then through the division: ∂L/∂pᵢ = (∂L/∂qᵢ − Σⱼ ∂L/∂qⱼ qⱼ) / Σp.
    let slopes: Vec<f64> = target
        .iter()
        .zip(&shares)
        .map(|(t, &q)| if within(q) { -t / q } else { 0.0 })
        .collect();
    let common: f64 = slopes.iter().zip(&shares).map(|(slope, q)| slope * q).sum();
    let gradient = slopes.iter().map(|slope| (slope - common) / sum);
    (loss.sum(), gradient.collect())
}

/// Σ f(y, t), f giving a term and its slope.
fn pointwise(outputs: &[f64], target: &[f64], term: impl Fn(f64, f64) -> (f64, f64)) -> Evaluated {
    let terms = outputs.iter().zip(target).map(|(&y, &t)| term(y, t));
    let (terms, slopes): (Vec<f64>, Vec<f64>) = terms.unzip();
    (terms.iter().sum(), slopes)
}

/// Σ (y − t)².
pub(crate) fn squared_error(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| ((y - t).powi(2), 2.0 * (y - t)))
}

/// Σ |y − t|.
pub(crate) fn absolute_error(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| ((y - t).abs(), (y - t).signum()))
}

/// Huber's loss with δ = 1.5.
pub(crate) fn huber(outputs: &[f64], target: &[f64]) -> Evaluated {
    const DELTA: f64 = 1.5;
    pointwise(outputs, target, |y, t| match y - t {
        e if e.abs() <= DELTA => (0.5 * e * e, e),
        e => (DELTA * (e.abs() - 0.5 * DELTA), DELTA * e.signum()),
    })
}

/// Σ max(1 − t y, 0), 0 counting as −1.
pub(crate) fn hinge(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        let t = if t == 0.0 { -1.0 } else { t };
        match 1.0 - t * y {
            margin if margin >= 0.0 => (margin, -t),
            _ => (0.0, 0.0),
        }
    })
}

/// max(max (1 − t) y − Σ t y + 1, 0).
pub(crate) fn categorical_hinge(outputs: &[f64], target: &[f64]) -> Evaluated {
    let own: f64 = outputs.iter().zip(target).map(|(y, t)| t * y).sum();
    let rivals: Vec<f64> = outputs
        .iter()
        .zip(target)
        .map(|(y, t)| (1.0 - t) * y)
        .collect();
    let other = rivals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let margin = other - own + 1.0;
    let mut gradient = vec![0.0; outputs.len()];
    if margin < 0.0 {
        return (0.0, gradient);
    }
    for (slope, t) in gradient.iter_mut().zip(target) {
        *slope = -t;
    }
    let place = rivals.iter().position(|&rival| rival == other).unwrap();
    gradient[place] += 1.0 - target[place];
    (margin, gradient)
}

/// −t ln p − (1 − t) ln (1 − p) and its slope by p.
fn binary(p: f64, t: f64) -> (f64, f64) {
    let loss = -t * p.ln() - (1.0 - t) * (1.0 - p).ln();
    (loss, (1.0 - t) / (1.0 - p) - t / p)
}

/// Binary cross-entropy of p = 1 / (1 + e⁻ᶻ), through the chain rule.
pub(crate) fn binary_from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    pointwise(logits, target, |z, t| {
        let p = 1.0 / (1.0 + (-z).exp());
        let (loss, slope) = binary(p, t);
        (loss, slope * p * (1.0 - p))
    })
}

/// Binary cross-entropy of probabilities.
pub(crate) fn binary_from_probabilities(probabilities: &[f64], target: &[f64]) -> Evaluated {
    pointwise(probabilities, target, binary)
}

/// t (1 − s) + s / 2 with s = 1/8.
fn drawn_together(target: &[f64]) -> Vec<f64> {
    target.iter().map(|t| t * 0.875 + 0.0625).collect()
}

/// Binary cross-entropy from logits with a label smoothing of 1/8.
pub(crate) fn smoothed_binary_from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    binary_from_logits(logits, &drawn_together(target))
}

/// Binary cross-entropy from probabilities with a label smoothing of 1/8.
pub(crate) fn smoothed_binary_from_probabilities(p: &[f64], target: &[f64]) -> Evaluated {
    binary_from_probabilities(p, &drawn_together(target))
}

/// Σ t ln (t / y), both clipped to [1e-7, 1].
pub(crate) fn kl_divergence(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        let t = t.clamp(CLIP, 1.0);
        match y.clamp(CLIP, 1.0) {
            kept if kept == y => (t * (t / y).ln(), -t / y),
            kept => (t * (t / kept).ln(), 0.0),
        }
    })
}

/// Σ ln cosh (y − t).
pub(crate) fn log_cosh(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        ((y - t).cosh().ln(), (y - t).tanh())
    })
}

/// Σ y − t ln (y + ε).
pub(crate) fn poisson(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        (y - t * (y + CLIP).ln(), 1.0 - t / (y + CLIP))
    })
}

/// Σ 100 |y − t| / |t|.
pub(crate) fn percentage_error(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        let size = t.abs().max(CLIP);
        (
            100.0 * (y - t).abs() / size,
            100.0 * (y - t).signum() / size,
        )
    })
}

/// Σ (ln (1 + y) − ln (1 + t))², y and t being at least ε.
pub(crate) fn logarithmic_error(outputs: &[f64], target: &[f64]) -> Evaluated {
    pointwise(outputs, target, |y, t| {
        let error = (1.0 + y.max(CLIP)).ln() - (1.0 + t.max(CLIP)).ln();
        let slope = if y > CLIP {
            2.0 * error / (1.0 + y)
        } else {
            0.0
        };
        (error * error, slope)
    })
}

/// −Σ y t / (|y| |t|), through the quotient rule.
pub(crate) fn cosine_similarity(outputs: &[f64], target: &[f64]) -> Evaluated {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (dot(outputs, outputs) * dot(target, target)).sqrt();
    let product = dot(outputs, target);
    let square = dot(outputs, outputs);
    let slope = |(y, t): (&f64, &f64)| -t / lengths + product * y / (lengths * square);
    let slopes = outputs.iter().zip(target).map(slope).collect();
    (-product / lengths, slopes)
}

/// The focal loss of a probability with γ = 1.5 and, for yes and no, α and 1 − α.
fn binary_focal(p: f64, t: f64, balance: impl Fn(f64) -> f64) -> (f64, f64) {
    const GAMMA: f64 = 1.5;
    let (entropy, slope) = binary(p, t);
    let missing = 1.0 - t * p - (1.0 - t) * (1.0 - p);
    let factor = balance(t) * missing.powf(GAMMA);
    let factor_slope = balance(t) * GAMMA * missing.powf(GAMMA - 1.0) * (1.0 - 2.0 * t);
    (factor * entropy, factor_slope * entropy + factor * slope)
}

/// Without class balancing, of probabilities.
pub(crate) fn binary_focal_from_probabilities(p: &[f64], target: &[f64]) -> Evaluated {
    pointwise(p, target, |p, t| binary_focal(p, t, |_| 1.0))
}

/// With α = 0.75, of logits, through the chain rule.
pub(crate) fn balanced_binary_focal_from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    pointwise(logits, target, |z, t| {
        let p = 1.0 / (1.0 + (-z).exp());
        let (loss, slope) = binary_focal(p, t, |t| 0.75 * t + 0.25 * (1.0 - t));
        (loss, slope * p * (1.0 - p))
    })
}

/// −Σ α (1 − p)² t ln p with α = 0.25, and its slopes by p.
fn focal(p: &[f64], target: &[f64]) -> Evaluated {
    pointwise(p, target, |p, t| {
        let missing = 1.0 - p;
        let slope = 2.0 * missing * p.ln() - missing * missing / p;
        (-0.25 * missing * missing * t * p.ln(), 0.25 * t * slope)
    })
}

/// Of softmax of logits, through its derivative.
pub(crate) fn focal_from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    let probabilities = softmax(logits);
    let (loss, slopes) = focal(&probabilities, target);
    let all = || slopes.iter().zip(&probabilities);
    let common: f64 = all().map(|(slope, p)| slope * p).sum();
    (loss, all().map(|(slope, p)| p * (slope - common)).collect())
}

/// Of probabilities that are divided by their sum.
pub(crate) fn focal_from_probabilities(probabilities: &[f64], target: &[f64]) -> Evaluated {
    let sum: f64 = probabilities.iter().sum();
    let shares: Vec<f64> = probabilities.iter().map(|p| clipped(p / sum)).collect();
    let (loss, slopes) = focal(&shares, target);
    if let [_] = probabilities {
        // Its share is 1, which is clipped.
        return (loss, vec![0.0]);
    }
    let common: f64 = slopes.iter().zip(&shares).map(|(slope, q)| slope * q).sum();
    (
        loss,
        slopes.iter().map(|slope| (slope - common) / sum).collect(),
    )
}
