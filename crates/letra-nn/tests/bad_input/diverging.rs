//! Numbers that are no longer numbers.

use letra_nn::prelude::*;

use super::assert_refused;

fn network(rate: f32) -> Trainer {
    Sequential::new([2])
        .add(Dense::new(8).relu())
        .add(Dense::new(2))
        .compile(
            Compile::new(Sgd::new(rate))
                .loss(MeanSquaredError)
                .threads(2),
        )
        .unwrap()
}

fn data(first: f32) -> Dataset {
    let inputs = Tensor::new([3, 2], vec![first, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    Dataset::values(inputs, Tensor::zeros([3, 2])).unwrap()
}

#[test]
fn a_rate_that_is_too_high() {
    let result = network(1e30).fit(&data(0.0), Fit::epochs(50));
    assert!(matches!(result, Err(Error::Diverged { .. })));
    let parts = ["the loss became", "in step", "a tenth"];
    assert_refused("rate 1e30", result, &parts);
    let mut cross_entropy = Sequential::new([2])
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(1e38)))
        .unwrap();
    let classes = Dataset::classes(data(0.0).inputs().clone(), vec![0, 1, 2], 3).unwrap();
    let result = cross_entropy.fit(&classes, Fit::epochs(50));
    assert_refused("rate 1e38", result, &parts);
}

#[test]
fn inputs_that_are_no_numbers_are_not_blamed_on_the_rate() {
    for value in [f32::NAN, f32::INFINITY] {
        let mut network = network(0.01);
        let parts = ["sample 0", &value.to_string()];
        let result = network.fit(&data(value), Fit::epochs(2).batch_size(1));
        assert_refused("an input", result, &parts);
        assert_refused("an input", network.train_on_batch(&data(value)), &parts);
        let values = Targets::Values(Tensor::new([3, 2], vec![value; 6]).unwrap());
        let targets = data(0.0).with_targets(values).unwrap();
        assert_refused("a target", network.train_on_batch(&targets), &parts);
    }
}

/// Two layers under a squared error, whose weights are all 1, but for one that is `value`.
fn broken(place: &str, value: f32) -> Trainer {
    let network = Sequential::new([2])
        .add(Dense::new(3).relu())
        .add(Dense::new(2))
        .compile(Compile::new(Sgd::new(0.1)).loss(MeanSquaredError))
        .unwrap();
    for (name, shape) in [("dense/kernel", [2, 3]), ("dense_1/kernel", [3, 2])] {
        let mut values = vec![1.0; 6];
        if name == place {
            values[4] = value;
        }
        let values = Tensor::new(shape, values).unwrap();
        network.set_parameter(name, &values).unwrap();
    }
    network
}

#[test]
fn the_layer_where_it_began_is_named() {
    let fit = || Fit::epochs(1).shuffle(false);
    let infinite = broken("dense/kernel", f32::INFINITY).fit(&data(1.0), fit());
    let parts = ["in step 1", "parameter dense/kernel of layer dense", "inf"];
    assert_refused("a parameter", infinite, &parts);
    let later = broken("dense_1/kernel", f32::NAN).fit(&data(1.0), fit());
    let parts = ["parameter dense_1/kernel of layer dense_1", "NaN"];
    assert_refused("a later parameter", later, &parts);
    // 1e38 times the third sample's 5 is more than single precision holds.
    let output = broken("dense/kernel", 1e38).fit(&data(1.0), fit());
    let parts = ["output of layer dense ", "inf", "sample 2 of the batch"];
    assert_refused("an output", output, &parts);
    let output = broken("dense_1/kernel", 1e38).fit(&data(1.0), fit());
    let parts = ["output of layer dense_1 ", "inf", "sample 1 of the batch"];
    assert_refused("a later output", output, &parts);
    // In the second step: the error of the first was small enough to be squared.
    let squared = broken("dense_1/kernel", 1e30).fit(&data(1.0), fit().batch_size(1));
    assert_refused("a squared error", squared, &["a tenth"]);
}

#[test]
fn the_parameters_before_the_failed_step_are_kept() {
    let mut network = broken("dense/kernel", 1e38);
    let before = network.parameter("dense_1/kernel").unwrap();
    assert!(network.train_on_batch(&data(1.0)).is_err());
    assert_eq!(network.parameter("dense_1/kernel").unwrap(), before);
    assert_eq!(network.steps(), 0);
}

/// The gradient overflows in a step whose loss is still a number.
#[test]
fn terminate_on_nan_sees_what_the_loss_does_not_tell() {
    let mut network = broken("dense_1/kernel", 1e17);
    let weights = Tensor::new([2, 3], vec![1e-15, 1e-15, 1e-15, 1e-15, 1e-15, 1e-15]).unwrap();
    network.set_parameter("dense/kernel", &weights).unwrap();
    let inputs = Tensor::new([1, 2], vec![1e15, 1e15]).unwrap();
    let data = Dataset::values(inputs, Tensor::zeros([1, 2])).unwrap();
    let mut watch = TerminateOnNan;
    let result = network.fit(&data, Fit::epochs(3).callback(&mut watch));
    assert!(matches!(result, Err(Error::NotFinite { .. })));
    let parts = [
        "gradient of dense/kernel of layer dense",
        "step 1",
        "a tenth",
    ];
    assert_refused("a gradient", result, &parts);
    // Without it, ReLU hides the weights of minus infinity from the loss; only saving tells.
    let mut plain = broken("dense_1/kernel", 1e17);
    plain.set_parameter("dense/kernel", &weights).unwrap();
    let history = plain.fit(&data, Fit::epochs(3)).unwrap();
    assert!(history.values("loss").iter().all(|loss| loss.is_finite()));
    let path = tempfile::tempdir().unwrap().path().join("model.letra");
    assert_refused("the model", plain.save(path), &["dense/kernel", "-inf"]);
}

#[test]
fn terminate_on_nan_does_not_change_what_goes_well() {
    let run = |watched: bool| {
        let mut network = network(0.01);
        let mut watch = TerminateOnNan;
        let fit = Fit::epochs(5).batch_size(2);
        let fit = match watched {
            true => fit.callback(&mut watch),
            false => fit,
        };
        network.fit(&data(0.0), fit).unwrap()
    };
    assert_eq!(run(true), run(false));
}

/// The last step may be the one that goes too far: its loss was still a number.
#[test]
fn weights_that_are_no_numbers_are_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    let network = network(0.1);
    network.save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let values = Tensor::new([8], vec![f32::NAN; 8]).unwrap();
    network.set_parameter("dense/bias", &values).unwrap();
    assert_refused(
        "NaN",
        network.save(&path),
        &["dense/bias", "NaN", "lower rate"],
    );
    assert_eq!(std::fs::read(&path).unwrap(), good);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
