//! Diagnoses of trainings whose faults are known.

use letra_nn::prelude::*;
use letra_nn::training::{LearningPoint, Measured, NextStep, PowerLaw};

fn history(losses: impl Iterator<Item = f64>, val_losses: impl Iterator<Item = f64>) -> History {
    let epochs = losses.zip(val_losses).enumerate();
    let epochs = epochs.map(|(index, (loss, val_loss))| {
        EpochLogs::new(index + 1, index as u64 + 1, loss).with_val_loss(val_loss)
    });
    epochs.collect()
}

/// Falls by a tenth each epoch.
fn falling() -> impl Iterator<Item = f64> {
    (0..30).map(|epoch| 2.0 * 0.9f64.powi(epoch))
}

/// Falls to 0.5 and stays there.
fn settled() -> impl Iterator<Item = f64> {
    (0..30).map(|epoch| 0.5 + 0.5f64.powi(epoch))
}

fn points(curve: impl Fn(f64) -> f64) -> Vec<LearningPoint> {
    [200, 400, 800, 1600, 2400]
        .map(|samples| LearningPoint::new(samples, curve(samples as f64)))
        .to_vec()
}

fn close(found: f64, wanted: f64, tolerance: f64) -> bool {
    (found - wanted).abs() <= tolerance
}

#[test]
fn a_power_law_is_found_again() {
    for (limit, factor, exponent) in [(0.05, 3.0, 0.6), (0.0, 2.0, 0.5), (0.2, 40.0, 1.0)] {
        let points = points(|n| limit + factor * n.powf(-exponent));
        let law = PowerLaw::fit(&points, 100_000).unwrap();
        assert!(close(law.limit, limit, 0.005), "{law:?}");
        assert!(close(law.exponent, exponent, 0.06), "{law:?}");
        for point in points {
            assert!(
                close(law.error(point.samples), point.error, 0.002),
                "{law:?}"
            );
        }
        let [low, high] = law.limit_range;
        assert!(low <= law.limit && law.limit <= high);
    }
}

#[test]
fn fewer_tested_samples_leave_more_open() {
    let points = points(|n| 0.05 + 3.0 * n.powf(-0.6));
    let width = |tested| {
        let [low, high] = PowerLaw::fit(&points, tested).unwrap().limit_range;
        assert!(low <= 0.05 && 0.05 <= high);
        high - low
    };
    // Below no error can be, so that little is left to tell the first two apart.
    assert!(width(100) > width(2_000));
    assert!(width(2_000) > 2.0 * width(100_000));
}

#[test]
fn a_curve_that_is_flat_or_rises_has_its_mean_as_its_limit() {
    for slope in [0.0, 1e-5] {
        let law = PowerLaw::fit(&points(|n| 0.1 + slope * n), 300).unwrap();
        let least = law.error(1_000_000);
        assert!(close(least, 0.1 + slope * 1080.0, 0.01), "{law:?}");
    }
}

#[test]
fn a_network_that_is_too_small() {
    let measured = Measured::new(0.3, 0.32, 500).reference(0.02);
    let diagnosis = measured
        .clone()
        .history(&history(settled(), settled()))
        .diagnose()
        .unwrap();
    assert_eq!(diagnosis.next, NextStep::LargerNetwork);
    assert!(close(diagnosis.capacity, 0.28, 1e-12));
    assert!(close(diagnosis.gap, 0.02, 1e-12));
    // The same, but not trained to the end.
    let measured = measured.history(&history(falling(), falling()));
    assert_eq!(measured.diagnose().unwrap().next, NextStep::TrainLonger);
}

