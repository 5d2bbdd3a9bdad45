//! Pictures shifted, turned, zoomed and given another contrast as Keras does it, in single
//! precision.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_tensor, list, name, numbers, single, tensor};

/// Keras computes the places that pixels come from in single precision.
const TOLERANCE: f64 = 1e-5;

fn layer(network: Sequential, case: &Value) -> Sequential {
    let factor = |index: usize| [single(&case["factors"][index]); 2];
    let fill = match case["fill_mode"].as_str() {
        Some("constant") => FillMode::Constant(single(&case["fill_value"])),
        Some("nearest") => FillMode::Nearest,
        Some("wrap") => FillMode::Wrap,
        _ => FillMode::Reflect,
    };
    match case["kind"].as_str().unwrap() {
        "random_contrast" => network.add(RandomContrast::new(factor(0)).value_range(0.0, 1.0)),
        "random_rotation" => network.add(RandomRotation::new(factor(0)).fill_mode(fill)),
        "random_translation" => {
            network.add(RandomTranslation::new(factor(0), factor(1)).fill_mode(fill))
        }
        "random_zoom" => network.add(
            RandomZoom::new(factor(0))
                .width_factor(factor(1))
                .fill_mode(fill),
        ),
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn pictures_that_are_changed() {
    let numbers = numbers("pictures");
    for case in list(&numbers["cases"]) {
        let input = tensor(&case["input"]);
        let network = layer(Sequential::new(&input.shape()[1..]), case)
            .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).threads(1))
            .unwrap();
        let batch = Dataset::values(input.clone(), input.clone()).unwrap();
        let seen = network.back_propagate(&batch).unwrap();
        assert_tensor(name(case), &seen.outputs[0].1, &case["output"], TOLERANCE);
        assert_eq!(network.predict(&input).unwrap(), input, "at rest");
    }
}
