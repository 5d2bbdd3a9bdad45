//! What `fit` and its callbacks do.

use std::ops::ControlFlow;

use letra_nn::prelude::*;

use super::data::{bytes, layers, network, one_hot_quadrants, quadrants, settings};

#[test]
fn a_small_network_learns() {
    let (train, test) = (quadrants(200), quadrants(60));
    let mut network = network(2);
    let before = network.evaluate(&train).unwrap();
    let fit = Fit::epochs(30).batch_size(32).validation_data(&test);
    let history = network.fit(&train, fit).unwrap();
    let after = network.evaluate(&train).unwrap();
    assert!(after.loss < 0.3 * before.loss, "{before:?} {after:?}");
    assert!(after.metric("accuracy").unwrap() > 0.95);
    assert_eq!(history.epochs().len(), 30);
    assert_eq!(network.steps(), 30 * 7);
    let last = history.last().unwrap();
    assert_eq!(
        last.val_loss().unwrap(),
        network.evaluate(&test).unwrap().loss
    );
}

#[test]
fn adam_and_the_squared_error_learn_too() {
    let train = one_hot_quadrants(120);
    let mut network = layers()
        .add(Activation::softmax())
        .compile(
            Compile::new(Adam::new(0.01))
                .loss(MeanSquaredError)
                .metric(Accuracy),
        )
        .unwrap();
    network.fit(&train, Fit::epochs(30).batch_size(16)).unwrap();
    let accuracy = network.evaluate(&train).unwrap().metric("accuracy");
    assert!(accuracy > Some(0.95), "{accuracy:?}");
}

#[test]
fn the_history_holds_what_evaluate_measures() {
    // No dropout and one step an epoch: the epoch's loss is that before its step.
    let train = quadrants(40);
    let mut network = Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(4))
        .compile(settings(1))
        .unwrap();
    let before = network.evaluate(&train).unwrap();
    let history = network.fit(&train, Fit::epochs(2).batch_size(40)).unwrap();
    let first = &history.epochs()[0];
    assert!((first.loss() - before.loss).abs() < 1e-6);
    assert_eq!(first.metrics(), before.metrics);
    assert_eq!(history.values("accuracy").len(), 2);
    assert!(history.values("val_loss").is_empty());
    assert_eq!(first.get("top_2_accuracy"), before.metric("top_2_accuracy"));
}

#[test]
fn classes_and_one_hot_rows_train_to_nearly_the_same_numbers() {
    let (mut by_class, mut by_row) = (network(1), network(1));
    let fit = || Fit::epochs(3).batch_size(16);
    by_class.fit(&quadrants(50), fit()).unwrap();
    by_row.fit(&one_hot_quadrants(50), fit()).unwrap();
    for (one, other) in by_class.parameters().zip(by_row.parameters()) {
        for (one, other) in one.values.iter().zip(other.values) {
            assert!((one - other).abs() < 1e-4, "{one} and {other}");
        }
    }
}

#[test]
fn a_network_takes_rows_after_classes() {
    let mut network = network(2);
    for data in [quadrants(50), one_hot_quadrants(50), quadrants(50)] {
        network.fit(&data, Fit::epochs(1).batch_size(16)).unwrap();
    }
}

#[test]
fn shuffling_changes_the_order_and_two_calls_are_one() {
    let train = quadrants(50);
    let mut shuffled = network(1);
    shuffled.fit(&train, Fit::epochs(2).batch_size(16)).unwrap();
    let mut ordered = network(1);
    let fit = Fit::epochs(2).batch_size(16).shuffle(false);
    ordered.fit(&train, fit).unwrap();
    assert!(bytes(&shuffled) != bytes(&ordered));
    // A second call goes on with an order of its own, not with the first one's again.
    let mut twice = network(1);
    for _ in 0..2 {
        twice.fit(&train, Fit::epochs(1).batch_size(16)).unwrap();
    }
    assert!(bytes(&shuffled) == bytes(&twice));
}

#[test]
fn an_unshuffled_fit_is_train_on_batch_by_hand() {
    let train = quadrants(50);
    let mut fitted = network(1);
    let fit = Fit::epochs(1).batch_size(16).shuffle(false);
    fitted.fit(&train, fit).unwrap();
    let mut by_hand = network(1);
    let rows: Vec<usize> = (0..50).collect();
    for rows in rows.chunks(16) {
        by_hand.train_on_batch(&train.select(rows)).unwrap();
    }
    for (one, other) in fitted.parameters().zip(by_hand.parameters()) {
        for (one, other) in one.values.iter().zip(other.values) {
            assert!((one - other).abs() < 1e-5, "{one} and {other}");
        }
    }
}