#[test]
fn a_gap_that_is_a_matter_of_data_or_of_regularisation() {
    let measured = Measured::new(0.001, 0.12, 500).history(&history(settled(), settled()));
    assert_eq!(measured.diagnose().unwrap().next, NextStep::Regularise);
    // Falls to 2%: most of the gap is a matter of data.
    let curve = points(|n| 0.02 + 0.1 * (2400.0 / n).powf(0.7));
    let data = measured.clone().learning_curve(&curve).diagnose().unwrap();
    assert_eq!(data.next, NextStep::MoreData);
    assert!(close(data.data.unwrap(), 0.1, 0.03), "{data:?}");
    // Falls to 10%: most of it stays.
    let curve = points(|n| 0.1 + 0.02 * (2400.0 / n).powf(0.7));
    let rest = measured.learning_curve(&curve).diagnose().unwrap();
    assert_eq!(rest.next, NextStep::Regularise);
    assert!(close(rest.regularisation.unwrap(), 0.099, 0.02), "{rest:?}");
}

#[test]
fn a_network_that_is_good_enough() {
    let done = Measured::new(0.012, 0.018, 500).reference(0.01);
    let diagnosis = done.diagnose().unwrap();
    assert_eq!(diagnosis.next, NextStep::Done);
    assert!(diagnosis.words().concat().contains("done"));
    // A gap that could be luck is none.
    let few = Measured::new(0.0, 0.03, 25).diagnose().unwrap();
    assert_eq!(few.next, NextStep::Done);
    let many = Measured::new(0.0, 0.03, 2500);
    assert_eq!(many.diagnose().unwrap().next, NextStep::Regularise);
    // Who asks for no more than five points is done; the training error is held to the
    // tolerance all the same.
    let next = |measured: &Measured| measured.diagnose().unwrap().next;
    assert_eq!(next(&many.clone().gap(0.05)), NextStep::Done);
    assert_eq!(next(&many.clone().gap(0.02)), NextStep::Regularise);
    let high = Measured::new(0.03, 0.04, 2500).gap(0.05);
    assert_eq!(next(&high), NextStep::LargerNetwork);
    assert!(many.gap(1.5).diagnose().is_err());
}

#[test]
fn the_parts_sum_up_to_the_validation_error() {
    let curve = points(|n| 0.06 + 2.0 * n.powf(-0.5));
    for (training, validation, reference) in [
        (0.3, 0.4, 0.1),
        (0.0, 0.1, 0.05),
        (0.2, 0.15, 0.01),
        (0.1, 0.1, 0.3),
    ] {
        let measured = Measured::new(training, validation, 300)
            .reference(reference)
            .learning_curve(&curve);
        let found = measured.diagnose().unwrap();
        let parts = [
            found.base,
            found.capacity,
            found.regularisation.unwrap(),
            found.data.unwrap(),
        ];
        assert!(parts.iter().all(|part| *part >= 0.0), "{parts:?}");
        assert!(close(parts.iter().sum(), validation, 1e-12), "{parts:?}");
        assert!(close(parts[2] + parts[3], found.gap, 1e-12));
    }
}

#[test]
fn a_validation_loss_that_rises_has_a_best_epoch() {
    let rising = (0..30).map(|epoch| 1.0 + (f64::from(epoch) - 9.0).powi(2) / 100.0);
    let diagnosis = Measured::new(0.0, 0.1, 500)
        .history(&history(settled(), rising))
        .diagnose()
        .unwrap();
    assert_eq!(diagnosis.best_epoch, Some(10));
    assert!(diagnosis.words().concat().contains("after epoch 10"));
    let plain = Measured::new(0.0, 0.1, 500).history(&history(settled(), settled()));
    assert_eq!(plain.diagnose().unwrap().best_epoch, None);
}

#[test]
fn what_makes_no_diagnosis_is_refused() {
    let refused = |measured: Measured, part: &str| {
        let error = measured.diagnose().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    refused(Measured::new(1.2, 0.1, 10), "training error is 1.2");
    refused(Measured::new(0.1, f64::NAN, 10), "validation error is NaN");
    refused(Measured::new(0.1, 0.1, 0), "no samples");
    refused(
        Measured::new(0.1, 0.1, 9).reference(-1.0),
        "reference is -1",
    );
    let two = points(|_| 0.1)[..2].to_vec();
    refused(
        Measured::new(0.1, 0.1, 9).learning_curve(&two),
        "three different",
    );
    let wrong = points(|n| n);
    refused(
        Measured::new(0.1, 0.1, 9).learning_curve(&wrong),
        "200 samples is 200",
    );
}
