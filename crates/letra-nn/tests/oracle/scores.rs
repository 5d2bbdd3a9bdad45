//! Metrics over a whole pass, as scikit-learn and Keras compute them, by `evaluate` and by `fit` in
//! batches; and cross-entropy with a class a place.

use letra_nn::metrics::{MeanAbsoluteError, MeanSquaredError, Metric};
use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_close, assert_tensor, labels, list, name, numbers, singles, tensor};

/// All of a name's kind, with every average.
macro_rules! averaged {
    ($metric:expr, $class:literal) => {{
        let metric = $metric;
        [
            Box::new(metric) as Box<dyn Metric>,
            Box::new(metric.average(Averaging::Macro)),
            Box::new(metric.average(Averaging::Class($class))),
        ]
    }};
}

fn all_metrics() -> Vec<Box<dyn Metric>> {
    let mut all: Vec<Box<dyn Metric>> = vec![
        Box::new(Accuracy),
        Box::new(BinaryAccuracy::new()),
        Box::new(BinaryAccuracy::new().threshold(0.3)),
        Box::new(Precision::new().threshold(0.3)),
        Box::new(LogLoss),
        Box::new(BrierScore),
        Box::new(ExpectedCalibrationError::new()),
        Box::new(TopKAccuracy::new(2)),
        Box::new(MeanAbsoluteError),
        Box::new(MeanSquaredError),
        Box::new(RootMeanSquaredError),
        Box::new(R2Score),
        Box::new(CosineSimilarity),
    ];
    all.extend(averaged!(Precision::new(), 1));
    all.extend(averaged!(Precision::new(), 2));
    all.extend(averaged!(Recall::new(), 1));
    all.extend(averaged!(Recall::new(), 2));
    all.extend(averaged!(F1Score::new(), 1));
    all.extend(averaged!(F1Score::new(), 2));
    all.extend(averaged!(Auc::roc(), 1));
    all.extend(averaged!(Auc::precision_recall(), 1));
    all
}

fn data(case: &Value) -> Dataset {
    let data = match case["kind"].as_str() {
        Some("classes") => {
            let logits = tensor(&case["logits"]);
            let count = logits.sample_values();
            Dataset::classes(logits, labels(&case["labels"]), count)
        }
        _ => Dataset::values(tensor(&case["predictions"]), tensor(&case["targets"])),
    }
    .unwrap();
    match case["weights"].is_array() {
        true => data.with_sample_weights(singles(&case["weights"])).unwrap(),
        false => data,
    }
}

/// What gives its input, measured by all metrics that the case has values for.
fn network(case: &Value, units: usize, threads: usize) -> (Trainer, Vec<(String, f64)>) {
    let mut compile = Compile::new(Sgd::new(0.0)).threads(threads);
    compile = match case["kind"].as_str() {
        Some("classes") => compile.loss(CrossEntropy::from_logits()),
        Some("labels") => compile.loss(BinaryCrossEntropy::new()),
        _ => compile.loss(letra_nn::losses::MeanSquaredError),
    };
    let weighted = case["weights"].is_array();
    let mut wanted: Vec<(String, f64)> = Vec::new();
    for metric in all_metrics() {
        let name = metric.name();
        let Some(value) = case["values"][&name].as_f64() else {
            continue;
        };
        let shown = if weighted {
            format!("weighted_{name}")
        } else {
            name
        };
        if wanted.iter().any(|(known, _)| *known == shown) {
            continue;
        }
        wanted.push((shown, value));
        compile = match weighted {
            true => compile.weighted_metric(metric),
            false => compile.metric(metric),
        };
    }
    assert_eq!(wanted.len(), case["values"].as_object().unwrap().len());
    let network = Sequential::new([units]).add(Activation::linear());
    (network.compile(compile).unwrap(), wanted)
}

#[test]
fn metrics_over_a_whole_pass() {
    for case in list(&numbers("scores")["cases"]) {
        let data = data(case);
        let units = data.inputs().sample_values();
        let mut by_threads = Vec::new();
        for threads in [1, 2] {
            let (mut network, wanted) = network(case, units, threads);
            let scores = network.evaluate(&data).unwrap();
            for (name, wanted) in &wanted {
                let found = scores.metric(name).unwrap();
                assert!(
                    (found - wanted).abs() < 2e-6,
                    "{name}: {found} for {wanted}"
                );
            }
            let history = network.fit(&data, Fit::epochs(1).batch_size(7)).unwrap();
            for (name, wanted) in &wanted {
                let found = history.epochs()[0].get(name).unwrap();
                assert!(
                    (found - wanted).abs() < 2e-6,
                    "{name}: {found} for {wanted}"
                );
            }
            by_threads.push(history);
        }
        assert_eq!(by_threads[0], by_threads[1]);
    }
}

#[test]
fn cross_entropy_with_a_class_a_place() {
    for case in list(&numbers("scores")["places"]) {
        let (logits, labels) = (tensor(&case["logits"]), labels(&case["labels"]));
        let count = *logits.shape().last().unwrap();
        let rows = Tensor::new(logits.shape(), one_hot(&labels, count).unwrap().into_data());
        let network = Sequential::new(&logits.shape()[1..])
            .add(Activation::linear())
            .compile(Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits()))
            .unwrap();
        let of_rows = Dataset::values(logits.clone(), rows.unwrap()).unwrap();
        let of_labels = Dataset::classes(logits.clone(), labels, count).unwrap();
        for data in [of_rows, of_labels] {
            let seen = network.back_propagate(&data).unwrap();
            let wanted = case["value"].as_f64().unwrap();
            assert_close(name(case), &[seen.loss as f32], &[wanted], 1e-6);
            let (_, gradient) = &seen.pre_activation_gradients[0];
            assert_tensor(name(case), gradient, &case["gradient"], 1e-6);
            let evaluated = network.evaluate(&data).unwrap().loss;
            assert_close(name(case), &[evaluated as f32], &[wanted], 1e-6);
        }
    }
}
