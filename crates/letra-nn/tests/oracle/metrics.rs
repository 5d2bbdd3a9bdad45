//! Accuracy, top-k accuracy and confusion matrices, as scikit-learn counts them.

use letra_nn::prelude::*;

use super::reading::{labels, list, numbers, sizes, tensor};

#[test]
fn accuracies_and_confusion_matrices() {
    let numbers = numbers("metrics");
    for case in list(&numbers["cases"]) {
        let (predictions, labels) = (tensor(&case["predictions"]), labels(&case["labels"]));
        let classes = predictions.sample_values();
        let mut compile = Compile::new(Sgd::new(0.1)).metric(Accuracy);
        for k in 1..=classes {
            compile = compile.metric(TopKAccuracy::new(k));
        }
        let network = Sequential::new([classes])
            .add(Activation::linear())
            .compile(compile)
            .unwrap();
        let data = Dataset::classes(predictions.clone(), labels.clone(), classes).unwrap();
        let rows = one_hot(&labels, classes).unwrap();
        for data in [data, Dataset::values(predictions.clone(), rows).unwrap()] {
            let scores = network.evaluate(&data).unwrap();
            let found = |name: &str| scores.metric(name).unwrap();
            let close = |found: f64, wanted: &serde_json::Value| {
                let wanted = wanted.as_f64().unwrap();
                assert!((found - wanted).abs() < 1e-8, "{found} for {wanted}");
            };
            close(found("accuracy"), &case["accuracy"]);
            for (k, wanted) in case["top_k_accuracy"].as_object().unwrap() {
                close(found(&format!("top_{k}_accuracy")), wanted);
            }
        }
        let predicted = network.predict_classes(&predictions).unwrap();
        assert_eq!(predicted, super::reading::labels(&case["predicted"]));
        let matrix = ConfusionMatrix::new(&labels, &predicted, classes).unwrap();
        for (actual, row) in list(&case["confusion_matrix"]).iter().enumerate() {
            let found: Vec<usize> = (0..classes).map(|p| matrix.count(actual, p)).collect();
            assert_eq!(found, sizes(row));
        }
    }
}
