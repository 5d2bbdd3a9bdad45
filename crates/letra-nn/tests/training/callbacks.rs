//! What callbacks are told, in which order, and what a stop leaves.

use std::ops::ControlFlow;

use letra_nn::prelude::*;
use letra_nn::training::{CsvLog, LambdaCallback};

use super::data::{bytes, network, quadrants};

/// Stops in the given epoch and step.
struct Stop(usize, usize);

impl Callback for Stop {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match (step.epoch, step.number) == (self.0, self.1) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

/// Stops after the given epoch.
struct StopAfter(usize);

impl Callback for StopAfter {
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match epoch.number == self.0 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

#[test]
fn a_stop_silences_no_other_callback() {
    let folder = tempfile::tempdir().unwrap();
    let [table, best, kept] =
        ["log.csv", "best.letra", "kept"].map(|name| folder.path().join(name));
    let (train, test) = (quadrants(40), quadrants(12));
    for in_the_middle in [false, true] {
        let (mut after, mut within) = (StopAfter(3), Stop(3, 1));
        let mut log = CsvLog::new(&table);
        let mut weights = BestWeights::new().save(&best);
        let mut checkpoint = Checkpoint::new(&kept).every(2).start_over();
        let fit = Fit::epochs(9).batch_size(16).validation_data(&test);
        let fit = match in_the_middle {
            true => fit.callback(&mut within),
            false => fit.callback(&mut after),
        };
        let fit = fit.callback(&mut log).callback(&mut weights);
        let mut network = network(2);
        let history = network.fit(&train, fit.callback(&mut checkpoint)).unwrap();
        assert_eq!(history.epochs().len(), 3);
        let rows = std::fs::read_to_string(&table).unwrap();
        assert_eq!(rows.lines().count(), 1 + 3, "{rows}");
        // The file of the best epoch, the third among those that may be it, is the network's.
        let saved = Network::load(&best).unwrap();
        let found = saved.predict(test.inputs()).unwrap();
        assert_eq!(found, network.predict(test.inputs()).unwrap());
    }
}

fn fit<'a>(test: &'a Dataset, epochs: usize) -> Fit<'a> {
    Fit::epochs(epochs).batch_size(16).validation_data(test)
}

#[test]
fn a_checkpoint_keeps_what_a_stop_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (quadrants(40), quadrants(12));
    let mut whole = network(1);
    let wanted = whole.fit(&train, fit(&test, 6)).unwrap();
    let stops: [Box<dyn Callback>; 4] = [
        Box::new(StopAfter(3)),
        Box::new(Stop(4, 2)),
        Box::new(Stop(1, 1)),
        Box::new(Stop(4, 3)),
    ];
    for (index, mut stop) in stops.into_iter().enumerate() {
        let path = folder.path().join(index.to_string());
        let mut keeper = Checkpoint::new(&path).every(2);
        let first = fit(&test, 6).callback(&mut *stop).callback(&mut keeper);
        network(2).fit(&train, first).unwrap();
        let mut resumed = network(3);
        let history = resumed.fit(&train, fit(&test, 6).resume(&path)).unwrap();
        assert_eq!(history, wanted, "{index}");
        assert!(bytes(&resumed) == bytes(&whole), "{index}");
    }
}

#[test]
fn what_is_not_measured_is_told_before_the_first_step() {
    let train = quadrants(20);
    let watching: [Box<dyn Callback>; 3] = [
        Box::new(EarlyStopping::new().monitor("val_loss")),
        Box::new(ReduceLrOnPlateau::new().monitor("acuracy")),
        Box::new(BestWeights::new().monitor("val_accuracy")),
    ];
    for mut callback in watching {
        let mut network = network(1);
        let fit = Fit::epochs(2).callback(&mut *callback);
        let error = network.fit(&train, fit).unwrap_err().to_string();
        assert!(error.contains("loss, accuracy, top_2_accuracy"), "{error}");
        assert_eq!(network.steps(), 0);
    }
}

#[test]
fn a_factor_set_by_hand_stays_below_those_of_callbacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let train = quadrants(20);
    // Nothing falls by as much as this, so that every epoch is on a plateau.
    let reduce = || {
        let callback = ReduceLrOnPlateau::new().monitor("loss").min_delta(1e9);
        callback.patience(1).factor(0.5)
    };
    let mut network = network(1);
    network.set_learning_rate_factor(0.25).unwrap();
    let (mut factors, mut keeper, mut plateau) = (Vec::new(), Checkpoint::new(&path), reduce());
    let mut recorder = LambdaCallback::new()
        .on_epoch_end(|epoch| factors.push(epoch.trainer.learning_rate_factor()));
    let fit = Fit::epochs(3)
        .callback(&mut plateau)
        .callback(&mut recorder);
    network.fit(&train, fit.callback(&mut keeper)).unwrap();
    drop(recorder);
    assert_eq!(factors, [0.25, 0.25, 0.125]);
    // A training that goes on knows both.
    let mut plateau = reduce();
    let fit = Fit::epochs(4).resume(&path).callback(&mut plateau);
    network.fit(&train, fit).unwrap();
    assert_eq!(network.learning_rate_factor(), 0.0625);
}

#[test]
fn functions_are_called_at_the_beginning_and_at_the_end() {
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    let mut recorder = LambdaCallback::new()
        .on_train_begin(|start| begun.extend(start.measured.to_vec()))
        .on_train_end(|end| ended.push((end.epochs, end.trainer.steps())));
    let fit = Fit::epochs(2).batch_size(10).callback(&mut recorder);
    network(1).fit(&quadrants(20), fit).unwrap();
    drop(recorder);
    assert_eq!(begun, ["loss", "accuracy", "top_2_accuracy"]);
    assert_eq!(ended, [(2, 4)]);
}
