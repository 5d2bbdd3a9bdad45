//! Weights of samples and classes that do not fit.

use letra_nn::prelude::*;

use super::assert_refused;
use super::data::{network, pictures};

fn data() -> Dataset {
    Dataset::classes(pictures(3), vec![0, 1, 2], 3).unwrap()
}

#[test]
fn sample_weights() {
    for (weights, parts) in [
        (vec![1.0, 1.0], ["3 samples", "2 sample weights"]),
        (vec![1.0; 4], ["3 samples", "4 sample weights"]),
        (vec![1.0, -0.5, 1.0], ["sample 1", "weight -0.5"]),
        (vec![1.0, 1.0, f32::NAN], ["sample 2", "weight NaN"]),
        (vec![f32::INFINITY, 1.0, 1.0], ["sample 0", "weight inf"]),
    ] {
        let result = data().with_sample_weights(weights);
        assert_refused("weights", result, &parts);
    }
}

#[test]
fn class_weights() {
    for (weights, parts) in [
        (vec![1.0, 2.0], ["2 class weights", "3 classes"]),
        (vec![1.0; 5], ["5 class weights", "3 classes"]),
        (vec![], ["0 class weights", "3 classes"]),
        (vec![1.0, -1.0, 1.0], ["class 1", "weight -1"]),
        (vec![f32::NAN, 1.0, 1.0], ["class 0", "weight NaN"]),
        (vec![1.0, 1.0, f32::INFINITY], ["class 2", "weight inf"]),
    ] {
        let mut network = network();
        let fit = Fit::epochs(1).class_weight(weights);
        assert_refused("class weights", network.fit(&data(), fit), &parts);
        assert_eq!(network.steps(), 0);
    }
}
