//! What is better: the smaller or the larger number, as each loss and metric says.

use letra_nn::metrics::{Metric, MetricRows, MetricState};
use letra_nn::prelude::*;
use letra_nn::training::Monitor;

fn history(name: &str, values: &[f64]) -> History {
    let epochs = values.iter().enumerate();
    let epochs = epochs.map(|(index, &value)| {
        EpochLogs::new(index + 1, index as u64 + 1, 1.0)
            .with_val_loss(1.0)
            .with_val_metrics([(name, value)])
    });
    epochs.collect()
}

#[test]
fn errors_are_to_fall_and_accuracies_to_rise() {
    let values = [0.5, 0.3, 0.8, 0.4];
    for (name, best) in [
        ("mean_absolute_error", 2),
        ("dense_loss", 2),
        ("log_loss", 2),
        ("expected_calibration_error_of_20_bins", 2),
        ("accuracy", 3),
        ("auc", 3),
        ("macro_f1_score", 3),
        ("my_own", 3),
    ] {
        let history = history(name, &values);
        let monitor = Monitor::new(format!("val_{name}"));
        assert_eq!(monitor.best_epoch(&history).unwrap(), best, "{name}");
        let other = if best == 2 {
            Direction::Max
        } else {
            Direction::Min
        };
        let monitor = monitor.mode(other);
        assert_eq!(monitor.best_epoch(&history).unwrap(), 5 - best, "{name}");
    }
}

/// An error of one's own, which gets a new name with each network.
#[derive(Debug, Clone)]
struct Off(Direction);

impl Metric for Off {
    fn name(&self) -> String {
        "off".into()
    }

    fn direction(&self) -> Direction {
        self.0
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let off = |row: usize| (rows.prediction(row)[0] - rows.target(row, 0)).abs();
        rows.add_mean(state, |row| f64::from(off(row)));
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.mean()
    }
}

/// A line that is learnt quickly.
fn line() -> Dataset {
    let inputs: Vec<f32> = (0..40).map(|i| i as f32 / 20.0 - 1.0).collect();
    let targets = inputs.iter().map(|x| 2.0 * x + 0.5).collect();
    let column = |values| Tensor::new([40, 1], values).unwrap();
    Dataset::values(column(inputs), column(targets)).unwrap()
}

fn network(metric: impl Metric + 'static) -> Trainer {
    let compile = Compile::new(Sgd::new(0.05)).loss(letra_nn::losses::MeanSquaredError);
    Sequential::new([1])
        .add(Dense::new(1))
        .compile(compile.metric(metric).seed(3).threads(1))
        .unwrap()
}

#[test]
fn a_falling_error_does_not_stop_a_training() {
    let data = line();
    for (metric, name) in [
        (Box::new(Off(Direction::Min)) as Box<dyn Metric>, "val_off"),
        (
            Box::new(letra_nn::metrics::MeanAbsoluteError),
            "val_mean_absolute_error",
        ),
    ] {
        let mut network = network(metric);
        let mut stopping = EarlyStopping::new()
            .monitor(name)
            .restore_best_weights(true);
        let mut plateau = ReduceLrOnPlateau::new().monitor(name).patience(2);
        let fit = Fit::epochs(10).validation_data(&data);
        let fit = fit.callback(&mut stopping).callback(&mut plateau);
        let history = network.fit(&data, fit).unwrap();
        assert_eq!(history.epochs().len(), 10);
        assert_eq!(network.learning_rate_factor(), 1.0);
        assert_eq!(history.direction(name), Direction::Min);
        // The last epoch was the best, and its weights are there.
        let scores = network.evaluate(&data).unwrap();
        assert_eq!(history.last().unwrap().val_loss(), Some(scores.loss));
    }
}

#[test]
fn a_mode_that_is_given_wins() {
    let data = line();
    let mut stopping = EarlyStopping::new().monitor("val_off").mode(Direction::Max);
    let fit = Fit::epochs(10)
        .validation_data(&data)
        .callback(&mut stopping);
    let history = network(Off(Direction::Min)).fit(&data, fit).unwrap();
    assert!(history.epochs().len() < 10);
}

#[test]
fn the_best_weights_of_an_error_are_those_of_its_least() {
    let data = line();
    let mut network = network(Off(Direction::Min));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("best.letra");
    let mut best = BestWeights::new().monitor("val_off").save(&file);
    let fit = Fit::epochs(6).validation_data(&data).callback(&mut best);
    let history = network.fit(&data, fit).unwrap();
    let least = history
        .values("val_off")
        .into_iter()
        .fold(f64::MAX, f64::min);
    assert_eq!(network.evaluate(&data).unwrap().metric("off"), Some(least));
    let saved = Network::load(&file).unwrap();
    let predict = |network: &Network| network.predict(data.inputs()).unwrap();
    assert_eq!(predict(&saved), predict(&network));
}
