//! Binary, multi-label, multi-class and regression tasks, each from its data to its metrics.

use letra_nn::losses::{Loss, MeanAbsoluteError, MeanSquaredError};
use letra_nn::prelude::*;

use super::data::{layers, quadrants};

/// Points of a line, and of it whether they lie right of its middle.
fn points(samples: usize) -> (Tensor, Vec<u32>) {
    let values: Vec<f32> = (0..samples)
        .map(|i| ((i * 37) % 101) as f32 / 50.5 - 0.99)
        .collect();
    let right = values.iter().map(|x| u32::from(*x > 0.1)).collect();
    (Tensor::new([samples, 1], values).unwrap(), right)
}

fn one_unit(loss: impl Loss + 'static, sigmoid: bool) -> Trainer {
    let layer = match sigmoid {
        true => Dense::new(1).sigmoid(),
        false => Dense::new(1),
    };
    let compile = Compile::new(Adam::new(0.1)).loss(loss).metric(Accuracy);
    let compile = compile.metric(Auc::roc()).metric(LogLoss).seed(3);
    Sequential::new([1]).add(layer).compile(compile).unwrap()
}

fn share_right(said: &[u32], wanted: &[u32]) -> f64 {
    let right = said.iter().zip(wanted).filter(|(one, other)| one == other);
    right.count() as f64 / wanted.len() as f64
}

#[test]
fn one_unit_tells_two_classes_apart() {
    let (inputs, labels) = points(120);
    let classes = Dataset::classes(inputs.clone(), labels.clone(), 2).unwrap();
    let values: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
    let of = |shape: &[usize]| Tensor::new(shape, values.clone()).unwrap();
    let column = Dataset::values(inputs.clone(), of(&[120, 1])).unwrap();
    let flat = Dataset::values(inputs.clone(), of(&[120])).unwrap();
    let networks = || {
        [
            one_unit(BinaryCrossEntropy::from_logits(), false),
            one_unit(BinaryCrossEntropy::new(), true),
            one_unit(MeanSquaredError, true),
        ]
    };
    for mut network in networks() {
        // Before it has learnt anything, too, accuracy is that of the predicted classes.
        let said = network.predict_classes(&inputs).unwrap();
        let untrained = network.evaluate(&classes).unwrap();
        assert_eq!(
            untrained.metric("accuracy"),
            Some(share_right(&said, &labels))
        );
        let history = network.fit(&classes, Fit::epochs(60)).unwrap();
        let scores = network.evaluate(&classes).unwrap();
        assert!(scores.metric("accuracy") > Some(0.9), "{scores:?}");
        assert_eq!(scores.metric("auc"), Some(1.0));
        let said = network.predict_classes(&inputs).unwrap();
        let predictions = network.predict(&inputs).unwrap();
        let above: Vec<u32> = predictions
            .data()
            .iter()
            .map(|p| u32::from(*p > 0.5))
            .collect();
        assert_eq!(said, above);
        assert_eq!(scores.metric("accuracy"), Some(share_right(&said, &labels)));
        for data in [&column, &flat] {
            assert_eq!(network.evaluate(data).unwrap(), scores);
        }
        assert!(history.epochs()[59].get("auc") > Some(0.99));
    }
    for number in 0..3 {
        let [first, second, third] = [&classes, &column, &flat].map(|data| {
            let mut network = networks().into_iter().nth(number).unwrap();
            network.fit(data, Fit::epochs(3)).unwrap()
        });
        assert!(first == second && first == third);
    }
}

#[test]
fn metrics_see_probabilities_where_the_loss_takes_logits() {
    let (inputs, labels) = points(90);
    let data = Dataset::classes(inputs.clone(), labels, 2).unwrap();
    let network = one_unit(BinaryCrossEntropy::from_logits(), false);
    let scores = network.evaluate(&data).unwrap();
    // The loss is the same number, from logits.
    let found = scores.metric("log_loss").unwrap();
    assert!((found - scores.loss).abs() < 1e-6, "{scores:?}");
    let compile = Compile::new(Sgd::new(0.1))
        .metric(LogLoss)
        .metric(BrierScore);
    let network = Sequential::new([1])
        .add(Dense::new(2))
        .compile(compile)
        .unwrap();
    let scores = network.evaluate(&data).unwrap();
    let found = scores.metric("log_loss").unwrap();
    assert!((found - scores.loss).abs() < 1e-6, "{scores:?}");
    assert!(scores.metric("brier_score") < Some(2.0));
}

