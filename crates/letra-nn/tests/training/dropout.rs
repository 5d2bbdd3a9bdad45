//! Dropout: what it does while training, and that it rests otherwise.

use letra_nn::prelude::*;

/// Only a dropout, after an identity whose gradient is that of the dropout's input.
fn dropout(rate: f32, seed: u64) -> Trainer {
    Sequential::new([100])
        .add(Activation::linear())
        .add(Dropout::new(rate))
        .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(seed))
        .unwrap()
}

/// Inputs that are never 0, and targets of 0.
fn batch(samples: usize) -> Dataset {
    let values = (0..samples * 100).map(|place| 1.0 + (place % 7) as f32);
    let inputs = Tensor::new([samples, 100], values.collect()).unwrap();
    let targets = Tensor::zeros([samples, 100]);
    Dataset::values(inputs, targets).unwrap()
}

/// Which values are kept in the next step.
fn mask(network: &Trainer, batch: &Dataset) -> Vec<bool> {
    let seen = network.back_propagate(batch).unwrap();
    seen.outputs[1].1.data().iter().map(|&y| y != 0.0).collect()
}

#[test]
fn values_are_dropped_or_scaled_and_gradients_with_them() {
    for rate in [0.0, 0.1, 0.25, 0.5, 0.875] {
        let (network, batch) = (dropout(rate, 3), batch(300));
        let seen = network.back_propagate(&batch).unwrap();
        let output = seen.outputs[1].1.data();
        let input_gradient = seen.pre_activation_gradients[0].1.data();
        let scale = 1.0 / (1.0 - rate);
        let mut kept = 0;
        for ((&x, &y), &gradient) in batch.inputs().data().iter().zip(output).zip(input_gradient) {
            if y == 0.0 {
                assert_eq!(gradient, 0.0);
            } else {
                kept += 1;
                assert!((y - x * scale).abs() < 1e-5 * y);
                // The gradient of Σ y² is 2 y, times the factor that made y.
                assert!((gradient - 2.0 * y * scale).abs() < 1e-5 * gradient);
            }
        }
        let (share, rate) = (f64::from(kept) / 30_000.0, f64::from(rate));
        // Four standard deviations of a share of 30,000 draws.
        let spread = 4.0 * (rate * (1.0 - rate) / 30_000.0).sqrt();
        assert!((share - (1.0 - rate)).abs() <= spread, "{rate}: {share}");
    }
}

#[test]
fn it_rests_when_predicting() {
    let (network, batch) = (dropout(0.5, 3), batch(9));
    assert_eq!(network.predict(batch.inputs()).unwrap(), *batch.inputs());
    let outputs = network.layer_outputs(batch.inputs()).unwrap();
    assert_eq!(outputs[1].output, *batch.inputs());
    let squares: f64 = batch
        .inputs()
        .data()
        .iter()
        .map(|&x| f64::from(x * x))
        .sum();
    let loss = network.evaluate(&batch).unwrap().loss;
    assert!((loss / squares - 1.0).abs() < 1e-6);
}

#[test]
fn masks_differ_from_step_to_step_sample_to_sample_and_seed_to_seed() {
    let batch = batch(50);
    let mut network = dropout(0.5, 3);
    let first = mask(&network, &batch);
    assert_eq!(first, mask(&network, &batch), "looking changes nothing");
    assert_ne!(first[..100], first[100..200]);
    assert_ne!(first, mask(&dropout(0.5, 4), &batch));
    network.train_on_batch(&batch).unwrap();
    let second = mask(&network, &batch);
    // Two independent masks of rate 1/2 agree in about half of their places.
    let same = first.iter().zip(&second).filter(|(a, b)| a == b).count();
    assert!((2300..2700).contains(&same), "{same} of 5000 places agree");
}

#[test]
fn two_layers_of_one_network_have_masks_of_their_own() {
    let network = Sequential::new([100])
        .add(Dropout::new(0.5))
        .add(Dropout::new(0.5))
        .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError))
        .unwrap();
    let seen = network.back_propagate(&batch(50)).unwrap();
    let kept = |layer: usize| {
        let output = seen.outputs[layer].1.data();
        output.iter().filter(|&&y| y != 0.0).count()
    };
    assert!((2300..2700).contains(&kept(0)));
    assert!((1100..1400).contains(&kept(1)), "{}", kept(1));
}

/// The reading of dropout as an ensemble: a linear output's mean over many sampled
/// networks is that of the whole network, which predicts.
#[test]
fn the_mean_of_many_sampled_networks_is_the_network_that_predicts() {
    const STEPS: usize = 4000;
    let mut network = Sequential::new([5])
        .add(Dense::new(40).sigmoid())
        .add(Dropout::new(0.5))
        .add(Dense::new(2))
        .compile(
            Compile::new(Sgd::new(0.0))
                .loss(SumSquaredError)
                .seed(8)
                .threads(1),
        )
        .unwrap();
    let inputs = Tensor::new([1, 5], vec![0.5, -1.0, 0.25, 2.0, 1.0]).unwrap();
    let batch = Dataset::values(inputs.clone(), Tensor::zeros([1, 2])).unwrap();
    let predicted = network.predict(&inputs).unwrap();
    let (mut sums, mut squares) = ([0.0f64; 2], [0.0f64; 2]);
    for _ in 0..STEPS {
        let seen = network.back_propagate(&batch).unwrap();
        for (unit, &y) in seen.outputs[2].1.data().iter().enumerate() {
            sums[unit] += f64::from(y);
            squares[unit] += f64::from(y).powi(2);
        }
        // At rate 0 a step only moves on to the next mask.
        network.train_on_batch(&batch).unwrap();
    }
    for unit in 0..2 {
        let mean = sums[unit] / STEPS as f64;
        let variance = squares[unit] / STEPS as f64 - mean * mean;
        let wanted = f64::from(predicted.data()[unit]);
        let error = (variance / STEPS as f64).sqrt();
        assert!(variance > 1e-3, "the sampled networks differ");
        assert!(
            (mean - wanted).abs() < 4.0 * error,
            "{mean} for {wanted} ± {error}"
        );
    }
}
