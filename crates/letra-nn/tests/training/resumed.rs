//! Checkpoints: a training that goes on has the bits of one that never stopped.

use std::path::Path;

use letra_nn::prelude::*;

use super::data::{bytes, layers, network, quadrants};

#[test]
fn a_stopped_training_resumes_to_the_same_bits() {
    let train = quadrants(100);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let mut uninterrupted = network(2);
    let history = uninterrupted
        .fit(&train, Fit::epochs(7).batch_size(24))
        .unwrap();

    // The first process is gone after epoch 5, two epochs past its last checkpoint.
    let mut keeper = Checkpoint::new(&checkpoint).every(3);
    network(1)
        .fit(&train, Fit::epochs(5).batch_size(24).callback(&mut keeper))
        .unwrap();
    let mut resumed = network(3);
    let fit = Fit::epochs(7).batch_size(24).resume(&checkpoint);
    let again = resumed.fit(&train, fit.callback(&mut keeper)).unwrap();
    assert_eq!(history, again);
    assert!(bytes(&uninterrupted) == bytes(&resumed));
}

#[test]
fn adams_moments_are_kept() {
    let train = quadrants(60);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let adam = || {
        layers()
            .compile(Compile::new(Adam::new(0.01)).seed(4))
            .unwrap()
    };
    let mut whole = adam();
    whole.fit(&train, Fit::epochs(6).batch_size(16)).unwrap();
    for epochs in 1..=6 {
        let mut keeper = Checkpoint::new(&checkpoint);
        let fit = Fit::epochs(epochs).batch_size(16).resume(&checkpoint);
        let mut part = adam();
        part.fit(&train, fit.callback(&mut keeper)).unwrap();
        if epochs == 6 {
            assert!(bytes(&whole) == bytes(&part));
        }
    }
}

#[test]
fn moving_averages_are_kept() {
    let train = quadrants(60);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let normalised = || {
        layers()
            .add(BatchNormalization::new().momentum(0.8))
            .compile(Compile::new(Adam::new(0.01)).seed(4))
            .unwrap()
    };
    let mut whole = normalised();
    whole.fit(&train, Fit::epochs(5).batch_size(16)).unwrap();
    let mut keeper = Checkpoint::new(&checkpoint);
    let fit = Fit::epochs(2).batch_size(16).callback(&mut keeper);
    normalised().fit(&train, fit).unwrap();
    let mut resumed = normalised();
    let fit = Fit::epochs(5).batch_size(16).resume(&checkpoint);
    resumed.fit(&train, fit).unwrap();
    assert!(bytes(&whole) == bytes(&resumed));
    let path = folder.path().join("model.letra");
    whole.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert!(bytes(&loaded) == bytes(&whole));
    assert_eq!(
        loaded.predict(train.inputs()).unwrap(),
        whole.predict(train.inputs()).unwrap()
    );
}

#[test]
fn an_earlier_training_is_not_overwritten() {
    let train = quadrants(40);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    fn fit<'a>() -> Fit<'a> {
        Fit::epochs(2).batch_size(20)
    }
    let mut keeper = Checkpoint::new(&checkpoint);
    let mut first = network(1);
    first.fit(&train, fit().callback(&mut keeper)).unwrap();
    let kept = std::fs::read(&checkpoint).unwrap();

    let mut another = Checkpoint::new(&checkpoint);
    let result = network(1).fit(&train, fit().callback(&mut another));
    let error = result.unwrap_err().to_string();
    assert!(
        error.contains("Fit::resume") && error.contains("start_over"),
        "{error}"
    );
    assert!(std::fs::read(&checkpoint).unwrap() == kept);

    // The callback's own file may go on, and with a word of the user's any.
    first.fit(&train, fit().callback(&mut keeper)).unwrap();
    let mut anew = Checkpoint::new(&checkpoint).start_over();
    network(1).fit(&train, fit().callback(&mut anew)).unwrap();
    assert!(std::fs::read(&checkpoint).unwrap() == kept);
    // A training that goes on from another file is another training.
    let other = folder.path().join("other");
    std::fs::copy(&checkpoint, &other).unwrap();
    let mut keeper = Checkpoint::new(&checkpoint);
    let fit = fit().resume(&other).callback(&mut keeper);
    assert!(network(1).fit(&train, fit).is_err());
}