#[test]
fn a_hinge_loss_says_yes_above_0() {
    let (inputs, labels) = points(80);
    let signs = labels.iter().map(|&label| 2.0 * label as f32 - 1.0);
    let signs = Tensor::new([80, 1], signs.collect()).unwrap();
    let compile = Compile::new(Adam::new(0.05)).loss(Hinge).metric(Accuracy);
    let network = Sequential::new([1]).add(Dense::new(1));
    let mut network = network.compile(compile.seed(1)).unwrap();
    let data = Dataset::values(inputs.clone(), signs).unwrap();
    network.fit(&data, Fit::epochs(40)).unwrap();
    let margins = network.predict(&inputs).unwrap();
    let said: Vec<u32> = margins.data().iter().map(|y| u32::from(*y > 0.0)).collect();
    let scores = network.evaluate(&data).unwrap();
    assert_eq!(scores.metric("accuracy"), Some(share_right(&said, &labels)));
    assert_eq!(network.predict_classes(&inputs).unwrap(), said);
    let classes = Dataset::classes(inputs.clone(), labels, 2).unwrap();
    assert_eq!(network.evaluate(&classes).unwrap(), scores);
    // Also once it is saved, with its training and without.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hinge.letra");
    network.save(&file).unwrap();
    let loaded = Network::load(&file).unwrap();
    assert_eq!(loaded.predict_classes(&inputs).unwrap(), said);
    network.into_network().save(&file).unwrap();
    let loaded = Network::load(&file).unwrap();
    assert_eq!(loaded.predict_classes(&inputs).unwrap(), said);
}

#[test]
fn several_labels_are_counted_one_by_one() {
    let inputs = quadrants(60).inputs().clone();
    // Is the picture's first half bright, its second, both sides of it?
    let rows: Vec<f32> = inputs
        .data()
        .chunks(64)
        .flat_map(|picture| {
            let sum = |range: std::ops::Range<usize>| picture[range].iter().sum::<f32>();
            [sum(0..32) > 10.0, sum(32..64) > 10.0, sum(0..64) > 20.0].map(f32::from)
        })
        .collect();
    let data = Dataset::values(inputs.clone(), Tensor::new([60, 3], rows.clone()).unwrap());
    let data = data.unwrap();
    let compile = Compile::new(Adam::new(0.02))
        .loss(BinaryCrossEntropy::from_logits())
        .metric(Accuracy)
        .metric(BinaryAccuracy::new())
        .metric(F1Score::new().average(Averaging::Macro))
        .seed(2);
    let network = Sequential::new([8, 8, 1]).add(Flatten).add(Dense::new(3));
    let mut network = network.compile(compile).unwrap();
    let measure = |network: &Trainer| {
        let predictions = network.predict(&inputs).unwrap();
        let pairs = predictions.data().iter().zip(&rows);
        let right = pairs.filter(|(p, t)| (**p > 0.5) == (**t > 0.5)).count();
        let scores = network.evaluate(&data).unwrap();
        assert_eq!(scores.metric("accuracy"), Some(right as f64 / 180.0));
        assert_eq!(scores.metric("accuracy"), scores.metric("binary_accuracy"));
        scores
    };
    measure(&network);
    network.fit(&data, Fit::epochs(40)).unwrap();
    assert!(measure(&network).metric("accuracy") > Some(0.9));
}

#[test]
fn quantities_are_measured_over_the_whole_pass() {
    let (inputs, _) = points(100);
    let targets = inputs.data().iter().map(|x| 3.0 * x - 1.0).collect();
    let data = Dataset::values(inputs, Tensor::new([100], targets).unwrap()).unwrap();
    let network = |rate: f32| {
        let compile = Compile::new(Adam::new(rate))
            .loss(MeanSquaredError)
            .metric(MeanAbsoluteError)
            .metric(RootMeanSquaredError)
            .metric(R2Score)
            .seed(5);
        Sequential::new([1])
            .add(Dense::new(1))
            .compile(compile)
            .unwrap()
    };
    // At rate 0 an epoch in batches, the last of them small, is one pass of `evaluate`.
    let mut still = network(0.0);
    let scores = still.evaluate(&data).unwrap();
    let history = still.fit(&data, Fit::epochs(1).batch_size(7)).unwrap();
    for (name, value) in &scores.metrics {
        let found = history.epochs()[0].get(name).unwrap();
        assert!(
            (found - value).abs() < 1e-9 * value.abs().max(1.0),
            "{name}: {found}, {value}"
        );
    }
    let root = scores.metric("root_mean_squared_error").unwrap();
    assert!((root * root - scores.loss).abs() < 1e-5, "{scores:?}");
    let mut learning = network(0.1);
    learning.fit(&data, Fit::epochs(80)).unwrap();
    let scores = learning.evaluate(&data).unwrap();
    assert!(scores.metric("r2_score") > Some(0.99), "{scores:?}");
}

