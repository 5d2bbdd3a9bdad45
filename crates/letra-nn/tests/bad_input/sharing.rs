//! Weights and parts that do not fit.

use letra_nn::prelude::*;

use super::assert_refused;

fn network() -> Network {
    Sequential::new([4])
        .add(Dense::new(3).tanh())
        .add(BatchNormalization::new())
        .add(Dense::new(2))
        .build(1)
        .unwrap()
}

#[test]
fn weights_of_another_shape_or_name() {
    let other = Sequential::new([4]).add(Dense::new(5)).build_on(&network());
    assert_refused("a shape", other, &["dense/kernel", "[4, 5]", "[4, 3]"]);
    let other = Sequential::new([4])
        .add(Dense::new(3))
        .add(PRelu::new())
        .build_on(&network());
    assert_refused("a name", other, &["prelu/alpha", "dense/kernel"]);
    let weights = network().weights();
    let wrong = weights.set("dense/kernel", &Tensor::zeros([3, 4]));
    assert_refused("values", wrong, &["[4, 3]", "[3, 4]"]);
    let wrong = weights.set("dens/kernel", &Tensor::zeros([4, 3]));
    assert_refused("a parameter", wrong, &["dens/kernel", "dense/kernel"]);
}

#[test]
fn parts_that_are_none() {
    let network = network();
    let parts = |from: &[&str], to: &[&str], words: &[&str]| {
        assert_refused("a part", network.subnetwork(from, to), words);
    };
    parts(
        &["input"],
        &["dens"],
        &["no layer is called \"dens\"", "input, dense"],
    );
    parts(&[], &["dense"], &["at least one"]);
    parts(&["input"], &[], &["at least one"]);
    parts(&["dense_1"], &["dense"], &["also depends on input"]);
    parts(&["dense", "dense"], &["dense_1"], &["twice"]);
    parts(&["dense"], &["dense"], &["only hand on dense"]);
    parts(
        &["input", "dense"],
        &["dense_1"],
        &["depends on input", "leave it out"],
    );
}

#[test]
fn more_threads_than_any_machine_has() {
    assert_refused(
        "threads",
        Workers::new(5000),
        &["5000", "0 for a thread a core"],
    );
}
