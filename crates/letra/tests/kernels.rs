//! `letra lab kernels`, small.

mod common;

use common::report;

#[test]
fn kernels_are_compared() {
    let report = report(&["kernels", "--seeds", "1"]);
    let names: Vec<_> = report
        .rows()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    let expected = [
        "svm",
        "fourier",
        "logistic",
        "feed-forward-keras",
        "cnn-keras",
    ];
    assert_eq!(names, expected);
    let svm = report.row("svm");
    assert!(svm["support_vectors"]["mean"].as_f64().unwrap() > 100.0);
    assert!(svm["c"]["mean"].as_f64().unwrap() >= 1.0);
    // The features are of the kernel that the machine was given.
    assert_eq!(svm["gamma"], report.row("fourier")["gamma"]);
    assert!(report.page.contains("SVM, RBF kernel") && report.page.contains("random features"));
    report.assert_models(&["fourier", "logistic", "feed-forward-keras", "cnn-keras"]);
}