#[test]
fn class_weights_of_one_unit() {
    let (inputs, labels) = points(40);
    let weights = [0.5, 2.0];
    let own: Vec<f32> = labels
        .iter()
        .map(|&label| weights[label as usize])
        .collect();
    let column = labels.iter().map(|&label| label as f32).collect();
    let column = Tensor::new([40, 1], column).unwrap();
    let sets = [
        Dataset::classes(inputs.clone(), labels, 2).unwrap(),
        Dataset::values(inputs, column).unwrap(),
    ];
    let network = || one_unit(BinaryCrossEntropy::from_logits(), false);
    for data in sets {
        let by_class = network().fit(&data, Fit::epochs(3).class_weight(weights));
        let by_sample = data.clone().with_sample_weights(own.clone()).unwrap();
        let by_sample = network().fit(&by_sample, Fit::epochs(3));
        assert_eq!(by_class.unwrap(), by_sample.unwrap());
    }
}

/// The label of each pixel: whether it is bright.
fn bright(samples: usize) -> (Dataset, Dataset) {
    let inputs = quadrants(samples).inputs().clone();
    let labels: Vec<u32> = inputs.data().iter().map(|&v| u32::from(v > 0.45)).collect();
    let rows = one_hot(&labels, 2).unwrap().into_data();
    let rows = Tensor::new([samples, 8, 8, 2], rows).unwrap();
    (
        Dataset::classes(inputs.clone(), labels, 2).unwrap(),
        Dataset::values(inputs, rows).unwrap(),
    )
}

#[test]
fn a_label_a_pixel() {
    let (classes, rows) = bright(40);
    let network = |threads| {
        let compile = Compile::new(Adam::new(0.05)).metric(Accuracy);
        let compile = compile.metric(F1Score::new().average(Averaging::Class(1)));
        Sequential::new([8, 8, 1])
            .add(Conv2d::new(4, 3).same().relu())
            .add(Conv2d::new(2, 1))
            .compile(compile.seed(7).threads(threads))
            .unwrap()
    };
    let mut trained = network(1);
    let history = trained
        .fit(&classes, Fit::epochs(30).batch_size(12))
        .unwrap();
    let mut again = network(2);
    assert_eq!(
        again.fit(&classes, Fit::epochs(30).batch_size(12)).unwrap(),
        history
    );
    let (of_classes, of_rows) = (
        trained.evaluate(&classes).unwrap(),
        trained.evaluate(&rows).unwrap(),
    );
    assert_eq!(of_classes.metrics, of_rows.metrics);
    assert!((of_classes.loss - of_rows.loss).abs() < 1e-6);
    assert!(of_classes.metric("accuracy") > Some(0.95), "{of_classes:?}");
    let said = trained.predict_classes(classes.inputs()).unwrap();
    let Targets::Classes { labels, .. } = classes.targets() else {
        panic!("these are classes");
    };
    let accuracy = of_classes.metric("accuracy").unwrap();
    assert!((accuracy - share_right(&said, labels)).abs() < 1e-12);
    let predictions = trained.predict(classes.inputs()).unwrap();
    for pixel in predictions.data().chunks(2) {
        assert!((pixel[0] + pixel[1] - 1.0).abs() < 1e-6);
    }
    // Some of them are the same as alone, and sample weights are those of all their pixels.
    let chosen = classes.select(&[5, 3, 5]);
    let Targets::Classes { labels: few, .. } = chosen.targets() else {
        panic!("these are classes");
    };
    assert_eq!(few[64..128], labels[3 * 64..4 * 64]);
    let counted = chosen
        .clone()
        .with_sample_weights(vec![0.0, 3.0, 0.0])
        .unwrap();
    let third = trained.evaluate(&classes.select(&[3])).unwrap().loss;
    let weighted = trained.evaluate(&counted).unwrap().loss;
    assert!((weighted - third).abs() < 1e-6, "{weighted}, {third}");
}

#[test]
fn one_unit_a_pixel() {
    let (classes, _) = bright(30);
    let compile = Compile::new(Adam::new(0.1)).loss(BinaryCrossEntropy::from_logits());
    let mut network = Sequential::new([8, 8, 1])
        .add(Conv2d::new(1, 1))
        .compile(compile.metric(Accuracy).metric(Auc::roc()).seed(1))
        .unwrap();
    network.fit(&classes, Fit::epochs(60)).unwrap();
    let scores = network.evaluate(&classes).unwrap();
    assert!(scores.metric("accuracy") > Some(0.95), "{scores:?}");
    assert_eq!(scores.metric("auc"), Some(1.0));
    assert_eq!(
        network.predict_classes(classes.inputs()).unwrap().len(),
        30 * 64
    );
}

