//! Checkpoints of something else, or damaged.

use letra_nn::prelude::*;
use serde_json::json;

use super::assert_refused;
use super::forgery::{File, Forgery, data, network};

/// A checkpoint after two epochs in batches of 2.
fn checkpoint() -> Vec<u8> {
    let file = File::new(&[]);
    let mut keeper = Checkpoint::new(&file.path);
    let fit = Fit::epochs(2).batch_size(2).callback(&mut keeper);
    std::fs::remove_file(&file.path).unwrap();
    network().fit(&data(), fit).unwrap();
    std::fs::read(&file.path).unwrap()
}

/// Goes on from the bytes; the network is untouched where that is refused.
fn resume(bytes: &[u8], network: Trainer, fit: Fit<'_>) -> Result<History, Error> {
    resume_from(&File::new(bytes), network, fit)
}

fn resume_from(file: &File, mut network: Trainer, fit: Fit<'_>) -> Result<History, Error> {
    let before: Vec<Vec<f32>> = network.parameters().map(|p| p.values.to_vec()).collect();
    let result = network.fit(&data(), fit.resume(&file.path));
    if result.is_err() {
        let after: Vec<Vec<f32>> = network.parameters().map(|p| p.values.to_vec()).collect();
        assert_eq!(before, after);
        assert_eq!(network.steps(), 0);
    }
    result
}

#[test]
fn cut_short_at_every_length() {
    let bytes = checkpoint();
    assert!(resume(&bytes, network(), Fit::epochs(3).batch_size(2)).is_ok());
    let file = File::new(&bytes);
    for length in 0..bytes.len() {
        file.write(&bytes[..length]);
        let result = resume_from(&file, network(), Fit::epochs(3).batch_size(2));
        assert_refused(&format!("{length} bytes"), result, &["cut short"]);
    }
}

fn dense(compile: Compile) -> Trainer {
    let network = Sequential::new([6, 6, 1]).add(Flatten).add(Dense::new(3));
    network.compile(compile.threads(1)).unwrap()
}

#[test]
fn of_another_network() {
    let file = File::new(&[]);
    std::fs::remove_file(&file.path).unwrap();
    let mut keeper = Checkpoint::new(&file.path);
    let sgd = || Sgd::new(0.1).momentum(0.5);
    let fit = || Fit::epochs(2).batch_size(2);
    dense(Compile::new(sgd()))
        .fit(&data(), fit().callback(&mut keeper))
        .unwrap();
    let bytes = std::fs::read(&file.path).unwrap();
    let parts = ["another network, loss, optimizer or seed"];
    for (what, other) in [
        ("layers", network()),
        ("a rate", dense(Compile::new(Sgd::new(0.2).momentum(0.5)))),
        ("an optimizer", dense(Compile::new(Adam::new(0.1)))),
        ("a seed", dense(Compile::new(sgd()).seed(1))),
        (
            "a loss",
            dense(Compile::new(sgd()).loss(CrossEntropy::new())),
        ),
    ] {
        assert_refused(what, resume(&bytes, other, fit()), &parts);
    }
    assert!(resume(&bytes, dense(Compile::new(sgd())), fit()).is_ok());
}

#[test]
fn of_other_settings() {
    let bytes = checkpoint();
    for (what, fit) in [
        ("a batch", Fit::epochs(3).batch_size(3)),
        ("no shuffling", Fit::epochs(3).batch_size(2).shuffle(false)),
    ] {
        let parts = ["batches of 2 of 5 samples", "same data and settings"];
        assert_refused(what, resume(&bytes, network(), fit), &parts);
    }
}

#[test]
fn with_damaged_state() {
    let fit = || Fit::epochs(3).batch_size(2);
    let mut forgery = Forgery::of(&checkpoint());
    forgery
        .tensors
        .retain(|piece| piece.name != "optimizer/velocity/dense/bias");
    let parts = ["optimizer/velocity/dense/bias is missing"];
    assert_refused("a slot", resume(&forgery.bytes(), network(), fit()), &parts);

    let mut forgery = Forgery::of(&checkpoint());
    let slot = forgery.tensor("optimizer/velocity/dense/bias");
    slot.data[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let parts = ["optimizer/velocity/dense/bias", "NaN"];
    assert_refused("a slot", resume(&forgery.bytes(), network(), fit()), &parts);

    for (what, progress) in [
        ("nothing", json!(null)),
        ("another form", json!({"batch": "two"})),
        ("a number", json!(3)),
    ] {
        let mut forgery = Forgery::of(&checkpoint());
        forgery.header["training"] = progress;
        let result = resume(&forgery.bytes(), network(), fit());
        assert_refused(what, result, &["model.letra"]);
    }
}
