//! Model files that are cut short, damaged, or something else.

use letra_nn::prelude::*;
use safetensors::tensor::Dtype;
use serde_json::json;

use super::assert_refused;
use super::forgery::{File, Forgery, load, saved};

#[test]
fn cut_short_at_every_length() {
    let bytes = saved();
    let file = File::new(&bytes);
    assert!(file.load().is_ok());
    for length in 0..bytes.len() {
        file.write(&bytes[..length]);
        let result = file.load();
        assert_refused(&format!("{length} bytes"), result, &["cut short", "again"]);
    }
}

#[test]
fn with_something_behind_it() {
    let mut bytes = saved();
    bytes.extend([0; 4]);
    assert_refused("four bytes more", load(&bytes), &["model.letra"]);
}

#[test]
fn something_else() {
    for (what, bytes) in [
        ("nothing", vec![]),
        (
            "text",
            b"This is not a model. It is a text of some length.".to_vec(),
        ),
        ("zeros", vec![0; 1000]),
        ("ones", vec![255; 1000]),
        (
            "a zip",
            b"PK\x03\x04\x14\x00\x00\x00\x08\x00 and so on and on".to_vec(),
        ),
    ] {
        assert_refused(what, load(&bytes), &["not a letra model"]);
    }
    let tensors: [(&str, safetensors::tensor::TensorView<'_>); 0] = [];
    let foreign = safetensors::serialize(tensors, None).unwrap();
    let parts = ["without letra's architecture"];
    assert_refused("a foreign safetensors file", load(&foreign), &parts);
}

#[test]
fn tensors_that_are_not_what_the_architecture_asks_for() {
    let mut forgery = Forgery::of(&saved());
    forgery.tensor("dense/kernel").shape = vec![3, 18];
    let parts = ["dense/kernel", "[3, 18]", "[18, 3]"];
    assert_refused("a transposed tensor", load(&forgery.bytes()), &parts);

    let mut forgery = Forgery::of(&saved());
    let tensor = forgery.tensor("dense/bias");
    (tensor.shape, tensor.data) = (vec![2], vec![0; 8]);
    let parts = ["dense/bias", "[2]", "[3]"];
    assert_refused("a shorter tensor", load(&forgery.bytes()), &parts);

    let mut forgery = Forgery::of(&saved());
    forgery.tensor("dense/bias").kind = Dtype::I32;
    let parts = ["dense/bias", "I32", "F32"];
    assert_refused("whole numbers", load(&forgery.bytes()), &parts);

    let mut forgery = Forgery::of(&saved());
    forgery.tensors.retain(|piece| piece.name != "conv2d/bias");
    let parts = ["conv2d/bias is missing"];
    assert_refused("a missing tensor", load(&forgery.bytes()), &parts);
}

#[test]
fn weights_that_are_no_numbers() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut forgery = Forgery::of(&saved());
        forgery.tensor("dense/kernel").data[20..24].copy_from_slice(&value.to_le_bytes());
        let parts = ["dense/kernel", &value.to_string(), "place 5", "lower rate"];
        assert_refused("a weight", load(&forgery.bytes()), &parts);
    }
}

#[test]
fn unknown_kinds() {
    let mut forgery = Forgery::of(&saved());
    forgery.header["layers"][1]["kind"] = json!("teleport");
    let parts = [
        "layer 2 (max_pooling2d)",
        "\"teleport\"",
        "it knows activation, ",
    ];
    assert_refused("a layer", load(&forgery.bytes()), &parts);
    for (key, what) in [("loss", "loss"), ("optimizer", "optimizer")] {
        let mut forgery = Forgery::of(&saved());
        forgery.header[key]["kind"] = json!("teleport");
        assert_refused(what, load(&forgery.bytes()), &[what, "\"teleport\""]);
    }
    for name in [
        "beauty",
        "top__accuracy",
        "top_-1_accuracy",
        "top_99999999999999999999_accuracy",
    ] {
        let mut forgery = Forgery::of(&saved());
        forgery.header["metrics"][0] = json!(name);
        assert_refused("a metric", load(&forgery.bytes()), &["metric", name]);
    }
    let mut forgery = Forgery::of(&saved());
    forgery.header["format"] = json!(4);
    let parts = ["format 4", "formats up to 3"];
    assert_refused("a later format", load(&forgery.bytes()), &parts);
}

#[test]
fn architectures_that_are_no_json() {
    let forgery = Forgery::of(&saved());
    let whole = forgery.header.to_string();
    for header in [
        "",
        "{",
        "null",
        "[]",
        "{\"format\": 1}",
        "\u{0}",
        &whole[1..],
        &"[".repeat(100_000),
    ] {
        let parts = ["architecture cannot be read"];
        assert_refused("a header", load(&forgery.bytes_with(header)), &parts);
    }
}

#[test]
fn a_header_larger_than_any() {
    let forgery = Forgery::of(&saved());
    let long = forgery.header.to_string() + &" ".repeat(16 << 20);
    let parts = ["its header has more than 16 MiB"];
    assert_refused("a long header", load(&forgery.bytes_with(&long)), &parts);
}

#[test]
fn a_model_is_no_checkpoint() {
    let file = File::new(&saved());
    let mut network = super::forgery::network();
    let fit = Fit::epochs(1).resume(&file.path);
    let parts = ["a finished model, not a checkpoint"];
    assert_refused("a model", network.fit(&super::forgery::data(), fit), &parts);
}
