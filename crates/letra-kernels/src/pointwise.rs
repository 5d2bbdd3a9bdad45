//! Losses that are a sum over single values of a prediction y and a target t, with their
//! gradients.

use super::cross_entropy::PROBABILITY_CLIP;
use super::math::{exp, sigmoid};
use super::simd::kernel;
use crate::assert_same_length;

/// Terms that are summed side by side, on every machine alike.
const LANES: usize = 16;

/// Declares a loss Σ f(y, t) by its formula: the term as f64 and the slope ∂f/∂y.
macro_rules! pointwise {
    (
        $(#[$documentation:meta])*
        $name:ident($($setting:ident),*)
        |$y:ident, $t:ident| $formula:block
    ) => {
        kernel! {
            $(#[$documentation])*
            pub fn $name(
                $($setting: f32,)*
                prediction: &[f32],
                target: &[f32],
                scale: f32,
                gradient: &mut [f32]
            ) -> f64 {
                check(prediction, target, gradient);
                let mut sums = [0.0; LANES];
                let groups = gradient
                    .chunks_mut(LANES)
                    .zip(prediction.chunks(LANES))
                    .zip(target.chunks(LANES));
                for ((gradient, prediction), target) in groups {
                    let terms = gradient.iter_mut().zip(prediction).zip(target).zip(&mut sums);
                    for (((gradient, $y), $t), sum) in terms {
                        let ($y, $t) = (*$y, *$t);
                        let (term, slope): (f64, f32) = $formula;
                        *sum += term;
                        *gradient = slope * scale;
                    }
                }
                sums.iter().sum()
            }
        }
    };
}

fn check(prediction: &[f32], target: &[f32], gradient: &[f32]) {
    assert_same_length("prediction and target", prediction, target);
    assert_same_length("prediction and gradient", prediction, gradient);
}

pointwise! {
    /// Returns Σ (y − t)² and writes 2 (y − t) · scale to `gradient`.
    squared_error()
    |y, t| {
        let difference = y - t;
        (f64::from(difference) * f64::from(difference), 2.0 * difference)
    }
}

pointwise! {
    /// Returns Σ |y − t| and writes sign(y − t) · scale to `gradient`, 0 where they are equal.
    absolute_error()
    |y, t| {
        let difference = y - t;
        let unsigned = (difference == 0.0) | difference.is_nan();
        let sign = if unsigned { difference } else { 1_f32.copysign(difference) };
        (f64::from(difference.abs()), sign)
    }
}

pointwise! {
    /// With e = y − t, returns Σ of e² / 2 where |e| ≤ `delta` and of `delta` (|e| − `delta` / 2)
    /// elsewhere, and writes e, cut off at ±`delta`, times `scale` to `gradient`.
    huber(delta)
    |y, t| {
        let difference = y - t;
        let cut = if difference > delta { delta } else { difference };
        let cut = if cut < -delta { -delta } else { cut };
        // Both branches in one formula.
        (f64::from(cut) * (f64::from(difference) - 0.5 * f64::from(cut)), cut)
    }
}

pointwise! {
    /// Returns Σ max(1 − t y, 0) for targets −1 and 1, 0 counting as −1, and writes −t where
    /// t y ≤ 1, times `scale`, to `gradient`.
    hinge()
    |y, t| {
        let t = if t == 0.0 { -1.0 } else { t };
        let margin = 1.0 - t * y;
        let outside = margin < 0.0;
        let term = if outside { 0.0 } else { margin };
        (f64::from(term), if outside { 0.0 } else { -t })
    }
}

kernel! {
    /// From logits z: returns Σ −t ln p − (1 − t) ln (1 − p) with p = 1 / (1 + e⁻ᶻ), as
    /// max(z, 0) − z t + ln (1 + e^−|z|), which is never out of range, and writes (p − t) · scale to
    /// `gradient`. Each target is first drawn together to t (1 − `smoothing`) + `smoothing` / 2.
    pub fn binary_cross_entropy_from_logits(
        smoothing: f32,
        logits: &[f32],
        target: &[f32],
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        check(logits, target, gradient);
        let (keep, share) = (1.0 - smoothing, 0.5 * smoothing);
        let mut total = 0.0;
        let blocks = gradient
            .chunks_mut(LANES * FACTORS)
            .zip(logits.chunks(LANES * FACTORS))
            .zip(target.chunks(LANES * FACTORS));
        for ((gradient, logits), target) in blocks {
            // The logarithms are taken all at once, of their product.
            let (mut sums, mut products) = ([0.0; LANES], [1.0; LANES]);
            let groups = gradient
                .chunks_mut(LANES)
                .zip(logits.chunks(LANES))
                .zip(target.chunks(LANES));
            for ((gradient, logits), target) in groups {
                let terms = gradient.iter_mut().zip(logits).zip(target);
                for (((gradient, z), t), (sum, product)) in
                    terms.zip(sums.iter_mut().zip(&mut products))
                {
                    let (z, t) = (*z, *t * keep + share);
                    let positive = if z < 0.0 { 0.0 } else { z };
                    *sum += f64::from(positive) - f64::from(z) * f64::from(t);
                    *product *= 1.0 + f64::from(exp(-z.abs()));
                    *gradient = (sigmoid(z) - t) * scale;
                }
            }
            total += sums.iter().sum::<f64>();
            total += products.iter().map(|product| libm::log(*product)).sum::<f64>();
        }
        total
    }
}

/// Factors of at most 2 whose product is finite in double precision, with room to spare.
const FACTORS: usize = 512;

/// From probabilities p, clipped to [1e-7, 1 − 1e-7] as in Keras: returns
/// Σ −t ln p − (1 − t) ln (1 − p) and writes (p − t) / (p (1 − p)), 0 where p was clipped, times
/// `scale` to `gradient`. Each target is first drawn together to
/// t (1 − `smoothing`) + `smoothing` / 2.
pub fn binary_cross_entropy_from_probabilities(
    smoothing: f32,
    probabilities: &[f32],
    target: &[f32],
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    check(probabilities, target, gradient);
    let (keep, share) = (1.0 - smoothing, 0.5 * smoothing);
    let mut loss = 0.0;
    for ((gradient, probability), target) in gradient.iter_mut().zip(probabilities).zip(target) {
        let (target, p) = (f64::from(target * keep + share), f64::from(*probability));
        let clipped = p.clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP);
        loss -= target * libm::log(clipped) + (1.0 - target) * libm::log1p(-clipped);
        let slope = (p - target) / (p * (1.0 - p));
        *gradient = if clipped == p {
            slope as f32 * scale
        } else {
            0.0
        };
    }
    loss
}

/// Returns Σ t ln (t / y) with t and y clipped to [1e-7, 1] as in Keras, and writes −t / y, 0
/// where y was clipped, times `scale` to `gradient`.
pub fn kl_divergence(prediction: &[f32], target: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    check(prediction, target, gradient);
    let mut loss = 0.0;
    for ((gradient, prediction), target) in gradient.iter_mut().zip(prediction).zip(target) {
        let clip = |value: f32| f64::from(value).clamp(PROBABILITY_CLIP, 1.0);
        let (y, t) = (clip(*prediction), clip(*target));
        loss += t * libm::log(t / y);
        let kept = y == f64::from(*prediction);
        *gradient = if kept { (-t / y) as f32 * scale } else { 0.0 };
    }
    loss
}

/// With u = Σ t y and v = max (1 − t) y, for each row of `units` values: returns
/// Σ max(v − u + 1, 0) and writes its gradient times `scale`: −t, and 1 − t more at the largest.
pub fn categorical_hinge(
    units: usize,
    prediction: &[f32],
    target: impl Fn(usize, usize) -> f32,
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let mut loss = 0.0;
    let rows = prediction
        .chunks_exact(units)
        .zip(gradient.chunks_exact_mut(units));
    for (row, (prediction, gradient)) in rows.enumerate() {
        let (mut own, mut other, mut place) = (0.0, f64::NEG_INFINITY, 0);
        for (unit, &y) in prediction.iter().enumerate() {
            let (y, t) = (f64::from(y), f64::from(target(row, unit)));
            own += t * y;
            let rival = (1.0 - t) * y;
            if rival > other {
                (other, place) = (rival, unit);
            }
        }
        let margin = other - own + 1.0;
        if margin < 0.0 {
            gradient.fill(0.0);
            continue;
        }
        loss += margin;
        for (unit, gradient) in gradient.iter_mut().enumerate() {
            *gradient = -target(row, unit) * scale;
        }
        gradient[place] += (1.0 - target(row, place)) * scale;
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    type Kernel = fn(&[f32], &[f32], f32, &mut [f32]) -> f64;
    /// The term and its slope for one prediction and target.
    type Twin = fn(f64, f64) -> (f64, f64);

    fn binary(z: f64, t: f64) -> (f64, f64) {
        let p = 1.0 / (1.0 + (-z).exp());
        (
            -t * p.ln() - (1.0 - t) * (1.0 / (1.0 + z.exp())).ln(),
            p - t,
        )
    }

    const CASES: [(&str, Kernel, Twin); 6] = [
        ("squared error", squared_error, |y, t| {
            ((y - t) * (y - t), 2.0 * (y - t))
        }),
        ("absolute error", absolute_error, |y, t| {
            ((y - t).abs(), if y == t { 0.0 } else { (y - t).signum() })
        }),
        (
            "huber",
            |y, t, scale, gradient| huber(0.75, y, t, scale, gradient),
            |y, t| match (y - t).abs() {
                e if e <= 0.75 => (0.5 * e * e, y - t),
                e => (0.75 * e - 0.5 * 0.75 * 0.75, 0.75 * (y - t).signum()),
            },
        ),
        ("hinge", hinge, |y, t| {
            let t = if t == 0.0 { -1.0 } else { t };
            match 1.0 - t * y {
                margin if margin < 0.0 => (0.0, 0.0),
                margin => (margin, -t),
            }
        }),
        (
            "binary cross-entropy",
            |y, t, scale, gradient| binary_cross_entropy_from_logits(0.0, y, t, scale, gradient),
            binary,
        ),
        (
            "binary cross-entropy, smoothed",
            |y, t, scale, gradient| binary_cross_entropy_from_logits(0.25, y, t, scale, gradient),
            |z, t| binary(z, 0.75 * t + 0.125),
        ),
    ];

    #[test]
    fn agree_with_their_twins_on_each_instruction_set() {
        let mut noise = Noise::new(13);
        for (name, kernel, twin) in CASES {
            // The longest has more values than are multiplied before a logarithm is taken.
            for length in [0, 1, 7, 16, 45, 1000, 2 * LANES * FACTORS + 3] {
                let outputs: Vec<f32> = noise.values(length).iter().map(|y| 6.0 * y).collect();
                let classes = |v: &f32| f32::from(*v > 0.0);
                let targets: Vec<f32> = noise.values(length).iter().map(classes).collect();
                let wanted: Vec<(f64, f64)> = outputs
                    .iter()
                    .zip(&targets)
                    .map(|(y, t)| twin(f64::from(*y), f64::from(*t)))
                    .collect();
                let total: f64 = wanted.iter().map(|(term, _)| term).sum();
                on_each_instruction_set(|| {
                    let mut gradient = vec![f32::NAN; length];
                    let loss = kernel(&outputs, &targets, 0.3, &mut gradient);
                    assert!(
                        (loss - total).abs() <= 1e-6 * total.max(1.0),
                        "{name} of {length}: {loss} for {total}"
                    );
                    for (gradient, (_, slope)) in gradient.iter().zip(&wanted) {
                        assert!((f64::from(*gradient) - 0.3 * slope).abs() < 1e-6, "{name}");
                    }
                });
            }
        }
    }

    #[test]
    fn what_is_not_a_number_shows() {
        for (name, kernel, _) in CASES {
            let mut gradient = [0.0; 3];
            let loss = kernel(&[0.5, f32::NAN, 2.0], &[1.0; 3], 1.0, &mut gradient);
            assert!(loss.is_nan(), "{name}");
        }
        let mut gradient = [0.0; 3];
        let one_hot = |_: usize, unit: usize| f32::from(u8::from(unit == 0));
        for place in 0..3 {
            let mut row = [0.5; 3];
            row[place] = f32::NAN;
            let loss = categorical_hinge(3, &row, one_hot, 1.0, &mut gradient);
            assert!(loss.is_nan(), "categorical hinge, {place}");
        }
    }

    /// Far out, the exponential of −z would overflow and the logarithm of p be infinite.
    #[test]
    fn binary_cross_entropy_of_large_logits() {
        let mut gradient = [0.0; 4];
        let logits = [1000.0, -1000.0, 1000.0, -1000.0];
        let targets = [1.0, 0.0, 0.0, 1.0];
        let loss = binary_cross_entropy_from_logits(0.0, &logits, &targets, 1.0, &mut gradient);
        assert_eq!(loss, 2000.0);
        assert_eq!(gradient, [0.0, 0.0, 1.0, -1.0]);
    }
}
