//! Each loss with each form of targets.

use letra_nn::prelude::*;

use crate::comparison::{assert_alike, singles};
use crate::noise::Noise;
use crate::proof::{assert_proven, differences};
use crate::twins::losses::*;

/// How the outputs and the targets of a test come about.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Classes,
    OneHot,
    /// Rows of any numbers from 0 to 1.
    Rows,
    /// Rows of 0 and 1.
    Bits,
    /// Rows of −1 and 1.
    Signs,
}

/// The factor from the sum over samples to the loss of a batch.
type Scale = fn(samples: usize, units: usize) -> f64;

struct Case {
    name: &'static str,
    compile: fn() -> Compile,
    twin: LossTwin,
    forms: &'static [Form],
    probabilities: bool,
    scale: Scale,
}

const OVER_SAMPLES: Scale = |samples, _| 1.0 / samples as f64;
const OVER_VALUES: Scale = |samples, units| 1.0 / (samples * units) as f64;
const SUM: Scale = |_, _| 1.0;

/// A line a loss: what it is compiled with, its twin, forms of targets, whether outputs are
/// probabilities, and the scale.
macro_rules! cases {
    ($($name:literal: $loss:expr, $twin:ident, [$($form:ident)*], $probabilities:literal, $scale:ident;)*) => {
        [$(Case {
            name: $name,
            compile: || Compile::new(Sgd::new(0.1)).loss($loss),
            twin: $twin,
            forms: &[$(Form::$form),*],
            probabilities: $probabilities,
            scale: $scale,
        }),*]
    };
}

fn cases() -> impl IntoIterator<Item = Case> {
    cases! {
        "from logits": CrossEntropy::from_logits(), from_logits,
            [Classes OneHot Rows], false, OVER_SAMPLES;
        "from logits, smoothed": CrossEntropy::from_logits().label_smoothing(0.125),
            smoothed_from_logits, [Classes OneHot Rows], false, OVER_SAMPLES;
        "from probabilities, classes": CrossEntropy::new(), from_probabilities_of_classes,
            [Classes], true, OVER_SAMPLES;
        "from probabilities, rows": CrossEntropy::new(), from_probabilities_of_rows,
            [OneHot Rows], true, OVER_SAMPLES;
        "from probabilities, smoothed": CrossEntropy::new().label_smoothing(0.125),
            smoothed_from_probabilities, [Classes OneHot Rows], true, OVER_SAMPLES;
        "binary, from logits": BinaryCrossEntropy::from_logits(), binary_from_logits,
            [OneHot Rows Bits], false, OVER_VALUES;
        "binary, from logits, smoothed": BinaryCrossEntropy::from_logits().label_smoothing(0.125),
            smoothed_binary_from_logits, [Rows Bits], false, OVER_VALUES;
        "binary, from probabilities": BinaryCrossEntropy::new(), binary_from_probabilities,
            [Rows Bits], true, OVER_VALUES;
        "binary, from probabilities, smoothed": BinaryCrossEntropy::new().label_smoothing(0.125),
            smoothed_binary_from_probabilities, [Rows Bits], true, OVER_VALUES;
        "mean squared error": MeanSquaredError, squared_error, [OneHot Rows], false, OVER_VALUES;
        "sum of squared errors": SumSquaredError, squared_error, [OneHot Rows], false, SUM;
        "mean absolute error": MeanAbsoluteError, absolute_error, [Rows], false, OVER_VALUES;
        "huber": Huber::new().delta(1.5), huber, [OneHot Rows], false, OVER_VALUES;
        "hinge": Hinge, hinge, [Bits Signs], false, OVER_VALUES;
        "categorical hinge": CategoricalHinge, categorical_hinge, [Classes OneHot], false,
            OVER_SAMPLES;
        "log cosh": LogCosh, log_cosh, [OneHot Rows], false, OVER_VALUES;
        "poisson": Poisson, poisson, [OneHot Rows], true, OVER_VALUES;
        "percentage error": MeanAbsolutePercentageError, percentage_error, [Signs], false,
            OVER_VALUES;
        "logarithmic error": MeanSquaredLogarithmicError, logarithmic_error, [Rows OneHot], true,
            OVER_VALUES;
        "logarithmic error, below 0": MeanSquaredLogarithmicError, logarithmic_error, [Rows], false,
            OVER_VALUES;
        "cosine similarity": letra_nn::losses::CosineSimilarity, cosine_similarity, [OneHot Rows],
            false, OVER_SAMPLES;
        "binary focal, from probabilities": BinaryFocalCrossEntropy::new().gamma(1.5),
            binary_focal_from_probabilities, [Rows Bits], true, OVER_VALUES;
        "binary focal, from logits, balanced":
            BinaryFocalCrossEntropy::from_logits()
                .gamma(1.5)
                .apply_class_balancing(true)
                .alpha(0.75),
            balanced_binary_focal_from_logits, [Rows Bits], false, OVER_VALUES;
        "focal, from logits": CategoricalFocalCrossEntropy::from_logits(), focal_from_logits,
            [Classes OneHot Rows], false, OVER_SAMPLES;
        "focal, from probabilities": CategoricalFocalCrossEntropy::new(), focal_from_probabilities,
            [Classes OneHot Rows], true, OVER_SAMPLES;
        "kullback–leibler": KlDivergence, kl_divergence, [Rows OneHot], true, OVER_SAMPLES;
    }
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
        Form::Bits => (0..units).map(|_| noise.between(0, 1) as f64).collect(),
        Form::Signs => (0..units)
            .map(|_| 2.0 * noise.between(0, 1) as f64 - 1.0)
            .collect(),
        _ => one_hot_row(units, label),
    };
    (label as u32, row)
}

