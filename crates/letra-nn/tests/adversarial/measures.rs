//! Measures held to what is known of distributions.

use letra_nn::learners::{ParzenWindow, inception_score, precision_and_recall};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

fn normal(samples: usize, values: usize, place: usize, scale: f32) -> Tensor {
    let random = Random::new(8, Domain::Data, place, 0);
    let drawn = (0..samples).flat_map(|sample| random.normal(sample, values));
    Tensor::new(
        [samples, values],
        drawn.map(|value| scale * value).collect(),
    )
    .unwrap()
}

/// Samples of a normal distribution under a window are about one of variance 1 + σ².
#[test]
fn a_parzen_window_estimates_a_known_density() {
    let [samples, validation, test] =
        [(3000, 0), (500, 1), (800, 2)].map(|(samples, place)| normal(samples, 2, place, 1.0));
    let sigmas = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];
    let window = ParzenWindow::choose(&samples, &validation, &sigmas).unwrap();
    assert!([0.2, 0.4].contains(&window.sigma()), "{}", window.sigma());
    // Minus the entropy of two normal numbers: −log 2πe.
    let entropy = (std::f64::consts::TAU * std::f64::consts::E).ln();
    let found = window.log_likelihood(&test).unwrap();
    assert!(
        (found.mean + entropy).abs() < 0.06,
        "{found:?} for {}",
        -entropy
    );
    // log p is −½ r² / (1 + σ²) but for a constant, and r² / 2 has variance 1.
    let error = (1.0_f64 / 800.0).sqrt() / (1.0 + window.sigma().powi(2));
    assert!((found.standard_error - error).abs() < 0.003, "{found:?}");
    // Of one sample, the density is that of a normal number.
    let one = ParzenWindow::new(&Tensor::zeros([1, 1]), 0.5).unwrap();
    let at = Tensor::new([2, 1], vec![0.0, 1.0]).unwrap();
    let wanted = |x: f64| -0.5 * x * x / 0.25 - (0.5 * std::f64::consts::TAU.sqrt()).ln();
    for (found, x) in one.log_density(&at).unwrap().iter().zip([0.0, 1.0]) {
        assert!((found - wanted(x)).abs() < 1e-12);
    }
    // Far away, it falls without becoming nothing.
    let far = one
        .log_density(&Tensor::new([1, 1], vec![1e4]).unwrap())
        .unwrap()[0];
    assert!(far < -1e8 && far.is_finite());
}

#[test]
fn precision_falls_where_samples_are_wide_and_recall_where_they_are_narrow() {
    let real = normal(400, 2, 0, 1.0);
    let like = precision_and_recall(&real, &normal(400, 2, 1, 1.0), 3).unwrap();
    let narrow = precision_and_recall(&real, &normal(400, 2, 1, 0.2), 3).unwrap();
    let wide = precision_and_recall(&real, &normal(400, 2, 1, 5.0), 3).unwrap();
    assert!(like.precision > 0.85 && like.recall > 0.85, "{like:?}");
    assert!(narrow.precision > 0.95 && narrow.recall < 0.3, "{narrow:?}");
    assert!(wide.precision < 0.3 && wide.recall > 0.8, "{wide:?}");
    let same = precision_and_recall(&real, &real, 3).unwrap();
    assert_eq!((same.precision, same.recall), (1.0, 1.0));
}

/// Two classes, of which the first has a share *p*: KL is the entropy of *p* where all are sure.
#[test]
fn the_inception_score_is_that_of_the_formula() {
    let sure = one_hot(&[0, 0, 0, 1], 2).unwrap();
    let entropy = -(0.75_f64 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
    assert!((inception_score(&sure).unwrap() - entropy.exp()).abs() < 1e-12);
    let even = Tensor::new([3, 2], vec![0.5; 6]).unwrap();
    assert!((inception_score(&even).unwrap() - 1.0).abs() < 1e-12);
}