#[test]
fn an_untouched_classification_reports_what_it_did() {
    let data = quadrants(50);
    let compile = Compile::new(Sgd::new(0.1)).metric(Accuracy).seed(4);
    let network = layers().compile(compile).unwrap();
    let said = network.predict_classes(data.inputs()).unwrap();
    let Targets::Classes { labels, .. } = data.targets() else {
        panic!("quadrants are classes");
    };
    let scores = network.evaluate(&data).unwrap();
    assert_eq!(scores.metric("accuracy"), Some(share_right(&said, labels)));
}

#[test]
fn metrics_are_saved_with_their_settings() {
    let data = quadrants(20);
    let data = data
        .clone()
        .with_sample_weights((0..20).map(|i| i as f32).collect())
        .unwrap();
    let compile = Compile::new(Sgd::new(0.1))
        .metric(F1Score::new().average(Averaging::Class(2)).threshold(0.3))
        .metric(Recall::new().average(Averaging::Macro))
        .metric(BinaryAccuracy::new().threshold(0.25))
        .metric(Auc::precision_recall().average(Averaging::Macro))
        .metric(ExpectedCalibrationError::new().bins(7))
        .metric(TopKAccuracy::new(3))
        .metric(MeanAbsoluteError)
        .weighted_metric(Accuracy)
        .weighted_metric(Auc::roc());
    let network = layers().compile(compile.seed(4)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("measured.letra");
    network.save(&file).unwrap();
    let scores = network.evaluate(&data).unwrap();
    assert_eq!(scores.metrics.len(), 9);
    assert_eq!(
        Trainer::load(&file).unwrap().evaluate(&data).unwrap(),
        scores
    );
}

/// Batches of many shards, on several threads: what they gather is put together in one order.
#[test]
fn shards_and_threads_change_no_bit_of_a_metric() {
    let data = quadrants(700);
    let weights = (0..700).map(|i| (i % 7) as f32 / 3.0).collect();
    let data = data.with_sample_weights(weights).unwrap();
    let still = |threads| {
        let compile = Compile::new(Sgd::new(0.0))
            .metric(Auc::roc().average(Averaging::Macro))
            .metric(LogLoss)
            .metric(MeanSquaredError)
            .metric(R2Score)
            .weighted_metric(Auc::precision_recall())
            .weighted_metric(BrierScore)
            .weighted_metric(F1Score::new().average(Averaging::Class(1)));
        let network = Sequential::new([8, 8, 1])
            .add(Conv2d::new(16, 3).same().relu())
            .add(Flatten)
            .add(Dense::new(4));
        network.compile(compile.seed(6).threads(threads)).unwrap()
    };
    let epoch = |threads| {
        let fit = Fit::epochs(1).batch_size(650);
        still(threads).fit(&data, fit).unwrap().epochs()[0].clone()
    };
    let (alone, together) = (epoch(1), epoch(3));
    assert_eq!(alone, together);
    for (name, wanted) in still(1).evaluate(&data).unwrap().metrics {
        let found = alone.get(&name).unwrap();
        let close = (found - wanted).abs() < 1e-6 * wanted.abs().max(1.0);
        assert!(close, "{name}: {found} for {wanted}");
    }
}

#[test]
fn functions_that_are_taken_twice_or_say_nothing_are_warned_of() {
    let warnings = |layers: Sequential, loss: CrossEntropy| {
        let compile = Compile::new(Sgd::new(0.1)).loss(loss);
        let trainer = layers.compile(compile).unwrap();
        trainer.warnings().join("; ")
    };
    let layers = || Sequential::new([4]);
    let twice = warnings(
        layers().add(Dense::new(3).softmax()),
        CrossEntropy::from_logits(),
    );
    assert!(
        twice.contains("layer dense") && twice.contains("wants logits"),
        "{twice}"
    );
    let twice = layers().add(Dense::new(3)).add(Activation::softmax());
    assert!(warnings(twice, CrossEntropy::from_logits()).contains("layer activation"));
    let one = warnings(layers().add(Dense::new(1).softmax()), CrossEntropy::new());
    assert!(one.contains("softmax over one unit"), "{one}");
    assert_eq!(
        warnings(layers().add(Dense::new(3).softmax()), CrossEntropy::new()),
        ""
    );
    assert_eq!(
        warnings(layers().add(Dense::new(3)), CrossEntropy::from_logits()),
        ""
    );
}
