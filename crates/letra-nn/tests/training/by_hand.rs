//! Steps of training in their parts.

use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

fn network(threads: usize) -> Trainer {
    Sequential::new([8, 8, 1])
        .add(Conv2d::new(3, 3).same())
        .add(BatchNormalization::new())
        .add(Activation::relu())
        .add(Flatten)
        .add(
            Dense::new(70)
                .tanh()
                .kernel_regularizer(Regularizer::l2(0.01)),
        )
        .add(Dropout::new(0.2))
        .add(Dense::new(4))
        .compile(
            Compile::new(Adam::new(0.01))
                .global_clip_norm(1.0)
                .seed(3)
                .threads(threads),
        )
        .unwrap()
}

#[test]
fn gradients_and_their_application_are_a_step() {
    let data = quadrants(90);
    let (mut whole, mut parts) = (network(2), network(3));
    for _ in 0..4 {
        let scores = whole.train_on_batch(&data).unwrap();
        let gradients = parts.gradients(&data).unwrap();
        assert_eq!(gradients.loss(), scores.loss);
        parts.apply(&gradients).unwrap();
        assert!(bytes(&whole) == bytes(&parts));
    }
    // Asking changes nothing.
    parts.gradients(&data).unwrap();
    whole.train_on_batch(&data).unwrap();
    let gradients = parts.gradients(&data).unwrap();
    parts.apply(&gradients).unwrap();
    assert!(bytes(&whole) == bytes(&parts));
}

#[test]
fn they_are_those_that_an_inspection_shows() {
    let (data, mut network) = (quadrants(33), network(1));
    let seen = network.back_propagate(&data).unwrap();
    let (gradients, of_inputs) = network.gradients_to_inputs(&data).unwrap();
    assert!(
        gradients
            .names()
            .eq(seen.gradients.iter().map(|(name, _)| name.as_str()))
    );
    for (name, wanted) in &seen.gradients {
        let found = gradients.get(name).unwrap();
        for (found, wanted) in found.data().iter().zip(wanted.data()) {
            assert!((found - wanted).abs() < 1e-5, "{name}");
        }
    }
    assert_eq!(of_inputs[0].shape(), data.inputs().shape());
}

#[test]
fn a_gradient_at_the_outputs_goes_back_to_the_inputs() {
    // E = Σ (y − t)² taken back as a loss, and as its gradient 2 (y − t).
    let compile = || {
        Compile::new(Sgd::new(0.1))
            .loss(SumSquaredError)
            .seed(8)
            .threads(2)
    };
    let network = || {
        let layers = Sequential::new([5]).add(Dense::new(40).tanh());
        layers.add(Dense::new(3)).compile(compile()).unwrap()
    };
    let values: Vec<f32> = (0..500)
        .map(|i| ((i * 31) % 17) as f32 / 17.0 - 0.5)
        .collect();
    let inputs = Tensor::new([100, 5], values.clone()).unwrap();
    let targets = Tensor::new([100, 3], values[..300].to_vec()).unwrap();
    let data = Dataset::values(inputs.clone(), targets.clone()).unwrap();
    let mut network = network();
    let outputs = network.predict(&inputs).unwrap();
    let slope = outputs
        .data()
        .iter()
        .zip(targets.data())
        .map(|(y, t)| 2.0 * (y - t));
    let upstream = Tensor::new([100, 3], slope.collect()).unwrap();
    let (wanted, wanted_inputs) = network.gradients_to_inputs(&data).unwrap();
    let (found, found_inputs) = network.backward(&inputs, &[upstream]).unwrap();
    let close = |a: &Tensor, b: &Tensor| {
        a.shape() == b.shape()
            && a.data()
                .iter()
                .zip(b.data())
                .all(|(a, b)| (a - b).abs() < 1e-4)
    };
    for name in wanted.names() {
        assert!(
            close(&found.get(name).unwrap(), &wanted.get(name).unwrap()),
            "{name}"
        );
    }
    assert!(close(&found_inputs[0], &wanted_inputs[0]));
    // And by the definition: E grows by ∂E/∂x times what x grows by.
    let loss = |inputs: &Tensor| {
        let outputs = network.predict(inputs).unwrap();
        let pairs = outputs.data().iter().zip(targets.data());
        pairs.map(|(y, t)| f64::from(y - t).powi(2)).sum::<f64>()
    };
    for place in [0, 7, 333, 499] {
        let moved = |by: f32| {
            let mut values = values.clone();
            values[place] += by;
            loss(&Tensor::new([100, 5], values).unwrap())
        };
        let slope = (moved(0.01) - moved(-0.01)) / 0.02;
        let found = f64::from(found_inputs[0].data()[place]);
        assert!(
            (slope - found).abs() < 0.02 * found.abs().max(1.0),
            "{slope} {found}"
        );
    }
}

#[test]
fn what_does_not_learn_stays_to_the_bit_and_the_others_learn_as_before() {
    let data = quadrants(64);
    let mut network = network(2);
    let values = |network: &Trainer, name: &str| network.parameter(name).unwrap().into_data();
    network
        .learn_only(|name| name.starts_with("dense_1/"))
        .unwrap();
    let kernel = values(&network, "dense/kernel");
    let last = values(&network, "dense_1/kernel");
    network.train_on_batch(&data).unwrap();
    let gradients = network.gradients(&data).unwrap();
    assert!(
        gradients
            .get("dense/kernel")
            .unwrap()
            .data()
            .iter()
            .all(|value| *value == 0.0)
    );
    network.apply(&gradients).unwrap();
    assert!(values(&network, "dense/kernel") == kernel);
    assert!(values(&network, "dense_1/kernel") != last);
    network.learn_only(|_| true).unwrap();
    network.train_on_batch(&data).unwrap();
    assert!(values(&network, "dense/kernel") != kernel);
}

#[test]
fn loss_weights_count_from_the_next_step_on() {
    let data = quadrants(20);
    let mut network = network(1);
    let before = network.gradients(&data).unwrap();
    network.set_loss_weight(0, 0.0).unwrap();
    let after = network.gradients(&data).unwrap();
    // What is left is the penalty.
    assert!(after.loss() < before.loss() && after.loss() > 0.0);
    assert!(
        after
            .get("dense_1/bias")
            .unwrap()
            .data()
            .iter()
            .all(|value| *value == 0.0)
    );
}