#[test]
fn twins_of_the_losses_are_proven() {
    let mut noise = Noise::new(31);
    for case in cases() {
        for &form in case.forms {
            for units in [2, 3, 5, 9] {
                let row = outputs(&case, units, &mut noise);
                let (_, target) = target(form, units, &mut noise);
                let (_, derived) = (case.twin)(&row, &target);
                let measured = differences(&row, |moved| (case.twin)(moved, &target).0);
                assert_proven(case.name, &derived, &measured);
            }
        }
    }
}

#[test]
fn losses_agree_with_their_twins() {
    let mut noise = Noise::new(32);
    for case in cases() {
        for &form in case.forms {
            for round in 0..15 {
                let units = if round == 0 { 1 } else { noise.between(2, 40) };
                let samples = noise.one_of(&[1, 2, 7, 64, 201]);
                check(&case, form, [samples, units], &mut noise);
            }
        }
    }
}

fn check(case: &Case, form: Form, [samples, units]: [usize; 2], noise: &mut Noise) {
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
    let what = format!("{}, {samples} × {units}", case.name);
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

/// Each place of an output with several axes is a row of its own, as so many samples would be.
#[test]
fn places_count_as_samples() {
    let mut noise = Noise::new(37);
    for case in cases() {
        for &form in case.forms {
            let (samples, places, units) = (5, 6, 3);
            let rows: Vec<f64> = (0..samples * places)
                .flat_map(|_| outputs(&case, units, &mut noise))
                .collect();
            let (labels, targets): (Vec<u32>, Vec<Vec<f64>>) = (0..samples * places)
                .map(|_| target(form, units, &mut noise))
                .unzip();
            let seen = |shape: &[usize]| {
                let tensor = |values: &[f64]| Tensor::new(shape, singles(values)).unwrap();
                let batch = match form {
                    Form::Classes => Dataset::classes(tensor(&rows), labels.clone(), units),
                    _ => Dataset::values(tensor(&rows), tensor(&targets.concat())),
                };
                let network = Sequential::new(&shape[1..])
                    .add(Activation::linear())
                    .compile((case.compile)().threads(2))
                    .unwrap();
                let batch = batch.unwrap();
                let seen = network.back_propagate(&batch).unwrap();
                let gradient = seen.pre_activation_gradients[0].1.clone().into_data();
                (seen.loss, network.evaluate(&batch).unwrap().loss, gradient)
            };
            let (loss, evaluated, gradient) = seen(&[samples, 2, 3, units]);
            let (wanted, other, wanted_gradient) = seen(&[samples * places, units]);
            let close =
                |found: f64, wanted: f64| (found - wanted).abs() < 1e-12 * wanted.abs().max(1.0);
            assert!(close(loss, wanted), "{}: {loss} for {wanted}", case.name);
            assert_eq!(evaluated, other, "{}", case.name);
            assert_eq!(gradient, wanted_gradient, "{}", case.name);
        }
    }
}

/// Weights multiply a sample's loss and gradient; the sum is still divided by the number of
/// samples, as in Keras.
#[test]
fn sample_weights_multiply_the_losses_of_their_samples() {
    let mut noise = Noise::new(33);
    for case in cases() {
        let (samples, units) = (23, 4);
        let form = case.forms[0];
        let rows: Vec<f64> = (0..samples)
            .flat_map(|_| outputs(&case, units, &mut noise))
            .collect();
        let (labels, targets): (Vec<u32>, Vec<Vec<f64>>) = (0..samples)
            .map(|_| target(form, units, &mut noise))
            .unzip();
        let weights: Vec<f32> = (0..samples)
            .map(|_| noise.between(0, 12) as f32 / 4.0)
            .collect();
        let tensor = |rows: &[f64]| Tensor::new([samples, units], singles(rows)).unwrap();
        let batch = match form {
            Form::Classes => Dataset::classes(tensor(&rows), labels, units),
            _ => Dataset::values(tensor(&rows), tensor(&targets.concat())),
        };
        let batch = batch.unwrap().with_sample_weights(weights.clone()).unwrap();
        let network = Sequential::new([units])
            .add(Activation::linear())
            .compile((case.compile)().threads(2))
            .unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        let scale = (case.scale)(samples, units);
        let (mut wanted, mut wanted_gradient) = (0.0, Vec::new());
        for ((row, target), weight) in rows.chunks(units).zip(&targets).zip(&weights) {
            let (loss, gradient) = (case.twin)(row, target);
            wanted += f64::from(*weight) * loss * scale;
            wanted_gradient.extend(gradient.iter().map(|g| f64::from(*weight) * g));
        }
        for found in [seen.loss, network.evaluate(&batch).unwrap().loss] {
            let close = (found - wanted).abs() <= 1e-5 * wanted.abs().max(1.0);
            assert!(close, "{}: {found} for {wanted}", case.name);
        }
        let (_, gradient) = &seen.pre_activation_gradients[0];
        let found: Vec<f32> = gradient.data().iter().map(|g| g / scale as f32).collect();
        assert_alike(case.name, &found, &wanted_gradient, 3.0);
    }
}
