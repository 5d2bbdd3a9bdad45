//! Penalties and limits on weights.

use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

fn dense(regularizer: Option<Regularizer>) -> Trainer {
    let layer = Dense::new(2).bias_initializer(Initializer::constant(0.5));
    let layer = match regularizer {
        Some(regularizer) => layer.kernel_regularizer(regularizer),
        None => layer,
    };
    Sequential::new([3])
        .add(layer)
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(6))
        .unwrap()
}

fn batch() -> Dataset {
    let inputs = Tensor::new([2, 3], vec![0.5, -1.0, 2.0, 1.0, 0.25, -0.5]).unwrap();
    let targets = Tensor::new([2, 2], vec![1.0, 0.0, 0.0, 1.0]).unwrap();
    Dataset::values(inputs, targets).unwrap()
}

#[test]
fn a_penalty_is_part_of_the_loss_and_the_gradient() {
    let batch = batch();
    for (l1, l2) in [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)] {
        let mut plain = dense(None);
        let mut penalized = dense(Some(Regularizer::l1_l2(l1, l2)));
        let kernel = plain.parameter("dense/kernel").unwrap();
        assert_eq!(penalized.parameter("dense/kernel").unwrap(), kernel);
        let penalty = |w: &f32| f64::from(l1 * w.abs()) + f64::from(l2 * w * w);
        let penalty: f64 = kernel.data().iter().map(penalty).sum();
        assert!(penalty > 0.01);
        let close = |found: f64, wanted: f64| (found - wanted).abs() < 1e-6 * wanted;
        let loss = plain.evaluate(&batch).unwrap().loss + penalty;
        assert!(close(penalized.evaluate(&batch).unwrap().loss, loss));
        assert!(close(penalized.back_propagate(&batch).unwrap().loss, loss));

        let gradients = |network: &Trainer| network.back_propagate(&batch).unwrap().gradients;
        let (found, wanted) = (gradients(&penalized), gradients(&plain));
        let values = found[0].1.data().iter().zip(wanted[0].1.data());
        for ((found, wanted), w) in values.zip(kernel.data()) {
            let wanted = wanted + l1 * w.signum() + 2.0 * l2 * w;
            assert!((found - wanted).abs() < 1e-5, "{found} for {wanted}");
        }
        assert_eq!(found[1], wanted[1], "the bias is not penalized");

        assert!(close(penalized.train_on_batch(&batch).unwrap().loss, loss));
        plain.train_on_batch(&batch).unwrap();
        let after = [&penalized, &plain].map(|network| network.parameter("dense/kernel").unwrap());
        for ((found, plain), w) in after[0]
            .data()
            .iter()
            .zip(after[1].data())
            .zip(kernel.data())
        {
            let wanted = plain - 0.1 * (l1 * w.signum() + 2.0 * l2 * w);
            assert!((found - wanted).abs() < 1e-6, "{found} for {wanted}");
        }
    }
}

#[test]
fn no_unit_grows_beyond_its_limit() {
    let train = quadrants(80);
    let limit = Constraint::max_norm(0.5);
    let mut network = Sequential::new([8, 8, 1])
        .add(Conv2d::new(3, 3).relu().kernel_constraint(limit))
        .add(Flatten)
        .add(Dense::new(7).relu().kernel_constraint(limit))
        .add(Dense::new(4))
        .compile(Compile::new(Adam::new(0.05)).seed(1))
        .unwrap();
    network.fit(&train, Fit::epochs(4).batch_size(16)).unwrap();
    let norms = |name: &str| -> Vec<f32> {
        let kernel = network.parameter(name).unwrap();
        let units = *kernel.shape().last().unwrap();
        let norm = |unit: usize| {
            let column = kernel.data().iter().skip(unit).step_by(units);
            column.map(|w| w * w).sum::<f32>().sqrt()
        };
        (0..units).map(norm).collect()
    };
    for name in ["conv2d/kernel", "dense/kernel"] {
        let norms = norms(name);
        assert!(
            norms.iter().all(|&norm| norm <= 0.5 + 1e-6),
            "{name}: {norms:?}"
        );
        assert!(norms.iter().any(|&norm| norm > 0.499), "{name}: {norms:?}");
    }
    // The last layer has no limit.
    assert!(norms("dense_1/kernel").iter().any(|&norm| norm > 0.6));
}

