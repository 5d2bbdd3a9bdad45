//! Model files with a readable architecture that no network could have.

use letra_nn::prelude::*;
use serde_json::{Value, json};

use super::assert_refused;
use super::forgery::{File, Forgery, data, load, saved};

const CONV2D: usize = 0;
const POOLING: usize = 1;
const RESHAPE: usize = 2;
const DROPOUT: usize = 3;
const DENSE: usize = 5;

/// The file with one setting of one layer changed.
fn changed(layer: usize, key: &str, value: Value) -> Result<Trainer, Error> {
    let mut forgery = Forgery::of(&saved());
    let configuration = forgery.configuration(layer);
    assert!(
        !configuration[key].is_null(),
        "{configuration} has no {key}"
    );
    configuration[key] = value;
    load(&forgery.bytes())
}

#[test]
fn settings_that_make_no_sense() {
    let huge = 1_000_000_000_000_000_000u64;
    for (layer, key, value) in [
        (DENSE, "units", json!(huge)),
        (DENSE, "units", json!(u64::MAX)),
        (DENSE, "units", json!(0)),
        (DENSE, "units", json!(-1)),
        (DENSE, "units", json!(2)),
        (DENSE, "activation", json!("magic")),
        (DENSE, "kernel_initializer", json!({"constant": 1e300})),
        (CONV2D, "filters", json!(huge)),
        (CONV2D, "filters", json!(65_536)),
        (CONV2D, "kernel", json!([huge, huge])),
        (CONV2D, "kernel", json!([65_536, 65_536])),
        (CONV2D, "kernel", json!([3])),
        (CONV2D, "stride", json!([0, 1])),
        (CONV2D, "padding", json!({"explicit": [huge, 0]})),
        (CONV2D, "padding", json!({"explicit": [65_536, 65_536]})),
        (POOLING, "window", json!([0, 2])),
        (POOLING, "window", json!([huge, huge])),
        (POOLING, "stride", json!([2, 0])),
        (POOLING, "padding", json!({"explicit": [5, 5]})),
        (RESHAPE, "shape", json!([huge, huge])),
        (RESHAPE, "shape", json!([1u64 << 63, 2, 9])),
        (RESHAPE, "shape", json!([0])),
        (DROPOUT, "rate", json!(1.5)),
        (DROPOUT, "rate", json!(-0.1)),
        (DROPOUT, "rate", json!(1e60)),
    ] {
        let what = format!("{key} {value} of layer {}", layer + 1);
        assert_refused(&what, changed(layer, key, value), &["model.letra"]);
    }
}

#[test]
fn settings_of_dropouts_relatives_that_make_no_sense() {
    let file = File::new(&[]);
    Sequential::new([6])
        .add(DropConnect::new(4, 0.5).draws(3))
        .add(AnnealedDropout::new(0.5, 10))
        .add(Standout::new(3))
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap()
        .save(&file.path)
        .unwrap();
    let saved = std::fs::read(&file.path).unwrap();
    for (layer, key, value) in [
        (0, "rate", json!(1.0)),
        (0, "rate", json!(null)),
        (0, "draws", json!(0)),
        (0, "draws", json!(-1)),
        (0, "draws", json!(u64::MAX)),
        (0, "units", json!(u64::MAX)),
        (0, "units", json!(1u64 << 40)),
        (1, "rate", json!(1.5)),
        (1, "steps", json!(0)),
        (1, "steps", json!(-10)),
        (1, "steps", json!(0.5)),
        (2, "alpha", json!(1e60)),
        (2, "beta", json!(null)),
        (2, "units", json!(u64::MAX)),
    ] {
        let mut forgery = Forgery::of(&saved);
        forgery.configuration(layer)[key] = value.clone();
        let what = format!("{key} {value} of layer {}", layer + 1);
        assert_refused(&what, load(&forgery.bytes()), &["model.letra"]);
    }
}

/// Whatever is loaded must also run: huge windows and strides that fit are no error.
#[test]
fn strange_settings_that_fit() {
    for (layer, key, value) in [
        (POOLING, "stride", json!([2, 65_536])),
        (CONV2D, "stride", json!([1, 3])),
    ] {
        let mut network = match changed(layer, key, value) {
            Ok(network) => network,
            Err(error) => {
                assert!(error.to_string().contains("layer"), "{error}");
                continue;
            }
        };
        network.train_on_batch(&data()).unwrap();
    }
}

fn with_header(change: impl FnOnce(&mut Value)) -> Result<Trainer, Error> {
    let mut forgery = Forgery::of(&saved());
    change(&mut forgery.header);
    load(&forgery.bytes())
}

#[test]
fn inputs_that_refer_to_nothing_before_them() {
    for inputs in [
        json!([1]),
        json!([7]),
        json!([u64::MAX]),
        json!([]),
        json!([0, 0]),
    ] {
        let what = format!("inputs {inputs}");
        let result = with_header(|header| header["layers"][CONV2D]["inputs"] = inputs);
        assert_refused(&what, result, &["layer 1 (conv2d)"]);
    }
    let forward = with_header(|header| header["layers"][DROPOUT]["inputs"] = json!([5]));
    assert_refused("a forward reference", forward, &["layer 4 (dropout)"]);
    let mut many = vec![0; 100_000];
    many[0] = 1;
    let result = with_header(|header| header["layers"][POOLING]["inputs"] = json!(many));
    assert_refused("many inputs", result, &["layer 2 (max_pooling2d)"]);
}

