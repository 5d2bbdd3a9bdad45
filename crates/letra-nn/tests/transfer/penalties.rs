//! The penalties on two sets of features, as a network has them, against double precision and differences.

use letra_nn::learners::{coral_distance, maximum_mean_discrepancy};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

fn normal(samples: usize, values: usize, place: usize) -> Tensor {
    let random = Random::new(11, Domain::Data, place, 0);
    let values = (0..samples).flat_map(|sample| random.normal(sample, values));
    Tensor::new(
        [samples, values.clone().count() / samples],
        values.collect(),
    )
    .unwrap()
}

/// The entries of both sets' covariances, compared as Sun and Saenko 2016 write it, eqs. 1 to 3.
fn covariance_twin(source: &Tensor, target: &Tensor) -> f64 {
    let units = source.sample_values();
    let covariance = |set: &Tensor, first: usize, second: usize| {
        let (count, values) = (set.samples(), set.data());
        let at = |row: usize, unit: usize| f64::from(values[row * units + unit]);
        let mean = |unit: usize| (0..count).map(|row| at(row, unit)).sum::<f64>() / count as f64;
        let (first_mean, second_mean) = (mean(first), mean(second));
        let terms =
            (0..count).map(|row| (at(row, first) - first_mean) * (at(row, second) - second_mean));
        terms.sum::<f64>() / (count as f64 - 1.0)
    };
    let pairs = (0..units).flat_map(|first| (0..units).map(move |second| (first, second)));
    let squares = pairs.map(|(first, second)| {
        (covariance(source, first, second) - covariance(target, first, second)).powi(2)
    });
    squares.sum::<f64>() / (4 * units * units) as f64
}

/// Gretton et al. 2012, eq. 5, with five kernels around the mean squared distance.
fn kernel_twin(source: &Tensor, target: &Tensor) -> f64 {
    let rows = |set: &Tensor| -> Vec<Vec<f64>> {
        let rows = set.data().chunks_exact(set.sample_values());
        rows.map(|row| row.iter().map(|&value| f64::from(value)).collect())
            .collect()
    };
    let (source, target) = (rows(source), rows(target));
    let square = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    let all: Vec<&Vec<f64>> = source.iter().chain(&target).collect();
    let mut distances = Vec::new();
    for (index, x) in all.iter().enumerate() {
        distances.extend(all[index + 1..].iter().map(|y| square(x, y)));
    }
    let gamma = distances.iter().sum::<f64>() / distances.len() as f64;
    let kernel = |x: &[f64], y: &[f64]| {
        let kernels = [-2, -1, 0, 1, 2].map(|u| (-square(x, y) / (gamma * 2.0_f64.powi(u))).exp());
        kernels.iter().sum::<f64>() / 5.0
    };
    let mean = |first: &[Vec<f64>], second: &[Vec<f64>]| {
        let pairs = first
            .iter()
            .flat_map(|x| second.iter().map(move |y| (x, y)));
        pairs.map(|(x, y)| kernel(x, y)).sum::<f64>() / (first.len() * second.len()) as f64
    };
    mean(&source, &source) - 2.0 * mean(&source, &target) + mean(&target, &target)
}

#[test]
fn both_distances_are_their_papers() {
    for (first, second, values) in [(2, 3, 1), (5, 2, 4), (7, 7, 3), (20, 31, 17)] {
        let (source, target) = (normal(first, values, 8), normal(second, values, 9));
        let near = |found: f64, twin: f64| {
            assert!(
                (found - twin).abs() < 1e-11 * (1.0 + twin.abs()),
                "{found} for {twin}"
            );
        };
        near(
            coral_distance(&source, &target).unwrap(),
            covariance_twin(&source, &target),
        );
        near(
            maximum_mean_discrepancy(&source, &target).unwrap(),
            kernel_twin(&source, &target),
        );
    }
}

/// A network whose loss is the penalty of its two inputs, times a number.
fn compiled(penalty: impl IntoPart, values: usize, threads: usize) -> Trainer {
    let mut model = Model::new();
    let (source, target) = (model.input([values]), model.input([values]));
    let kept = model.layer(penalty, [source, target]);
    let zero = model.layer(Rescaling::new(0.0), [kept]);
    let compile = Compile::new(Sgd::new(0.1))
        .loss(MeanSquaredError)
        .threads(threads);
    model.outputs([zero]).compile(compile).unwrap()
}