#[test]
fn both_kernels_of_a_separable_convolution_can_be_penalized() {
    let network = |layer: SeparableConv2d| {
        Sequential::new([8, 8, 1])
            .add(layer.depth_multiplier(2))
            .add(Flatten)
            .add(Dense::new(4))
            .compile(Compile::new(Sgd::new(0.1)).seed(3))
            .unwrap()
    };
    let layer = || SeparableConv2d::new(3, 3);
    let data = quadrants(20);
    let loss = |layer| network(layer).evaluate(&data).unwrap().loss;
    let plain = loss(layer());
    let kernel = |name: &str| {
        let parameter = network(layer()).parameter(&format!("separable_conv2d/{name}"));
        parameter.unwrap().into_data()
    };
    let square = |w: &f32| 0.5 * f64::from(w * w);
    let depthwise: f64 = kernel("depthwise_kernel").iter().map(square).sum();
    let pointwise: f64 = kernel("pointwise_kernel").iter().map(square).sum();
    assert!(depthwise > 0.01 && pointwise > 0.01);
    for (layer, penalty) in [
        (
            layer().depthwise_regularizer(Regularizer::l2(0.5)),
            depthwise,
        ),
        (
            layer().pointwise_regularizer(Regularizer::l2(0.5)),
            pointwise,
        ),
    ] {
        let found = loss(layer) - plain;
        assert!((found - penalty).abs() < 1e-5, "{found} for {penalty}");
    }
}

#[test]
fn penalties_and_limits_are_saved() {
    let network = || {
        Sequential::new([8, 8, 1])
            .add(Conv2d::new(2, 3).kernel_regularizer(Regularizer::l1(0.25)))
            .add(
                SeparableConv2d::new(3, 2)
                    .depthwise_regularizer(Regularizer::l2(0.5))
                    .pointwise_regularizer(Regularizer::l1(0.125))
                    .bias_regularizer(Regularizer::l1(0.5))
                    .activity_regularizer(Regularizer::l2(0.25)),
            )
            .add(
                BatchNormalization::new()
                    .gamma_regularizer(Regularizer::l1(0.5))
                    .beta_constraint(Constraint::max_norm(1.0)),
            )
            .add(LayerNormalization::new().activity_regularizer(Regularizer::l2(0.5)))
            .add(
                GroupNormalization::new()
                    .groups(1)
                    .gamma_constraint(Constraint::max_norm(0.5))
                    .beta_regularizer(Regularizer::l2(0.5)),
            )
            .add(Reshape::new([25, 3]))
            .add(
                MultiHeadAttention::new(2, 3)
                    .kernel_constraint(Constraint::max_norm(0.5))
                    .bias_regularizer(Regularizer::l1(0.5)),
            )
            .add(Flatten)
            .add(Dense::new(4).kernel_constraint(Constraint::max_norm(3.0)))
            .compile(Compile::new(Sgd::new(0.1)).global_clip_norm(2.0))
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network().save(&path).unwrap();
    let mut loaded = Trainer::load(&path).unwrap();
    let mut original = network();
    assert!(bytes(&loaded) == bytes(&original));
    for network in [&mut loaded, &mut original] {
        network.train_on_batch(&quadrants(20)).unwrap();
    }
    assert!(bytes(&loaded) == bytes(&original));
}

/// Files from before there were such settings hold nothing of them, and neither does a file of
/// a network that has none.
#[test]
fn files_without_these_settings_are_read() {
    let network = Sequential::new([8, 8, 1])
        .add(Conv2d::new(2, 3))
        .add(BatchNormalization::new())
        .add(Reshape::new([24, 3]))
        .add(LayerNormalization::new())
        .add(GroupNormalization::new().groups(1))
        .add(MultiHeadAttention::new(2, 3))
        .add(Flatten)
        .add(Dense::new(4))
        .compile(Compile::new(Sgd::new(0.1)))
        .unwrap();
    let file = bytes(&network);
    for word in [
        "regularizer",
        "constraint",
        "demands",
        "clip",
        "rate_factor",
    ] {
        let found = file.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!found, "{word}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    std::fs::write(&path, &file).unwrap();
    assert!(bytes(&Trainer::load(&path).unwrap()) == file);
}
