//! Callbacks that set the learning rate.

use std::ops::ControlFlow;

use letra_nn::prelude::*;

use super::data::{bytes, layers, quadrants};

/// Remembers the factor during each epoch.
#[derive(Default)]
struct Factors(Vec<f32>);

impl Callback for Factors {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        if step.number == 1 {
            self.0.push(step.trainer.learning_rate_factor());
        }
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(&mut self, _epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

fn network(rate: f32) -> Trainer {
    let compile = Compile::new(Sgd::new(rate).momentum(0.9))
        .seed(2)
        .threads(1);
    layers().compile(compile).unwrap()
}

fn scheduler() -> LearningRateScheduler {
    LearningRateScheduler::new(|epoch, factor| match epoch {
        0..2 => factor,
        _ => factor * 0.5,
    })
}

#[test]
fn the_scheduler_is_asked_before_each_epoch() {
    let (mut factors, mut scheduler) = (Factors::default(), scheduler());
    let fit = Fit::epochs(5).batch_size(20).callback(&mut factors);
    let fit = fit.callback(&mut scheduler);
    network(0.1).fit(&quadrants(40), fit).unwrap();
    assert_eq!(factors.0, [1.0, 1.0, 0.5, 0.25, 0.125]);
}

#[test]
fn a_schedule_is_the_same_as_an_optimizer_with_that_rate() {
    let data = quadrants(40);
    let mut half = LearningRateScheduler::new(|_, _| 0.5);
    let mut scheduled = network(0.2);
    let fit = Fit::epochs(3).batch_size(20).callback(&mut half);
    let one = scheduled.fit(&data, fit).unwrap();
    let other = network(0.1)
        .fit(&data, Fit::epochs(3).batch_size(20))
        .unwrap();
    assert_eq!(one, other);
}

#[test]
fn a_plateau_turns_the_rate_down() {
    // Nothing falls by so much: every epoch after the first is a plateau.
    let (mut factors, data) = (Factors::default(), quadrants(40));
    let mut reduce = ReduceLrOnPlateau::new()
        .factor(0.5)
        .patience(2)
        .cooldown(1)
        .min_delta(1e9)
        .min_lr(0.02);
    let fit = Fit::epochs(10).batch_size(20).validation_data(&data);
    let fit = fit.callback(&mut factors).callback(&mut reduce);
    network(0.1).fit(&data, fit).unwrap();
    // Keras 3.15 with the same settings and a constant val_loss reduces after the epochs 3, 5
    // and 7.
    assert_eq!(
        factors.0,
        [
            1.0,
            1.0,
            1.0,
            0.5,
            0.5,
            0.25,
            0.25,
            0.02 / 0.1,
            0.02 / 0.1,
            0.02 / 0.1
        ]
    );
}

/// Trains for some epochs with both, going on from the checkpoint if it is there.
fn resumed(checkpoint: &std::path::Path, epochs: usize) -> (History, Vec<u8>) {
    let (train, test) = (quadrants(30), quadrants(10));
    let mut reduce = ReduceLrOnPlateau::new().factor(0.3).patience(1);
    let (mut scheduler, mut keeper) = (scheduler(), Checkpoint::new(checkpoint));
    let mut network = network(2.0);
    let fit = Fit::epochs(epochs).batch_size(10).validation_data(&test);
    let fit = fit
        .resume(checkpoint)
        .callback(&mut keeper)
        .callback(&mut scheduler)
        .callback(&mut reduce);
    let history = network.fit(&train, fit).unwrap();
    (history, bytes(&network))
}

#[test]
fn a_resumed_training_has_the_same_rates() {
    let folder = tempfile::tempdir().unwrap();
    let whole = resumed(&folder.path().join("whole"), 7);
    for interruption in 1..7 {
        let checkpoint = folder.path().join(interruption.to_string());
        resumed(&checkpoint, interruption);
        assert!(resumed(&checkpoint, 7) == whole, "{interruption}");
    }
}

#[test]
fn a_rate_that_is_none_is_refused() {
    let data = quadrants(20);
    for wrong in [-0.5, f32::NAN, f32::INFINITY] {
        let mut schedule = LearningRateScheduler::new(move |epoch, _| match epoch {
            0 => 1.0,
            _ => wrong,
        });
        let fit = Fit::epochs(3).callback(&mut schedule);
        let error = network(0.1).fit(&data, fit).unwrap_err().to_string();
        assert!(error.contains("factor of the learning rate"), "{error}");
        assert!(error.contains(&wrong.to_string()), "{error}");
    }
    for wrong in [1.0, -0.1, f32::NAN] {
        let mut reduce = ReduceLrOnPlateau::new().factor(wrong).monitor("loss");
        let fit = Fit::epochs(1).callback(&mut reduce);
        let error = network(0.1).fit(&data, fit).unwrap_err().to_string();
        assert!(error.contains("from 0 to below 1"), "{error}");
    }
}
