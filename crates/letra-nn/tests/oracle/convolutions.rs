//! Convolutions of every kind, poolings and layers that move cells.

use letra_nn::prelude::*;
use serde_json::Value;

use super::layers::{check_outputs_and_gradients, check_training_step};
use super::reading::{pair, whole};

fn add(network: Sequential, layer: &Value) -> Sequential {
    let same = layer["padding"] == "same";
    let keepdims = layer["keepdims"] == true;
    let [window, stride] = [&layer["window"], &layer["stride"]];
    match layer["kind"].as_str().unwrap() {
        "average_pooling1d" => {
            let pool = AveragePool1d::new(whole(window)).stride(whole(stride));
            network.add(if same { pool.same() } else { pool })
        }
        "average_pooling2d" => {
            let pool = AveragePool2d::new(pair(window)).stride(pair(stride));
            network.add(if same { pool.same() } else { pool })
        }
        "max_pooling1d" => {
            let pool = MaxPool1d::new(whole(window)).stride(whole(stride));
            network.add(if same { pool.same() } else { pool })
        }
        "global_average_pooling1d" => network.add(GlobalAveragePool1d::new().keepdims(keepdims)),
        "global_average_pooling2d" => network.add(GlobalAveragePool2d::new().keepdims(keepdims)),
        "global_max_pooling1d" => network.add(GlobalMaxPool1d::new().keepdims(keepdims)),
        "global_max_pooling2d" => network.add(GlobalMaxPool2d::new().keepdims(keepdims)),
        kind => panic!("the test knows no {kind}"),
    }
}

#[test]
fn outputs_and_gradients() {
    check_outputs_and_gradients("convolutions", add);
}

#[test]
fn a_training_step_takes_the_same_gradients() {
    check_training_step("convolutions", add);
}