#[test]
fn the_next_step_finds_the_gradients_that_are_shown() {
    let train = quadrants(100);
    let mut network = layers()
        .compile(Compile::new(Sgd::new(1.0)).seed(3).threads(2))
        .unwrap();
    for _ in 0..3 {
        let seen = network.back_propagate(&train).unwrap();
        let before: Vec<Vec<f32>> = network.parameters().map(|p| p.values.to_vec()).collect();
        let loss = network.train_on_batch(&train).unwrap().loss;
        assert!((loss - seen.loss).abs() < 1e-6);
        let found = network.parameters().zip(&before).zip(&seen.gradients);
        for ((parameter, before), (name, gradient)) in found {
            for ((after, before), gradient) in
                parameter.values.iter().zip(before).zip(gradient.data())
            {
                assert!((before - gradient - after).abs() < 1e-6, "{name}");
            }
        }
    }
}

/// Stops in the given epoch and step.
struct Stop(usize, usize);

impl Callback for Stop {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(match (step.epoch, step.number) == (self.0, self.1) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        assert_eq!(epoch.logs().epoch(), epoch.number);
        assert_eq!(epoch.history().epochs().len(), epoch.number);
        // The network can be used while it trains.
        epoch
            .trainer
            .evaluate(&quadrants(5))
            .map(|_| ControlFlow::Continue(()))
    }
}

#[test]
fn a_callback_stops_in_the_middle_of_an_epoch() {
    let mut network = network(2);
    let mut stop = Stop(3, 2);
    let fit = Fit::epochs(9).batch_size(16).callback(&mut stop);
    let history = network.fit(&quadrants(50), fit).unwrap();
    // The epoch that was stopped counts, as far as it came.
    assert_eq!(history.epochs().len(), 3);
    assert_eq!(history.epochs()[2].steps(), 2 * 4 + 2);
    assert_eq!(network.steps(), 2 * 4 + 2);
}

#[test]
fn early_stopping_waits_for_its_patience() {
    // At rate 0 nothing ever becomes better.
    let still = || {
        let compile = Compile::new(Sgd::new(0.0)).metric(Accuracy).threads(1);
        layers().compile(compile).unwrap()
    };
    let (train, test) = (quadrants(30), quadrants(10));
    for (patience, epochs) in [(0, 2), (1, 2), (4, 5)] {
        let mut stopping = EarlyStopping::new().patience(patience);
        let fit = Fit::epochs(20)
            .validation_data(&test)
            .callback(&mut stopping);
        let history = still().fit(&train, fit).unwrap();
        assert_eq!(history.epochs().len(), epochs);
    }
    let mut stopping = EarlyStopping::new().monitor("val_accuracy").patience(2);
    let fit = Fit::epochs(20)
        .validation_data(&test)
        .callback(&mut stopping);
    assert_eq!(still().fit(&train, fit).unwrap().epochs().len(), 3);
    let mut stopping = EarlyStopping::new().monitor("val_acuracy");
    let fit = Fit::epochs(20)
        .validation_data(&test)
        .callback(&mut stopping);
    let error = still().fit(&train, fit).unwrap_err().to_string();
    assert!(error.contains("\"val_acuracy\""), "{error}");
}

#[test]
fn functions_are_called_after_steps_and_epochs() {
    let (mut steps, mut lines) = (Vec::new(), Vec::new());
    let mut recorder = LambdaCallback::new()
        .on_step_end(|step| steps.push((step.epoch, step.number)))
        .on_epoch_end(|epoch| lines.push(format!("{}: {}", epoch.number, epoch.logs())));
    let mut stop = Stop(2, 1);
    let fit = Fit::epochs(usize::MAX).batch_size(8);
    let fit = fit.callback(&mut recorder).callback(&mut stop);
    network(1).fit(&quadrants(20), fit).unwrap();
    drop(recorder);
    assert_eq!(steps, [(1, 1), (1, 2), (1, 3), (2, 1)]);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("1: loss ") && lines[0].contains("  accuracy "));
}

#[test]
fn the_last_samples_may_be_kept_for_validation() {
    let data = quadrants(50);
    let indices: Vec<usize> = (0..50).collect();
    let (train, last) = (data.select(&indices[..40]), data.select(&indices[40..]));
    let apart = network(1)
        .fit(&train, Fit::epochs(3).validation_data(&last))
        .unwrap();
    let split = network(2)
        .fit(&data, Fit::epochs(3).validation_split(0.2))
        .unwrap();
    assert_eq!(apart, split);
    // As Keras counts: 10 samples at 0.25 are 7 and 3, 100 at 0.29 are 71 and 29.
    for (samples, share, first) in [(10, 0.25, 7), (100, 0.29, 71)] {
        assert_eq!(quadrants(samples).split(share).unwrap().0.samples(), first);
    }
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        let error = network(1).fit(&data, Fit::epochs(1).validation_split(share));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("leaves one part empty"), "{error}");
    }
    let both = Fit::epochs(1).validation_data(&last).validation_split(0.5);
    assert!(
        network(1)
            .fit(&data, both)
            .unwrap_err()
            .to_string()
            .contains("leave one out")
    );
}
