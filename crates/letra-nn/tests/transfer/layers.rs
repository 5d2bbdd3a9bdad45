//! Bases, heads, frozen layers and rates of layers.

use letra_nn::prelude::*;

use crate::domains::{compile, features, points};

/// A base of two layers, and a head.
fn network() -> Trainer {
    Sequential::new([3])
        .add(features().named("base"))
        .add(Dense::new(2).named("head"))
        .compile(compile(1))
        .unwrap()
}

fn moved(network: &mut Trainer, train: impl FnOnce(&mut Trainer)) -> Vec<(String, Vec<f32>)> {
    let before: Vec<_> = network.parameters().collect();
    train(network);
    let after = network.parameters();
    let pairs = before.into_iter().zip(after);
    pairs
        .map(|(one, other)| {
            let by = one.values.iter().zip(&other.values).map(|(a, b)| b - a);
            (one.name, by.collect())
        })
        .collect()
}

#[test]
fn layers_learn_at_rates_of_their_own() {
    let data = points(16, false);
    let step = |factors: &[(&str, f32)]| {
        let mut network = Sequential::new([3])
            .add(features().named("base"))
            .add(Dense::new(2).named("head"))
            .compile(Compile::new(Sgd::new(0.1)).seed(2).threads(1))
            .unwrap();
        for (layer, factor) in factors {
            network.set_learning_rate_factor_of(layer, *factor).unwrap();
        }
        moved(&mut network, |network| {
            network.train_on_batch(&data).unwrap();
        })
    };
    let plain = step(&[]);
    let scaled = step(&[("base", 0.5), ("base/dense_1", 0.25), ("head", 2.0)]);
    for ((name, plain), (_, scaled)) in plain.iter().zip(&scaled) {
        let factor = match name.rsplit_once('/').unwrap().0 {
            "base/dense" => 0.5,
            "base/dense_1" => 0.125,
            _ => 2.0,
        };
        for (plain, scaled) in plain.iter().zip(scaled) {
            assert!(
                (scaled - factor * plain).abs() < 1e-6,
                "{name}: {scaled} for {plain}"
            );
        }
    }
    // By hand, too; and with 0 nothing moves.
    let mut network = network();
    network.set_learning_rate_factor_of("base", 0.0).unwrap();
    let by = moved(&mut network, |network| {
        let gradients = network.gradients(&data).unwrap();
        network.apply(&gradients).unwrap();
    });
    for (name, by) in by {
        assert_eq!(
            by.iter().all(|by| *by == 0.0),
            name.starts_with("base"),
            "{name}"
        );
    }
    assert_eq!(network.learning_rate_factor_of("base/dense"), 0.0);
    assert_eq!(network.learning_rate_factor_of("bas"), 1.0);
}

#[test]
fn rates_of_layers_are_saved() {
    let mut network = network();
    network
        .set_learning_rate_factor_of("base/dense", 0.125)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.letra");
    network.save(&path).unwrap();
    let mut loaded = Trainer::load(&path).unwrap();
    assert_eq!(loaded.learning_rate_factor_of("base/dense"), 0.125);
    assert_eq!(loaded.learning_rate_factor_of("base/dense_1"), 1.0);
    let data = points(16, false);
    let both = [&mut network, &mut loaded].map(|network| {
        network.train_on_batch(&data).unwrap();
        network
            .parameters()
            .map(|known| known.values)
            .collect::<Vec<_>>()
    });
    assert_eq!(both[0], both[1]);
}

