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
