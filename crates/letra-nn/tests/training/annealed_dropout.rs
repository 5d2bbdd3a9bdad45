//! Annealed dropout: the rate falls with the network's steps, in one go or in two.

use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

#[test]
fn the_share_that_is_dropped_falls_in_a_straight_line() {
    const STEPS: u64 = 8;
    let mut network = Sequential::new([1000])
        .add(AnnealedDropout::new(0.8, STEPS))
        .compile(Compile::new(Sgd::new(0.0)).loss(SumSquaredError).seed(3))
        .unwrap();
    let inputs = Tensor::new([20, 1000], vec![1.0; 20_000]).unwrap();
    let batch = Dataset::values(inputs.clone(), Tensor::zeros([20, 1000])).unwrap();
    for step in 0..STEPS + 3 {
        let seen = network.back_propagate(&batch).unwrap();
        let outputs = seen.outputs[0].1.data();
        let share = outputs.iter().filter(|&&y| y == 0.0).count() as f64 / 20_000.0;
        let rate = 0.8 * (1.0 - step as f64 / STEPS as f64).max(0.0);
        let spread = 4.0 * (rate * (1.0 - rate) / 20_000.0).sqrt();
        assert!(
            (share - rate).abs() <= spread + 1e-7,
            "step {step}: {share} for {rate}"
        );
        let kept = (1.0 / (1.0 - rate)) as f32;
        assert!(
            outputs
                .iter()
                .all(|&y| y == 0.0 || (y - kept).abs() < 1e-5 * kept)
        );
        assert_eq!(network.predict(&inputs).unwrap(), inputs);
        network.train_on_batch(&batch).unwrap();
    }
}

#[test]
fn at_first_it_is_dropout_and_over_time_it_is_not() {
    let data = quadrants(40);
    let trained = |network: Sequential, epochs: usize| {
        let compile = Compile::new(Sgd::new(0.1)).seed(7);
        let mut network = network.add(Dense::new(4)).compile(compile).unwrap();
        network
            .fit(&data, Fit::epochs(epochs).batch_size(40))
            .unwrap();
        network.parameter("dense/kernel").unwrap()
    };
    let flat = || Sequential::new([8, 8, 1]).add(Flatten);
    let dropout = || flat().add(Dropout::new(0.5));
    let annealed = || flat().add(AnnealedDropout::new(0.5, 2));
    assert_eq!(trained(dropout(), 1), trained(annealed(), 1));
    assert_ne!(trained(dropout(), 2), trained(annealed(), 2));
}

#[test]
fn a_saved_training_goes_on_at_the_rate_where_it_stood() {
    let data = quadrants(40);
    let new = || {
        Sequential::new([8, 8, 1])
            .add(Flatten)
            .add(AnnealedDropout::new(0.5, 6))
            .add(Dense::new(4))
            .compile(Compile::new(Sgd::new(0.1)).seed(7))
            .unwrap()
    };
    let mut whole = new();
    (0..5).for_each(|_| drop(whole.train_on_batch(&data).unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    let mut first = new();
    (0..3).for_each(|_| drop(first.train_on_batch(&data).unwrap()));
    first.save(&path).unwrap();
    let mut second = Trainer::load(&path).unwrap();
    (0..2).for_each(|_| drop(second.train_on_batch(&data).unwrap()));
    assert_eq!(bytes(&second), bytes(&whole));
}
