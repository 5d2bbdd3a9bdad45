//! Parts of a step that do not fit together.

use letra_nn::prelude::*;

use super::assert_refused;

fn network(units: usize) -> Trainer {
    Sequential::new([4])
        .add(Dense::new(units))
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap()
}

fn data() -> Dataset {
    Dataset::classes(Tensor::zeros([6, 4]), vec![0, 1, 2, 0, 1, 2], 3).unwrap()
}

#[test]
fn gradients_of_another_shape_or_network() {
    let (mut network, mut other) = (network(3), network(2));
    let mut gradients = network.gradients(&data()).unwrap();
    let refused = gradients.set("dense/kernel", &Tensor::zeros([3, 4]));
    assert_refused("a shape", refused, &["dense/kernel", "[4, 3]", "[3, 4]"]);
    let refused = gradients.set("dense/weights", &Tensor::zeros([4, 3]));
    assert_refused(
        "a name",
        refused,
        &["\"dense/weights\"", "dense/kernel, dense/bias"],
    );
    assert_refused(
        "another network",
        other.apply(&gradients),
        &["other parameters"],
    );
}

#[test]
fn upstream_gradients_that_do_not_fit() {
    let (mut network, inputs) = (network(3), Tensor::zeros([6, 4]));
    let refused = network.backward(&inputs, &[]).map(|_| ());
    assert_refused("none", refused, &["1 outputs", "given for 0"]);
    let refused = network
        .backward(&inputs, &[Tensor::zeros([5, 3])])
        .map(|_| ());
    assert_refused("samples", refused, &["output 1", "[6, 3]", "[5, 3]"]);
    let refused = network.backward(&Tensor::zeros([6, 5]), &[Tensor::zeros([6, 3])]);
    assert_refused("inputs", refused.map(|_| ()), &["[samples, 4]", "[6, 5]"]);
}

#[test]
fn a_mask_that_leaves_nothing_to_learn() {
    let refused = network(3).learn_only(|name| name == "conv2d/kernel");
    assert_refused(
        "a mask",
        refused,
        &["left to learn", "dense/kernel, dense/bias"],
    );
}

#[test]
fn weights_of_losses_that_make_no_sense() {
    let mut network = network(3);
    assert_refused(
        "an output",
        network.set_loss_weight(1, 1.0),
        &["no output 1", "0 to 0"],
    );
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        assert_refused(
            "a weight",
            network.set_loss_weight(0, weight),
            &["0 or more"],
        );
    }
}

#[test]
fn a_rule_that_looks_at_the_batch_itself() {
    let mut network = Sequential::new([4])
        .add(Dense::new(3))
        .compile(Compile::new(Vsgd::new()).threads(1))
        .unwrap();
    let gradients = network.gradients(&data()).unwrap();
    assert_refused(
        "AdaSecant",
        network.apply(&gradients),
        &["vsgd", "train_on_batch"],
    );
}
