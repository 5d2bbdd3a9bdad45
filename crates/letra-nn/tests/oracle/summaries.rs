//! The seminar's six networks: names, shapes and numbers of parameters, as Keras's summary
//! has them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{list, numbers, sizes, whole};

fn network(name: &str) -> Sequential {
    let pictures = Sequential::new([36, 36, 1]);
    match name {
        "logistic" => pictures.add(Flatten).add(Dense::new(5)),
        "feed-forward" => pictures
            .add(Flatten)
            .add(Dense::new(128).sigmoid())
            .add(Dense::new(32).sigmoid())
            .add(Dense::new(5)),
        "feed-forward-keras" => pictures
            .add(Flatten)
            .add(Dense::new(128).relu())
            .add(Dense::new(32).sigmoid())
            .add(Dense::new(5)),
        "cnn" => head(pictures.add(Conv2d::new(4, 5).same().relu()), 0.25),
        "cnn-keras" => head(pictures.add(Conv2d::new(4, 5).relu()), 0.5),
        "vgg" => pictures
            .add(Conv2d::new(32, 3).relu())
            .add(Conv2d::new(32, 3).relu())
            .add(MaxPool2d::new(2))
            .add(Dropout::new(0.25))
            .add(Conv2d::new(64, 3).relu())
            .add(Conv2d::new(64, 3).relu())
            .add(MaxPool2d::new(2))
            .add(Dropout::new(0.25))
            .add(Flatten)
            .add(Dense::new(256).relu())
            .add(Dropout::new(0.5))
            .add(Dense::new(5)),
        _ => panic!("the test knows no network {name}"),
    }
}

/// What both small convolutional networks have after their convolution.
fn head(network: Sequential, rate: f32) -> Sequential {
    network
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Dense::new(32).relu())
        .add(Dropout::new(rate))
        .add(Dense::new(5))
}

/// "MaxPooling2D" as "max_pooling2d".
fn snake_case(class: &str) -> String {
    let mut name = String::new();
    let mut after_lower = false;
    for letter in class.chars() {
        if letter.is_uppercase() && after_lower {
            name.push('_');
        }
        after_lower = letter.is_lowercase();
        name.extend(letter.to_lowercase());
    }
    name
}

#[test]
fn names_shapes_and_parameter_counts_of_the_six_networks() {
    let numbers = numbers("summaries");
    let networks = list(&numbers["networks"]);
    assert_eq!(networks.len(), 6);
    for wanted in networks {
        let name = wanted["network"].as_str().unwrap();
        let compiled = network(name).compile(Compile::new(Sgd::new(0.1))).unwrap();
        let summary = compiled.summary();
        assert_eq!(summary.parameters, whole(&wanted["parameters"]), "{name}");
        assert_eq!(summary.layers.len(), list(&wanted["layers"]).len());
        for (found, wanted) in summary.layers.iter().zip(list(&wanted["layers"])) {
            let text = |key: &str| wanted[key].as_str().unwrap();
            assert_eq!(found.name, text("name"));
            assert_eq!(found.kind, snake_case(text("kind")));
            assert_eq!(found.output_shape, sizes(&wanted["output_shape"]));
            assert_eq!(found.parameters, whole(&wanted["parameters"]));
        }
        let names: Vec<Value> = compiled
            .parameters()
            .map(|parameter| parameter.name.into())
            .collect();
        assert_eq!(names, list(&wanted["parameter_names"]), "{name}");
    }
}

#[test]
fn the_printed_summary_shows_every_layer_and_the_sum() {
    let network = network("cnn").compile(Compile::new(Sgd::new(0.1))).unwrap();
    let text = network.summary().to_string();
    for part in [
        "max_pooling2d",
        "[18, 18, 4]",
        "41,504",
        "41,773 parameters in all",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
