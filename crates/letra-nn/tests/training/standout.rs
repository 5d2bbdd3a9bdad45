//! Standout: its probabilities and its expectation against many masks.

use letra_nn::prelude::*;

const INPUTS: usize = 5;
const UNITS: usize = 8;
const SAMPLES: usize = 40_000;

fn compiled(alpha: f32, beta: f32) -> Trainer {
    let layer = Standout::new(UNITS).alpha(alpha).beta(beta).sigmoid();
    let bias = Initializer::uniform(-0.5, 0.5);
    Sequential::new([INPUTS])
        .add(layer.bias_initializer(bias))
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(6))
        .unwrap()
}

fn input() -> Vec<f32> {
    vec![0.5, -1.0, 0.25, 2.0, 1.0]
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Pre-activations in double precision.
fn pre_activations(network: &Trainer) -> Vec<f64> {
    let parameter = |name| network.parameter(name).unwrap();
    let (kernel, bias) = (parameter("standout/kernel"), parameter("standout/bias"));
    let of_unit = |unit: usize| {
        let weights = kernel.data().iter().skip(unit).step_by(UNITS);
        let terms = weights
            .zip(input())
            .map(|(&w, x)| f64::from(w) * f64::from(x));
        f64::from(bias.data()[unit]) + terms.sum::<f64>()
    };
    (0..UNITS).map(of_unit).collect()
}

#[test]
fn units_are_kept_with_the_probability_of_the_paper_and_predicted_by_its_expectation() {
    for (alpha, beta) in [
        (1.0, 0.0),
        (4.0, -0.5),
        (0.0, 0.0),
        (0.0, 1.5),
        (-2.0, 0.25),
    ] {
        let network = compiled(alpha, beta);
        let inputs = Tensor::new([SAMPLES, INPUTS], input().repeat(SAMPLES)).unwrap();
        let batch = Dataset::values(inputs, Tensor::zeros([SAMPLES, 2])).unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        let one = Tensor::new([1, INPUTS], input()).unwrap();
        let at_rest = network.layer_outputs(&one).unwrap();
        let masked = seen.outputs[0].1.data();
        for (unit, z) in pre_activations(&network).into_iter().enumerate() {
            let members = || masked.iter().skip(unit).step_by(UNITS);
            let probability = sigmoid(f64::from(alpha) * z + f64::from(beta));
            let kept = members().filter(|&&y| y != 0.0).count() as f64 / SAMPLES as f64;
            let spread = 4.0 * (probability * (1.0 - probability) / SAMPLES as f64).sqrt();
            assert!(
                (kept - probability).abs() < spread,
                "{kept} kept for {probability}"
            );
            // What is kept is kept as it is.
            assert!(members().all(|&y| y == 0.0 || (f64::from(y) - sigmoid(z)).abs() < 1e-6));
            let expected = f64::from(at_rest[0].output.data()[unit]);
            assert!((expected - probability * sigmoid(z)).abs() < 1e-6);
        }
        // A linear output's mean over the masks is what the network predicts.
        let predicted = network.predict(&one).unwrap();
        for unit in 0..2 {
            let members = || {
                seen.outputs[1]
                    .1
                    .data()
                    .iter()
                    .skip(unit)
                    .step_by(2)
                    .map(|&y| f64::from(y))
            };
            let mean = members().sum::<f64>() / SAMPLES as f64;
            let variance = members().map(|y| (y - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
            let error = (variance / SAMPLES as f64).sqrt();
            let found = f64::from(predicted.data()[unit]);
            assert!(
                (mean - found).abs() < 4.0 * error,
                "{mean} ± {error} for {found}"
            );
        }
    }
}

#[test]
fn masks_differ_from_step_to_step_sample_to_sample_and_seed_to_seed() {
    let network = |seed: u64| {
        Sequential::new([1])
            .add(Standout::new(1000).alpha(0.0).sigmoid())
            .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(seed))
            .unwrap()
    };
    let inputs = Tensor::new([2, 1], vec![1.0; 2]).unwrap();
    let batch = Dataset::values(inputs, Tensor::zeros([2, 1000])).unwrap();
    let mask = |network: &Trainer| -> Vec<bool> {
        let seen = network.back_propagate(&batch).unwrap();
        seen.outputs[0].1.data().iter().map(|&y| y != 0.0).collect()
    };
    let mut first = network(3);
    let drawn = mask(&first);
    assert_eq!(drawn, mask(&first), "looking changes nothing");
    first.train_on_batch(&batch).unwrap();
    let same = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| a == b).count();
    // Of 1000 places, independent masks agree in half: 500 ± 16.
    assert!((430..570).contains(&same(&drawn[..1000], &drawn[1000..])));
    assert!((430..570).contains(&same(&drawn[..1000], &mask(&first)[..1000])));
    assert!((430..570).contains(&same(&drawn[..1000], &mask(&network(4))[..1000])));
}
