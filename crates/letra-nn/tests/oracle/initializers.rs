//! Limits and deviations of Glorot's, He's and LeCun's initial values, as Keras has them, in
//! the layers that draw them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{list, numbers, sizes};

/// The kernel of the given shape that a layer draws.
fn kernel(shape: &[usize], initializer: Initializer) -> Vec<f32> {
    let network = match *shape {
        [inputs, units] => {
            Sequential::new([inputs]).add(Dense::new(units).kernel_initializer(initializer))
        }
        [rows, columns, channels, filters] => Sequential::new([rows, columns, channels])
            .add(Conv2d::new(filters, [rows, columns]).kernel_initializer(initializer)),
        _ => panic!("a kernel has two or four axes"),
    };
    let network = network
        .compile(Compile::new(Sgd::new(0.1)).seed(7))
        .unwrap();
    let kernel = network.parameters().next().unwrap();
    assert_eq!(kernel.shape, shape);
    kernel.values.to_vec()
}

fn largest(values: &[f32]) -> f64 {
    f64::from(values.iter().fold(0.0, |most: f32, v| most.max(v.abs())))
}

/// Fails unless the deviation is the wanted one, give or take four standard errors.
fn assert_deviation(values: &[f32], wanted: f64, what: &str) {
    let count = values.len() as f64;
    let squares: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
    let found = (squares / count).sqrt();
    let spread = 4.0 / (2.0 * count).sqrt();
    assert!(
        (found / wanted - 1.0).abs() < spread,
        "{what}: {found} for {wanted}"
    );
}

#[test]
fn uniform_kernels_fill_their_limits() {
    let numbers = numbers("initializers");
    for case in list(&numbers["cases"]) {
        for (name, initializer) in [
            ("glorot_uniform", Initializer::GlorotUniform),
            ("he_uniform", Initializer::HeUniform),
        ] {
            let what = format!("{name} {}", case["shape"]);
            let values = kernel(&sizes(&case["shape"]), initializer);
            let limit = case[name]["limit"].as_f64().unwrap();
            assert!(largest(&values) <= limit * (1.0 + 1e-6), "{what}");
            assert!(largest(&values) > 0.9 * limit, "{what}");
            assert_deviation(&values, limit / 3f64.sqrt(), &what);
        }
    }
}

#[test]
fn normal_kernels_have_their_deviation_and_are_cut_where_keras_cuts() {
    let numbers = numbers("initializers");
    let number = |value: &Value| value.as_f64().unwrap();
    for case in list(&numbers["cases"]) {
        for (name, initializer) in [
            ("glorot_normal", Initializer::GlorotNormal),
            ("he_normal", Initializer::HeNormal),
            ("lecun_normal", Initializer::LecunNormal),
        ] {
            let what = format!("{name} {}", case["shape"]);
            let values = kernel(&sizes(&case["shape"]), initializer);
            let cut = number(&case[name]["largest"]);
            assert!(largest(&values) <= cut * (1.0 + 1e-6), "{what}");
            assert!(largest(&values) > 0.8 * cut, "{what}");
            assert_deviation(&values, number(&case[name]["standard_deviation"]), &what);
        }
    }
}

#[test]
fn a_truncated_normal_is_not_widened() {
    let truncation = numbers("initializers")["truncation"].as_f64().unwrap();
    let values = kernel(&[1296, 128], Initializer::truncated_normal(0.0, 0.5));
    assert!(largest(&values) <= 1.0);
    assert_deviation(&values, 0.5 * truncation, "truncated normal");
}