#[test]
fn layers_are_unfrozen_one_after_the_other() {
    let data = points(32, false);
    for (epochs, learning) in [(1, 1), (2, 1), (3, 2), (5, 3)] {
        let mut network = network();
        let mut gradual = GradualUnfreezing::new(["base/dense_1", "base/dense"]).every(2);
        let by = moved(&mut network, |network| {
            network
                .fit(&data, Fit::epochs(epochs).callback(&mut gradual))
                .unwrap();
        });
        let layers = ["head", "base/dense_1", "base/dense"];
        for (name, by) in by {
            let layer = name.rsplit_once('/').unwrap().0;
            let place = layers.iter().position(|known| *known == layer).unwrap();
            let moved = by.iter().any(|by| *by != 0.0);
            assert_eq!(moved, place < learning, "{name} after {epochs} epochs");
        }
    }
}

/// Two branches from one layer, which come together.
fn residual() -> Network {
    let mut model = Model::new();
    let input = model.input([4]);
    let first = model.layer(Dense::new(5).relu().named("first"), [input]);
    let inner = model.layer(Dense::new(5).relu().named("inner"), [first]);
    let sum = model.layer(Add.named("sum"), [first, inner]);
    let head = model.layer(Dense::new(3).named("head"), [sum]);
    model.outputs([head]).build(1).unwrap()
}

#[test]
fn a_base_ends_where_all_goes_through() {
    let network = residual();
    let inputs = Tensor::new([2, 4], (0..8).map(|i| i as f32 - 3.0).collect()).unwrap();
    let base = network.base("sum").unwrap();
    let rest = network.subnetwork(&["sum"], &["head"]).unwrap();
    let features = base.predict(&inputs).unwrap();
    assert_eq!(
        rest.predict(&features).unwrap(),
        network.predict(&inputs).unwrap()
    );
    assert!(network.base("first").is_ok());
    assert!(network.base("head").is_ok());
    let error = network.base("inner").map(drop).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("inner") && text.contains("sum") && text.contains("first"),
        "{text}"
    );
    assert!(error.hint().is_some());
    let error = network.base("input").map(drop).unwrap_err();
    assert!(error.to_string().contains("input"), "{error}");
    assert!(network.base("none").is_err());
    // Of several inputs, where a later branch reads one alone.
    let mut model = Model::new();
    let (one, two) = (model.input([2]), model.input([2]));
    let first = model.layer(Dense::new(2).named("first"), [one]);
    let both = model.layer(Concatenate.named("both"), [first, two]);
    let network = model.outputs([both]).build(1).unwrap();
    assert!(network.base("first").is_err());
    assert!(network.base("both").is_ok());
}

#[test]
fn layers_are_frozen_from_one_on_and_up_to_one() {
    let frozen =
        |network: &Network| ["first", "inner", "sum", "head"].map(|name| network.is_frozen(name));
    let mut network = residual();
    network.freeze_up_to("sum").unwrap();
    assert_eq!(frozen(&network), [true, true, true, false]);
    network.unfreeze_from("inner").unwrap();
    assert_eq!(frozen(&network), [true, false, false, false]);
    network.freeze_from("inner").unwrap();
    assert_eq!(frozen(&network), [true, true, true, true]);
    network.unfreeze_from("first").unwrap();
    assert_eq!(frozen(&network), [false; 4]);
    network.freeze_up_to("inner").unwrap();
    assert_eq!(frozen(&network), [true, true, false, false]);
    for error in [
        network.freeze_up_to("none").unwrap_err(),
        network.freeze_from("none").unwrap_err(),
        network.unfreeze_from("none").unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("no layer is called \"none\""),
            "{error}"
        );
    }
    // A trainer's plans follow.
    let mut trainer = network
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap();
    let data = Dataset::classes(Tensor::zeros([2, 4]), vec![0, 1], 3).unwrap();
    trainer.train_on_batch(&data).unwrap();
    trainer.freeze_up_to("sum").unwrap();
    trainer.unfreeze_from("head").unwrap();
    let by = moved(&mut trainer, |trainer| {
        trainer.train_on_batch(&data).unwrap();
    });
    for (name, by) in by {
        assert!(
            name.starts_with("head") || by.iter().all(|by| *by == 0.0),
            "{name}"
        );
    }
}