#[test]
fn a_finished_training_is_not_trained_further() {
    let train = quadrants(40);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let run = || {
        let mut keeper = Checkpoint::new(&checkpoint);
        let mut network = network(1);
        let fit = Fit::epochs(3).resume(&checkpoint).callback(&mut keeper);
        let history = network.fit(&train, fit).unwrap();
        (history, bytes(&network))
    };
    assert!(run() == run());
}

/// Trains with early stopping and a checkpoint, in either order, going on from the
/// checkpoint if it is there.
fn stopped_early(checkpoint: &Path, epochs: usize, keeper_first: bool) -> (History, Vec<u8>) {
    let (train, test) = (quadrants(30), quadrants(10));
    let compile = Compile::new(Sgd::new(2.0).momentum(0.9)).seed(2).threads(1);
    let mut network = layers().compile(compile).unwrap();
    let mut keeper = Checkpoint::new(checkpoint);
    let mut stopping = EarlyStopping::new().patience(1);
    let fit = Fit::epochs(epochs)
        .batch_size(10)
        .validation_data(&test)
        .resume(checkpoint);
    let fit = match keeper_first {
        true => fit.callback(&mut keeper).callback(&mut stopping),
        false => fit.callback(&mut stopping).callback(&mut keeper),
    };
    let history = network.fit(&train, fit).unwrap();
    (history, bytes(&network))
}

#[test]
fn early_stopping_stops_a_resumed_training_where_it_would_have() {
    let folder = tempfile::tempdir().unwrap();
    for keeper_first in [true, false] {
        let fresh = folder.path().join(format!("whole {keeper_first}"));
        let whole = stopped_early(&fresh, 50, keeper_first);
        let epochs = whole.0.epochs().len();
        assert!((3..50).contains(&epochs), "{epochs} epochs");
        for interruption in 1..=epochs {
            let checkpoint = folder.path().join(format!("{interruption} {keeper_first}"));
            stopped_early(&checkpoint, interruption, keeper_first);
            let resumed = stopped_early(&checkpoint, 50, keeper_first);
            assert_eq!(resumed.0, whole.0, "interrupted after {interruption}");
            assert!(resumed.1 == whole.1);
        }
        // Also when it had already stopped.
        assert!(stopped_early(&fresh, 50, keeper_first) == whole);
    }
}

#[test]
fn a_training_goes_on_with_other_settings_if_that_is_wanted() {
    let train = quadrants(60);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let adam = |rate: f64| {
        let compile = Compile::new(Adam::new(rate)).seed(4).threads(1);
        layers().compile(compile).unwrap()
    };
    let mut keeper = Checkpoint::new(&path);
    let mut first = adam(0.01);
    first
        .fit(&train, Fit::epochs(2).batch_size(20).callback(&mut keeper))
        .unwrap();

    let other = || Fit::epochs(3).batch_size(12).resume(&path);
    let error = adam(0.001).fit(&train, other()).unwrap_err().to_string();
    assert!(error.contains("Fit::changes"), "{error}");
    let mut second = adam(0.001);
    let history = second.fit(&train, other().changes(true)).unwrap();
    assert_eq!(history.epochs().len(), 3);
    assert_eq!(history.epochs()[2].steps(), 2 * 3 + 5);
    assert_eq!(second.learning_rate(), 0.001);
    // It began where the first one was.
    let loss = first.evaluate(&train).unwrap().loss;
    assert!((history.epochs()[2].loss() - loss).abs() < 0.3 * loss);

    let sgd = layers().compile(Compile::new(Sgd::new(0.1)).seed(4));
    let error = sgd.unwrap().fit(&train, other().changes(true)).unwrap_err();
    assert!(
        error.to_string().contains("kind of optimizer must stay"),
        "{error}"
    );
}
