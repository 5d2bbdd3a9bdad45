//! Predictions: the fused plan against every layer by itself, and batches of any size.

use letra_nn::prelude::*;

use super::data::{network, quadrants};

fn assert_near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} and {wanted}");
    }
}

#[test]
fn the_last_layers_output_is_what_is_predicted() {
    let data = quadrants(33);
    // Fused: convolution, ReLU and pooling; dense and its function, inside or after it.
    let network = Sequential::new([8, 8, 1])
        .add(Conv2d::new(5, 3).same())
        .add(Activation::relu())
        .add(MaxPool2d::new(2))
        .add(Conv2d::new(3, 2))
        .add(MaxPool2d::new(3))
        .add(Flatten)
        .add(Dense::new(7))
        .add(Activation::tanh())
        .add(Dropout::new(0.5))
        .add(Dense::new(4).sigmoid())
        .compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError))
        .unwrap();
    let outputs = network.layer_outputs(data.inputs()).unwrap();
    let names: Vec<&str> = outputs.iter().map(|output| output.layer.as_str()).collect();
    let summary = network.summary();
    for (output, layer) in outputs.iter().zip(&summary.layers) {
        assert_eq!(output.output.shape()[1..], layer.output_shape);
    }
    assert_eq!(
        names[..4],
        ["conv2d", "activation", "max_pooling2d", "conv2d_1"]
    );
    let predicted = network.predict(data.inputs()).unwrap();
    assert_near(predicted.data(), outputs[9].output.data());
    // Training sees the same values where nothing is dropped.
    let batch = Dataset::values(data.inputs().clone(), Tensor::zeros([33, 4])).unwrap();
    let seen = network.back_propagate(&batch).unwrap();
    assert_near(seen.outputs[3].1.data(), outputs[3].output.data());
}

#[test]
fn from_logits_predictions_are_probabilities() {
    let (data, network) = (quadrants(20), network(1));
    let predicted = network.predict(data.inputs()).unwrap();
    for sample in 0..20 {
        let sum: f32 = predicted.sample(sample).iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
    let classes = network.predict_classes(data.inputs()).unwrap();
    for (sample, &class) in classes.iter().enumerate() {
        let row = predicted.sample(sample);
        assert!(row.iter().all(|&p| p <= row[class as usize]));
    }
}

#[test]
fn samples_are_predicted_alike_in_any_company() {
    let (data, network) = (quadrants(600), network(2));
    let together = network.predict(data.inputs()).unwrap();
    for count in [1, 2, 3, 64, 513] {
        let rows: Vec<usize> = (0..count).map(|row| row * 7 % 600).collect();
        let some = network.predict(&data.inputs().select(&rows)).unwrap();
        assert_eq!(some.shape(), [count, 4]);
        for (place, &row) in rows.iter().enumerate() {
            assert_near(some.sample(place), together.sample(row));
        }
    }
}

#[test]
fn no_samples_give_no_predictions() {
    let network = network(1);
    let none = Tensor::zeros([0, 8, 8, 1]);
    assert_eq!(network.predict(&none).unwrap().shape(), [0, 4]);
    assert!(network.predict_classes(&none).unwrap().is_empty());
    let outputs = network.layer_outputs(&none).unwrap();
    assert_eq!(outputs[0].output.shape(), [0, 8, 8, 3]);
    let flat = Sequential::new([3])
        .add(Flatten)
        .add(Dropout::new(0.5))
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    let outputs = flat.layer_outputs(&Tensor::zeros([0, 3])).unwrap();
    assert_eq!(outputs[1].output.shape(), [0, 3]);
}

#[test]
fn setting_a_parameter_changes_the_next_prediction() {
    let network = Sequential::new([2])
        .add(Dense::new(1))
        .compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError))
        .unwrap();
    let inputs = Tensor::new([1, 2], vec![2.0, 3.0]).unwrap();
    for (values, wanted) in [([1.0, 0.0], 2.0), ([0.0, 1.0], 3.0)] {
        let kernel = Tensor::new([2, 1], values.to_vec()).unwrap();
        network.set_parameter("dense/kernel", &kernel).unwrap();
        assert_eq!(network.predict(&inputs).unwrap().data(), [wanted]);
    }
}

#[test]
fn threads_may_share_a_network() {
    let (data, network) = (quadrants(100), network(2));
    let wanted = network.predict(data.inputs()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(network.predict(data.inputs()).unwrap(), wanted);
                    network.back_propagate(&data).unwrap();
                }
            });
        }
    });
}
