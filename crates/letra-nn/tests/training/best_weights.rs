//! The weights of the best epoch.

use std::ops::ControlFlow;
use std::path::Path;

use letra_nn::prelude::*;

use super::data::{bytes, layers, quadrants};

const EPOCHS: usize = 9;

/// A rate so high that the loss goes up and down.
fn network() -> Trainer {
    let compile = Compile::new(Sgd::new(2.0).momentum(0.9)).seed(2).threads(1);
    layers().compile(compile).unwrap()
}

/// Remembers the network's file after each epoch.
#[derive(Default)]
struct Memory(Vec<Vec<u8>>);

impl Callback for Memory {
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.0.push(bytes(epoch.trainer));
        Ok(ControlFlow::Continue(()))
    }
}

/// The parameters in the bytes of a network's file, without the steps in its header.
fn weights(file: &[u8]) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    std::fs::write(&path, file).unwrap();
    let network = Trainer::load_with(&path, &Registry::new(), Workers::new(1).unwrap()).unwrap();
    network
        .parameters()
        .flat_map(|parameter| parameter.values.to_vec())
        .collect()
}

fn best_epoch(history: &History, name: &str, sign: f64) -> usize {
    let values = history.values(name);
    let best = values
        .iter()
        .fold(f64::INFINITY, |best, value| best.min(sign * value));
    values
        .iter()
        .position(|value| sign * value == best)
        .unwrap()
}

fn fit<'a>(test: &'a Dataset, epochs: usize) -> Fit<'a> {
    Fit::epochs(epochs).batch_size(10).validation_data(test)
}

#[test]
fn the_best_epochs_weights_are_restored() {
    let (train, test) = (quadrants(30), quadrants(10));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best.letra");
    for (monitor, sign) in [("val_loss", 1.0), ("loss", 1.0)] {
        let (mut memory, mut network) = (Memory::default(), network());
        let mut best = BestWeights::new().monitor(monitor).save(&path);
        let fit = fit(&test, EPOCHS).callback(&mut memory).callback(&mut best);
        let history = network.fit(&train, fit).unwrap();
        let wanted = best_epoch(&history, monitor, sign);
        assert!(wanted + 1 < EPOCHS, "the best is not the last");
        assert!(weights(&bytes(&network)) == weights(&memory.0[wanted]));
        assert!(std::fs::read(&path).unwrap() == memory.0[wanted]);
    }
}

#[test]
fn early_stopping_restores_them_if_asked() {
    let (train, test) = (quadrants(30), quadrants(10));
    let run = |restore: bool| {
        let (mut memory, mut network) = (Memory::default(), network());
        let mut stopping = EarlyStopping::new().restore_best_weights(restore);
        let fit = fit(&test, EPOCHS)
            .callback(&mut memory)
            .callback(&mut stopping);
        let history = network.fit(&train, fit).unwrap();
        let last = memory.0.len() - 1;
        assert!(last + 1 < EPOCHS, "it stopped early");
        let wanted = if restore {
            best_epoch(&history, "val_loss", 1.0)
        } else {
            last
        };
        assert!(weights(&bytes(&network)) == weights(&memory.0[wanted]));
        wanted != last
    };
    assert!(run(true));
    assert!(!run(false));
}

/// Trains for some epochs with a checkpoint every `every`, going on from it if it is there.
fn kept(checkpoint: &Path, epochs: usize, every: usize) -> (History, Vec<u8>) {
    let (train, test) = (quadrants(30), quadrants(10));
    let mut network = network();
    let mut keeper = Checkpoint::new(checkpoint).every(every);
    let mut best = BestWeights::new();
    let fit = fit(&test, epochs)
        .resume(checkpoint)
        .callback(&mut keeper)
        .callback(&mut best);
    let history = network.fit(&train, fit).unwrap();
    (history, bytes(&network))
}

#[test]
fn a_resumed_training_ends_with_the_same_best_weights() {
    let folder = tempfile::tempdir().unwrap();
    let whole = kept(&folder.path().join("whole"), EPOCHS, 1);
    for every in [1, 4] {
        for interruption in 1..=EPOCHS {
            let checkpoint = folder.path().join(format!("{every} {interruption}"));
            kept(&checkpoint, interruption, every);
            assert!(
                kept(&checkpoint, EPOCHS, every) == whole,
                "{every}, {interruption}"
            );
            // Also when it was over.
            assert!(kept(&checkpoint, EPOCHS, every) == whole);
        }
    }
}

#[test]
fn a_checkpoint_without_them_cannot_be_resumed_with_them() {
    let (train, test) = (quadrants(30), quadrants(10));
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let mut keeper = Checkpoint::new(&checkpoint);
    let plain = fit(&test, EPOCHS).callback(&mut keeper);
    network().fit(&train, plain).unwrap();
    let mut best = BestWeights::new();
    let resumed = fit(&test, EPOCHS).resume(&checkpoint).callback(&mut best);
    let error = network().fit(&train, resumed).unwrap_err().to_string();
    assert!(error.contains("without keeping them"), "{error}");
}

#[test]
fn two_callbacks_must_agree_on_what_is_best() {
    let (train, test) = (quadrants(30), quadrants(10));
    let mut by_loss = BestWeights::new().monitor("loss");
    let mut stopping = EarlyStopping::new().restore_best_weights(true);
    let both = fit(&test, 2).callback(&mut by_loss).callback(&mut stopping);
    let error = network().fit(&train, both).unwrap_err().to_string();
    assert!(
        error.contains("best loss") && error.contains("best val_loss"),
        "{error}"
    );
    let mut unknown = BestWeights::new().monitor("val_accuracy");
    let error = network().fit(&train, fit(&test, 2).callback(&mut unknown));
    assert!(error.unwrap_err().to_string().contains("\"val_accuracy\""));
}