fn data(source: &Tensor, target: &Tensor) -> Dataset {
    let zeros = Tensor::zeros([source.samples(), source.sample_values()]);
    let data = Dataset::values(source.clone(), zeros).unwrap();
    data.and_input(target.clone()).unwrap()
}

#[test]
fn a_batch_has_the_distance_of_its_features_and_its_gradient() {
    for (samples, values) in [(2, 1), (7, 3), (40, 9), (130, 5)] {
        let (source, target) = (normal(samples, values, 0), normal(samples, values, 1));
        let shifted = target
            .data()
            .iter()
            .map(|value| 1.0 + 1.5 * value)
            .collect();
        let target = Tensor::new([samples, values], shifted).unwrap();
        let cases: [(Trainer, f64); 2] = [
            (
                compiled(CoralPenalty::new(3.0), values, 2),
                3.0 * coral_distance(&source, &target).unwrap(),
            ),
            (
                compiled(MeanDiscrepancyPenalty::new(3.0), values, 2),
                3.0 * maximum_mean_discrepancy(&source, &target).unwrap(),
            ),
        ];
        for (mut network, distance) in cases {
            let data = data(&source, &target);
            let (gradients, of_inputs) = network.gradients_to_inputs(&data).unwrap();
            let loss = gradients.loss();
            assert!(
                (loss - distance).abs() < 1e-5 * (1.0 + distance),
                "{loss} for {distance}"
            );
            assert_eq!(of_inputs.len(), 2);
            // Nothing is added where there is no batch.
            assert_eq!(network.evaluate(&data).unwrap().loss, 0.0);
        }
    }
}

#[test]
fn a_gradient_is_that_of_differences() {
    let (samples, values) = (9, 4);
    let (source, target) = (normal(samples, values, 2), normal(samples, values, 3));
    let gamma = 5.0;
    let networks = [
        compiled(CoralPenalty::new(2.0), values, 1),
        compiled(MeanDiscrepancyPenalty::new(2.0).bandwidth(gamma), values, 1),
    ];
    for mut network in networks {
        let (_, found) = network
            .gradients_to_inputs(&data(&source, &target))
            .unwrap();
        for side in 0..2 {
            for place in (0..samples * values).step_by(5) {
                let mut loss = |by: f32| {
                    let mut both = [source.clone(), target.clone()];
                    both[side].data_mut()[place] += by;
                    network.gradients(&data(&both[0], &both[1])).unwrap().loss()
                };
                let h = 0.02;
                let slope = (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h)))
                    / (12.0 * f64::from(h));
                let formula = f64::from(found[side].data()[place]);
                assert!(
                    (formula - slope).abs() < 2e-5,
                    "input {side}, value {place}: {formula} by formula, {slope} by differences"
                );
            }
        }
    }
}

#[test]
fn a_factor_rises() {
    let (source, target) = (normal(8, 3, 4), normal(8, 3, 5));
    let data = data(&source, &target);
    let mut network = compiled(CoralPenalty::new(2.0).schedule(10.0, 4), 3, 1);
    let distance = coral_distance(&source, &target).unwrap();
    for step in 0..6 {
        let share = f64::from(step.min(4)) / 4.0;
        let wanted = 2.0 * distance * (2.0 / (1.0 + (-10.0 * share).exp()) - 1.0);
        let loss = network.train_on_batch(&data).unwrap().loss;
        assert!(
            (loss - wanted).abs() < 1e-5,
            "step {step}: {loss} for {wanted}"
        );
    }
}

#[test]
fn what_is_no_number_shows() {
    let (source, target) = (normal(6, 2, 6), normal(6, 2, 7));
    for bad in [f32::NAN, f32::INFINITY] {
        for side in 0..2 {
            let networks = [
                compiled(CoralPenalty::new(1.0), 2, 1),
                compiled(MeanDiscrepancyPenalty::new(1.0), 2, 1),
                compiled(MeanDiscrepancyPenalty::new(1.0).bandwidth(1.0), 2, 1),
            ];
            for (kind, mut network) in networks.into_iter().enumerate() {
                let mut both = [source.clone(), target.clone()];
                both[side].data_mut()[3] = bad;
                let found = network.gradients(&data(&both[0], &both[1]));
                assert!(found.is_err(), "network {kind}, {bad} in input {side}");
            }
        }
    }
}