/// A layer whose output is not read does no harm, whichever it is.
#[test]
fn dead_ends() {
    let layer = |name: &str, kind: &str, inputs: Value, like: &Value| {
        let mut layer = like.clone();
        (layer["name"], layer["kind"], layer["inputs"]) = (json!(name), json!(kind), inputs);
        layer
    };
    let bytes = saved();
    for number in 0..7 {
        let mut forgery = Forgery::of(&bytes);
        let layers = forgery.header["layers"].as_array_mut().unwrap();
        let original = layers[number].clone();
        let kind = original["kind"].as_str().unwrap();
        let dead = layer("dead", kind, original["inputs"].clone(), &original);
        layers.insert(number, dead);
        for later in &mut layers[number + 1..] {
            let input = later["inputs"][0].as_u64().unwrap();
            let shifted = input + u64::from(input > number as u64);
            later["inputs"] = json!([shifted]);
        }
        let copies: Vec<_> = ["kernel", "bias"]
            .iter()
            .filter_map(|last| {
                let name = format!("{kind}/{last}");
                let piece = forgery.tensors.iter().find(|piece| piece.name == name)?;
                Some(super::forgery::Piece {
                    name: format!("dead/{last}"),
                    kind: piece.kind,
                    shape: piece.shape.clone(),
                    data: piece.data.clone(),
                })
            })
            .collect();
        forgery.tensors.extend(copies);
        run(load(&forgery.bytes()).unwrap());
    }
}

/// Predicts, inspects and trains; none of it may panic.
fn run(mut network: Trainer) {
    let data = data();
    network.predict(data.inputs()).unwrap();
    network.layer_outputs(data.inputs()).unwrap();
    network.back_propagate(&data).unwrap();
    network.train_on_batch(&data).unwrap();
    network.fit(&data, Fit::epochs(1).batch_size(2)).unwrap();
}

#[test]
fn a_large_layer_that_is_not_read() {
    let network = Sequential::new([150])
        .add(Dense::new(150))
        .add(Dense::new(150))
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(0.1)).threads(1))
        .unwrap();
    let file = super::forgery::File::new(&[]);
    network.save(&file.path).unwrap();
    let mut forgery = Forgery::of(&std::fs::read(&file.path).unwrap());
    forgery.header["layers"][2]["inputs"] = json!([1]);
    let mut loaded = load(&forgery.bytes()).unwrap();
    let inputs = Tensor::new([4, 150], vec![0.5; 600]).unwrap();
    let data = Dataset::classes(inputs, vec![0, 1, 2, 0], 3).unwrap();
    let unread = |network: &Trainer| network.parameter("dense_1/kernel").unwrap();
    let before = unread(&loaded);
    loaded.train_on_batch(&data).unwrap();
    assert_eq!(unread(&loaded), before);
    let seen = loaded.back_propagate(&data).unwrap();
    assert!(seen.gradients[2].1.data().iter().all(|&g| g == 0.0));
}

#[test]
fn inputs_of_the_network() {
    let huge = 1_000_000_000_000_000_000u64;
    for shape in [
        json!([]),
        json!([0]),
        json!([huge, huge]),
        json!([6, 6]),
        json!([5, 6, 1]),
    ] {
        let what = format!("input {shape}");
        assert_refused(&what, with_header(|header| header["input"] = shape), &[]);
    }
}

#[test]
fn too_many_layers() {
    let result = with_header(|header| {
        let layers = header["layers"].as_array_mut().unwrap();
        let dropout = layers[DROPOUT].clone();
        for number in 0..5000 {
            let mut layer = dropout.clone();
            layer["inputs"] = json!([7 + number]);
            layers.push(layer);
        }
    });
    assert_refused("5,007 layers", result, &["5007 layers"]);
    assert_refused(
        "no layers",
        with_header(|header| header["layers"] = json!([])),
        &["no layers"],
    );
}

#[test]
fn two_layers_of_one_name() {
    let result = with_header(|header| header["layers"][1]["name"] = json!("conv2d"));
    assert_refused("a name", result, &["layer 2", "\"conv2d\""]);
}

#[test]
fn steps_and_seeds_at_the_end_of_their_range() {
    let result = with_header(|header| header["steps"] = json!(u64::MAX));
    assert_refused("steps", result, &["18446744073709551615 steps"]);
    let network = with_header(|header| header["seed"] = json!(u64::MAX));
    run(network.unwrap());
}

#[test]
fn optimizers_out_of_range() {
    for (key, value) in [
        ("rate", json!(-1.0)),
        ("rate", json!(null)),
        ("rate", json!(1e39)),
        ("momentum", json!(2.0)),
        ("decay", json!(-1.0)),
        ("nesterov", json!("yes")),
    ] {
        let what = format!("{key} {value}");
        let result = with_header(|header| header["optimizer"]["configuration"][key] = value);
        assert_refused(&what, result, &["optimizer"]);
    }
}

#[test]
fn layers_whose_names_no_layer_has() {
    for name in ["dense\u{1b}[31m".to_owned(), "x".repeat(257)] {
        let mut forgery = Forgery::of(&saved());
        forgery.header["layers"][DENSE]["name"] = json!(name);
        let parts = ["the name of layer 6"];
        assert_refused(&name, load(&forgery.bytes()), &parts);
    }
}
