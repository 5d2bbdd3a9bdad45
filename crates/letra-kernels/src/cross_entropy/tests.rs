//! The kernels beside plain double-precision loops, on each instruction set.

use super::*;
use crate::noise::Noise;
use crate::simd::tests::on_each_instruction_set;

/// −Σ t ln softmax(z) of one row, and softmax(z) Σ t − t.
fn twin(logits: &[f32], targets: &[f64]) -> (f64, Vec<f64>) {
    let logits: Vec<f64> = logits.iter().map(|z| f64::from(*z)).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|z| (z - largest).exp()).sum();
    let weight: f64 = targets.iter().sum();
    let (mut loss, mut gradient) = (0.0, Vec::new());
    for (z, t) in logits.iter().zip(targets) {
        loss -= t * (z - largest - total.ln());
        gradient.push((z - largest).exp() / total * weight - t);
    }
    (loss, gradient)
}

struct Rows {
    classes: usize,
    logits: Vec<f32>,
    labels: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    fn new(samples: usize, classes: usize, noise: &mut Noise) -> Rows {
        let spread = |value: &f32| 30.0 * value;
        Rows {
            classes,
            logits: noise.values(samples * classes).iter().map(spread).collect(),
            labels: (0..samples)
                .map(|_| noise.between(0, classes - 1) as u32)
                .collect(),
            values: noise
                .values(samples * classes)
                .iter()
                .map(|t| t.abs())
                .collect(),
        }
    }

    /// Loss and gradient for the smoothed targets `target(sample, class)`.
    fn wanted(&self, smoothing: f64, target: impl Fn(usize, usize) -> f64) -> (f64, Vec<f64>) {
        let (mut loss, mut gradient) = (0.0, Vec::new());
        for (sample, logits) in self.logits.chunks_exact(self.classes).enumerate() {
            let targets: Vec<f64> = (0..self.classes)
                .map(|class| {
                    (1.0 - smoothing) * target(sample, class) + smoothing / self.classes as f64
                })
                .collect();
            let (own, slopes) = twin(logits, &targets);
            loss += own;
            gradient.extend(slopes);
        }
        (loss, gradient)
    }
}

fn assert_agrees(what: &str, found: (f64, &[f32]), wanted: &(f64, Vec<f64>), scale: f32) {
    let (loss, gradient) = found;
    assert!(
        (loss - wanted.0).abs() <= 2e-6 * wanted.0.max(1.0),
        "{what}: {loss} for {}",
        wanted.0
    );
    for (place, (found, wanted)) in gradient.iter().zip(&wanted.1).enumerate() {
        let wanted = wanted * f64::from(scale);
        assert!(
            (f64::from(*found) - wanted).abs() <= 1e-5 * f64::from(scale) * 4.0,
            "{what}, place {place}: {found} for {wanted}"
        );
    }
}

/// One class and one sample, rows that fill no vector, rows that fill several, more rows than go
/// through the exponential together, and one row longer than that.
const SHAPES: [[usize; 2]; 9] = [
    [1, 1],
    [1, 2],
    [7, 3],
    [64, 5],
    [513, 2],
    [33, 16],
    [5, 37],
    [70, 130],
    [3, 1500],
];

#[test]
fn logits_agree_with_the_twin() {
    let mut noise = Noise::new(14);
    for [samples, classes] in SHAPES {
        let mut rows = Rows::new(samples, classes, &mut noise);
        // Targets of size 1 in all, whatever the number of classes.
        let values = rows.values.iter_mut();
        values.for_each(|t| *t *= 2.0 / classes as f32);
        let Rows {
            logits,
            labels,
            values,
            ..
        } = &rows;
        for smoothing in [0.0, 0.125] {
            let what = format!("{samples} × {classes}, smoothing {smoothing}");
            let chosen = |sample: usize, class: usize| f64::from(labels[sample] as usize == class);
            let given = |sample: usize, class: usize| f64::from(values[sample * classes + class]);
            let of_classes = rows.wanted(f64::from(smoothing), chosen);
            let of_values = rows.wanted(f64::from(smoothing), given);
            on_each_instruction_set(|| {
                let mut gradient = vec![f32::NAN; samples * classes];
                let slopes = &mut gradient[..];
                let loss = classes_from_logits(classes, logits, labels, smoothing, 0.3, slopes);
                assert_agrees(&what, (loss, slopes), &of_classes, 0.3);
                let loss = values_from_logits(classes, logits, values, smoothing, 0.3, slopes);
                assert_agrees(&what, (loss, slopes), &of_values, 0.3);
            });
        }
    }
}

/// The instruction set decides how fast, not what.
#[test]
fn every_instruction_set_gives_the_same_bits() {
    let mut noise = Noise::new(16);
    for [samples, classes] in SHAPES {
        let rows = Rows::new(samples, classes, &mut noise);
        let run = || {
            let mut gradient = vec![0.0; samples * classes];
            let loss =
                classes_from_logits(classes, &rows.logits, &rows.labels, 0.1, 0.3, &mut gradient);
            (
                loss.to_bits(),
                gradient.iter().map(|g| g.to_bits()).collect::<Vec<_>>(),
            )
        };
        let native = run();
        on_each_instruction_set(|| assert!(run() == native, "{samples} × {classes}"));
    }
}
