//! Each loss with each form of targets.

use letra_nn::prelude::*;

use crate::comparison::{assert_alike, singles};
use crate::noise::Noise;
use crate::proof::{assert_proven, differences};
use crate::twins::softmax;

/// Smallest probability whose logarithm is taken, and one less the largest.
const CLIP: f64 = 1e-7;

/// The loss of one sample and its gradient.
type Evaluated = (f64, Vec<f64>);
/// A loss of one row of outputs against one row of targets, one-hot for a class.
type Twin = fn(&[f64], &[f64]) -> Evaluated;

/// −Σ t ln softmax(z); the gradient is softmax(z) Σt − t.
fn from_logits(logits: &[f64], target: &[f64]) -> Evaluated {
    let probabilities = softmax(logits);
    let total: f64 = target.iter().sum();
    let loss = target.iter().zip(&probabilities).map(|(t, p)| -t * p.ln());
    let gradient = target
        .iter()
        .zip(&probabilities)
        .map(|(t, p)| p * total - t);
    (loss.sum(), gradient.collect())
}

fn clipped(probability: f64) -> f64 {
    probability.clamp(CLIP, 1.0 - CLIP)
}

fn within(probability: f64) -> bool {
    clipped(probability) == probability
}

/// For classes, Keras clips the probabilities to c, then divides by their sum:
/// −ln (c_l / Σ c).
fn from_probabilities_of_classes(probabilities: &[f64], target: &[f64]) -> Evaluated {
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
fn from_probabilities_of_rows(probabilities: &[f64], target: &[f64]) -> Evaluated {
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

/// Σ (y − t)².
fn squared_error(outputs: &[f64], target: &[f64]) -> Evaluated {
    let differences = outputs.iter().zip(target).map(|(y, t)| y - t);
    let loss = differences
        .clone()
        .map(|difference| difference.powi(2))
        .sum();
    (
        loss,
        differences.map(|difference| 2.0 * difference).collect(),
    )
}

/// How the outputs and the targets of a test come about.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Classes,
    OneHot,
    /// Rows of any numbers.
    Rows,
}

struct Case {
    compile: fn() -> Compile,
    twin: Twin,
    forms: &'static [Form],
    probabilities: bool,
    /// Factor from the sum over samples to the loss of a batch.
    scale: fn(samples: usize, units: usize) -> f64,
}

fn cases() -> [(&'static str, Case); 5] {
    let mean = |samples: usize, _: usize| 1.0 / samples as f64;
    let logits = || Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits());
    let probabilities = || Compile::new(Sgd::new(0.1)).loss(CrossEntropy::new());
    let rows = &[Form::OneHot, Form::Rows][..];
    let case = |compile, twin, forms, probabilities, scale| Case {
        compile,
        twin,
        forms,
        probabilities,
        scale,
    };
    let every = &[Form::Classes, Form::OneHot, Form::Rows][..];
    [
        ("from logits", case(logits, from_logits, every, false, mean)),
        (
            "from probabilities, classes",
            case(
                probabilities,
                from_probabilities_of_classes,
                &[Form::Classes],
                true,
                mean,
            ),
        ),
        (
            "from probabilities, rows",
            case(probabilities, from_probabilities_of_rows, rows, true, mean),
        ),
        (
            "mean squared error",
            case(
                || Compile::new(Sgd::new(0.1)).loss(MeanSquaredError),
                squared_error,
                rows,
                false,
                |samples, units| 1.0 / (samples * units) as f64,
            ),
        ),
        (
            "sum of squared errors",
            case(
                || Compile::new(Sgd::new(0.1)).loss(SumSquaredError),
                squared_error,
                rows,
                false,
                |_, _| 1.0,
            ),
        ),
    ]
}

fn one_hot_row(units: usize, label: usize) -> Vec<f64> {
    (0..units).map(|unit| f64::from(unit == label)).collect()
}

fn outputs(case: &Case, units: usize, noise: &mut Noise) -> Vec<f64> {
    let span = if case.probabilities { 0.95 } else { 8.0 };
    let row = noise.fine(units);
    // Rows of probabilities that do not sum to 1, well inside the clipping.
    let shifted = |value: f64| match case.probabilities {
        true => 0.025 + span * (value + 1.0) / 2.0,
        false => span * value,
    };
    // What single precision holds, so that both sides see the same numbers.
    row.into_iter()
        .map(|v| f64::from(shifted(v) as f32))
        .collect()
}

fn target(form: Form, units: usize, noise: &mut Noise) -> (u32, Vec<f64>) {
    let label = noise.between(0, units - 1);
    let row = match form {
        Form::Rows => {
            let row = noise.fine(units);
            row.into_iter().map(|v| f64::from(v.abs() as f32)).collect()
        }
        _ => one_hot_row(units, label),
    };
    (label as u32, row)
}

#[test]
fn twins_of_the_losses_are_proven() {
    let mut noise = Noise::new(31);
    for (name, case) in cases() {
        for &form in case.forms {
            for units in [2, 3, 5, 9] {
                let row = outputs(&case, units, &mut noise);
                let (_, target) = target(form, units, &mut noise);
                let (_, derived) = (case.twin)(&row, &target);
                let measured = differences(&row, |moved| (case.twin)(moved, &target).0);
                assert_proven(name, &derived, &measured);
            }
        }
    }
}

#[test]
fn losses_agree_with_their_twins() {
    let mut noise = Noise::new(32);
    for (name, case) in cases() {
        for &form in case.forms {
            for round in 0..15 {
                let units = if round == 0 { 1 } else { noise.between(2, 40) };
                let samples = noise.one_of(&[1, 2, 7, 64, 201]);
                check(name, &case, form, [samples, units], &mut noise);
            }
        }
    }
}

fn check(name: &str, case: &Case, form: Form, [samples, units]: [usize; 2], noise: &mut Noise) {
    let rows: Vec<_> = (0..samples).map(|_| outputs(case, units, noise)).collect();
    let (labels, targets): (Vec<u32>, Vec<Vec<f64>>) =
        (0..samples).map(|_| target(form, units, noise)).unzip();
    let scale = (case.scale)(samples, units);
    let (mut wanted, mut wanted_gradient) = (0.0, Vec::new());
    for (row, target) in rows.iter().zip(&targets) {
        let (loss, gradient) = (case.twin)(row, target);
        wanted += loss * scale;
        wanted_gradient.extend(gradient.iter().map(|g| g * scale));
    }
    let tensor =
        |rows: &[Vec<f64>]| Tensor::new([samples, units], singles(&rows.concat())).unwrap();
    let batch = match form {
        Form::Classes => Dataset::classes(tensor(&rows), labels, units),
        _ => Dataset::values(tensor(&rows), tensor(&targets)),
    }
    .unwrap();
    let network = Sequential::new([units])
        .add(Activation::linear())
        .compile((case.compile)().threads(1))
        .unwrap();
    let seen = network.back_propagate(&batch).unwrap();
    let what = format!("{name}, {samples} × {units}");
    let close = |found: f64| (found - wanted).abs() <= 1e-5 * wanted.abs().max(1.0);
    assert!(close(seen.loss), "{what}: {} for {wanted}", seen.loss);
    let evaluated = network.evaluate(&batch).unwrap().loss;
    assert!(close(evaluated), "{what}: {evaluated} for {wanted}");
    // In units of the mean over the samples, so that the comparison is as strict for many.
    let (_, gradient) = &seen.pre_activation_gradients[0];
    let found: Vec<f32> = gradient.data().iter().map(|g| g / scale as f32).collect();
    let wanted: Vec<f64> = wanted_gradient.iter().map(|g| g / scale).collect();
    assert_alike(&format!("{what}: gradient"), &found, &wanted, 1.0);
}
