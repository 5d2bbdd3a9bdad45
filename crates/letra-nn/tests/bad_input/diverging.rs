//! Numbers that are no longer numbers.

use letra_nn::prelude::*;

use super::assert_refused;

fn network(rate: f32) -> Network {
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
    let classes = Dataset::classes(data(0.0).inputs, vec![0, 1, 2], 3).unwrap();
    let result = cross_entropy.fit(&classes, Fit::epochs(50));
    assert_refused("rate 1e38", result, &parts);
}

#[test]
fn inputs_that_are_no_numbers_are_not_blamed_on_the_rate() {
    for value in [f32::NAN, f32::INFINITY] {
        let mut network = network(0.01);
        let parts = ["sample 0", &value.to_string()];
        let result = network.fit(&data(value), Fit::epochs(2).batch(1));
        assert_refused("an input", result, &parts);
        assert_refused("an input", network.train_on_batch(&data(value)), &parts);
        let mut targets = data(0.0);
        targets.targets = Targets::Values(Tensor::new([3, 2], vec![value; 6]).unwrap());
        assert_refused("a target", network.train_on_batch(&targets), &parts);
    }
}

/// The last step may be the one that goes too far: its loss was still a number.
#[test]
fn weights_that_are_no_numbers_are_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    let mut network = network(0.1);
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
