//! Hyper-parameters out of their range.

use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(compile: Compile) -> Result<Trainer, Error> {
    Sequential::new([2]).add(Dense::new(2)).compile(compile)
}

fn data() -> Dataset {
    let inputs = Tensor::new([3, 2], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    Dataset::classes(inputs, vec![0, 1, 1], 2).unwrap()
}

#[test]
fn optimizers() {
    for rate in [f32::NAN, -0.1, f32::INFINITY] {
        let parts = ["learning rate", &rate.to_string()];
        assert_refused("Sgd", compiled(Compile::new(Sgd::new(rate))), &parts);
        assert_refused("Adam", compiled(Compile::new(Adam::new(rate))), &parts);
    }
    let sgd = || Sgd::new(0.1);
    let adam = || Adam::new(0.1);
    for (compile, parts) in [
        (
            Compile::new(sgd().momentum(2.0)),
            ["momentum is 2", "from 0 to 1"],
        ),
        (Compile::new(sgd().momentum(f32::NAN)), ["momentum", "NaN"]),
        (
            Compile::new(sgd().decay(-1.0)),
            ["decay is -1", "0 or more"],
        ),
        (
            Compile::new(adam().betas(1.0, 0.9)),
            ["beta_1 is 1", "below 1"],
        ),
        (
            Compile::new(adam().betas(0.9, 1.5)),
            ["beta_2 is 1.5", "below 1"],
        ),
        (
            Compile::new(adam().epsilon(0.0)),
            ["epsilon is 0", "above 0"],
        ),
    ] {
        assert_refused("an optimizer", compiled(compile), &parts);
    }
}

#[test]
fn a_batch_of_nothing() {
    let mut network = compiled(Compile::new(Sgd::new(0.1))).unwrap();
    let fit = Fit::epochs(1).batch_size(0);
    let parts = ["batch size is 0", "at least 1"];
    assert_refused("batch 0", network.fit(&data(), fit), &parts);
    assert_eq!(network.steps(), 0);
}

#[test]
fn no_epochs_are_no_training() {
    let mut network = compiled(Compile::new(Sgd::new(0.1))).unwrap();
    let history = network.fit(&data(), Fit::epochs(0)).unwrap();
    assert!(history.last().is_none());
}

#[test]
fn more_threads_than_any_machine_has() {
    for threads in [1025, usize::MAX] {
        let compile = Compile::new(Sgd::new(0.1)).threads(threads);
        assert_refused("threads", compiled(compile), &[&threads.to_string()]);
    }
}

#[test]
fn top_k_beyond_the_classes() {
    for k in [0, 3] {
        let compile = Compile::new(Sgd::new(0.1)).metric(TopKAccuracy::new(k));
        let mut network = compiled(compile).unwrap();
        let parts = [&format!("k = {k}"), "from 1 to 2"];
        assert_refused("evaluate", network.evaluate(&data()), &parts);
        assert_refused("fit", network.fit(&data(), Fit::epochs(1)), &parts);
    }
}

#[test]
fn parameters_of_another_name_or_shape() {
    let network = compiled(Compile::new(Sgd::new(0.1))).unwrap();
    let values = Tensor::zeros([2, 2]);
    let parts = ["\"dense/kernal\"", "dense/kernel, dense/bias"];
    assert_refused(
        "a name",
        network.set_parameter("dense/kernal", &values),
        &parts,
    );
    let parts = ["dense/bias", "[2]", "[2, 2]"];
    assert_refused(
        "a shape",
        network.set_parameter("dense/bias", &values),
        &parts,
    );
    assert_eq!(network.parameter("dense/kernal"), None);
}
