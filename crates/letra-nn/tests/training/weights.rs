//! Samples and classes that count more than others.

use letra_nn::prelude::*;

use super::data::{bytes, layers, network, one_hot_quadrants, quadrants, settings};

/// A weight that is a whole number is worth as many copies, where batches divide by the same
/// number of samples.
#[test]
fn a_weight_of_two_is_worth_two_copies() {
    let data = quadrants(6);
    let doubled = data.select(&[0, 0, 1, 2, 2, 3, 4, 5]);
    // Σ w l / 6 of the one against Σ l / 8 of the other.
    let weights = [2.0, 1.0, 2.0, 1.0, 1.0, 1.0].map(|weight| weight * 6.0 / 8.0);
    let weighted = data.with_sample_weights(weights.to_vec()).unwrap();
    let network = network(1);
    let (one, other) = (
        network.evaluate(&weighted).unwrap().loss,
        network.evaluate(&doubled).unwrap().loss,
    );
    assert!((one - other).abs() < 1e-6, "{one} and {other}");
}

#[test]
fn weights_of_one_change_only_the_last_bits() {
    let data = quadrants(50);
    let weighted = data.clone().with_sample_weights(vec![1.0; 50]).unwrap();
    let fit = || Fit::epochs(2).batch_size(16);
    let plain = network(1).fit(&data, fit()).unwrap();
    let again = network(1).fit(&weighted, fit()).unwrap();
    for (plain, again) in plain.epochs().iter().zip(again.epochs()) {
        assert!((plain.loss() - again.loss()).abs() < 1e-5);
    }
}

#[test]
fn a_weight_of_zero_leaves_a_sample_out() {
    let data = quadrants(30);
    let weights: Vec<f32> = (0..30).map(|sample| (sample % 3) as f32).collect();
    // Samples that do not count may as well have wrong labels.
    let Targets::Classes { labels, count } = data.targets() else {
        panic!("quadrants are classes");
    };
    let shuffled = labels
        .iter()
        .enumerate()
        .map(|(sample, &label)| match sample % 3 {
            0 => (label + 1) % 4,
            _ => label,
        });
    let other = Dataset::classes(data.inputs().clone(), shuffled.collect(), *count).unwrap();
    let run = |data: Dataset| {
        let data = data.with_sample_weights(weights.clone()).unwrap();
        let mut network = network(2);
        network.fit(&data, Fit::epochs(3).batch_size(8)).unwrap();
        bytes(&network)
    };
    assert!(run(data.clone()) == run(other));
}

#[test]
fn class_weights_are_the_weights_of_their_samples() {
    let weights = [0.5, 2.0, 0.0, 1.5];
    for data in [quadrants(40), one_hot_quadrants(40)] {
        let plain = quadrants(40);
        let Targets::Classes { labels, .. } = plain.targets() else {
            panic!("quadrants are classes");
        };
        let own: Vec<f32> = (0..40).map(|sample| 1.0 + (sample % 5) as f32).collect();
        let both = labels
            .iter()
            .zip(&own)
            .map(|(&label, own)| own * weights[label as usize]);
        let by_sample = data.clone().with_sample_weights(both.collect()).unwrap();
        let by_class = data.with_sample_weights(own).unwrap();
        let run = |data: &Dataset, fit: Fit<'_>| {
            let mut network = network(1);
            let history = network.fit(data, fit.batch_size(16)).unwrap();
            (history, bytes(&network))
        };
        let one = run(&by_sample, Fit::epochs(3));
        let other = run(&by_class, Fit::epochs(3).class_weight(weights));
        assert!(one == other);
    }
}

#[test]
fn weighted_training_has_the_same_bits_on_any_number_of_threads() {
    let weights: Vec<f32> = (0..100).map(|sample| (sample % 7) as f32 / 3.0).collect();
    let data = quadrants(100).with_sample_weights(weights).unwrap();
    let run = |threads: usize| {
        let mut network = layers().compile(settings(threads)).unwrap();
        let fit = Fit::epochs(2)
            .batch_size(40)
            .class_weight([1.0, 2.0, 0.5, 1.0]);
        (network.fit(&data, fit).unwrap(), bytes(&network))
    };
    let one = run(1);
    assert!(run(2) == one);
    assert!(run(5) == one);
}

/// What is chosen keeps its weights.
#[test]
fn select_takes_the_weights_along() {
    let data = quadrants(4)
        .with_sample_weights(vec![0.0, 1.0, 2.0, 3.0])
        .unwrap();
    let chosen = data.select(&[3, 1]);
    assert_eq!(chosen.sample_weights(), Some(&[3.0, 1.0][..]));
}
