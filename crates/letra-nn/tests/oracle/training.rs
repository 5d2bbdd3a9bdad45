//! Twenty training steps from given weights, as PyTorch and Keras take them.

use letra_nn::prelude::*;
use serde_json::Value;

use super::reading::{assert_close, doubles, list, name, numbers, pair, single, sizes, whole};

/// SplitMix64 (Steele, Lea and Flood 2014): the numbers that `oracle/splitmix.py` gives.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1), exact in single precision.
    fn fraction(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

fn fractions(seed: u64, count: usize) -> Vec<f32> {
    let mut numbers = SplitMix(seed);
    (0..count).map(|_| numbers.fraction()).collect()
}

/// Picture i shows class i mod 5: the ink of the class, one pixel in sixteen replaced.
fn pictures(facts: &Value) -> (Tensor, Vec<u32>) {
    let [samples, side, classes] = ["samples", "side", "classes"].map(|key| whole(&facts[key]));
    let seed = |key: &str| whole(&facts[key]) as u64;
    let [ink, grey, scale] =
        ["template_ink_below", "grey_below", "grey_scale"].map(|key| single(&facts[key]));
    let mut pixels = Vec::new();
    for sample in 0..samples {
        let template = seed("template_seed") + (sample % classes) as u64;
        let templates = fractions(template, side * side);
        let noise = fractions(seed("picture_seed") + sample as u64, side * side);
        pixels.extend(
            noise
                .iter()
                .zip(templates)
                .map(|(&noise, template)| match noise < grey {
                    true => noise * scale,
                    false => f32::from(u8::from(template < ink)),
                }),
        );
    }
    let labels = (0..samples).map(|sample| (sample % classes) as u32);
    let pictures = Tensor::new([samples, side, side, 1], pixels).unwrap();
    (pictures, labels.collect())
}

fn network(name: &str) -> Sequential {
    let pictures = Sequential::new([36, 36, 1]);
    match name {
        "cnn" | "cnn in batches, nesterov" => pictures
            .add(Conv2d::new(4, 5).same().relu())
            .add(MaxPool2d::new(2))
            .add(Flatten)
            .add(Dense::new(32).relu())
            .add(Dense::new(5)),
        "feed-forward in batches, nesterov" => pictures
            .add(Flatten)
            .add(Dense::new(128).relu())
            .add(Dense::new(32).sigmoid())
            .add(Dense::new(5)),
        "vgg" => pictures
            .add(Conv2d::new(32, 3).relu())
            .add(Conv2d::new(32, 3).relu())
            .add(MaxPool2d::new(2))
            .add(Conv2d::new(64, 3).relu())
            .add(Conv2d::new(64, 3).relu())
            .add(MaxPool2d::new(2))
            .add(Flatten)
            .add(Dense::new(256).relu())
            .add(Dense::new(5)),
        _ => panic!("the test knows no run {name}"),
    }
}

fn compiled(run: &Value) -> Trainer {
    let settings = &run["optimizer"];
    let optimizer = Sgd::new(single(&settings["rate"]))
        .momentum(single(&settings["momentum"]))
        .nesterov(settings["nesterov"].as_bool().unwrap());
    let network = network(name(run))
        .compile(Compile::new(optimizer).loss(CrossEntropy::from_logits()))
        .unwrap();
    for parameter in list(&run["parameters"]) {
        let (shape, limit) = (sizes(&parameter["shape"]), single(&parameter["limit"]));
        let fractions = fractions(whole(&parameter["seed"]) as u64, shape.iter().product());
        let values = fractions.iter().map(|f| (2.0 * f - 1.0) * limit).collect();
        let values = Tensor::new(shape, values).unwrap();
        network.set_parameter(name(parameter), &values).unwrap();
    }
    network
}

/// All values of a small tensor; of a large one sums and the first and last numbers.
fn assert_digest(what: &str, found: &Tensor, wanted: &Value, tolerance: f64) {
    assert_eq!(found.shape(), sizes(&wanted["shape"]), "{what}");
    let values = found.data();
    if wanted["values"].is_array() {
        return assert_close(what, values, &doubles(&wanted["values"]), tolerance);
    }
    let (first, last) = (doubles(&wanted["first"]), doubles(&wanted["last"]));
    assert_close(what, &values[..first.len()], &first, tolerance);
    assert_close(what, &values[values.len() - last.len()..], &last, tolerance);
    let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
    let squares: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
    let number = |key: &str| wanted[key].as_f64().unwrap();
    let most = tolerance * (values.len() as f64).sqrt();
    assert!((sum - number("sum")).abs() < most, "{what}: sum {sum}");
    let (squares, wanted) = (squares.sqrt(), number("sum_of_squares").sqrt());
    assert!(
        (squares - wanted).abs() < most,
        "{what}: norm {squares} for {wanted}"
    );
}

fn run(wanted_name: &str, tolerance: f64) {
    let numbers = numbers("training");
    let (pictures, labels) = pictures(&numbers["pictures"]);
    let mut runs = list(&numbers["runs"]).iter();
    let run = runs.find(|run| name(run) == wanted_name).unwrap();
    let mut network = compiled(run);
    let data = Dataset::classes(pictures, labels, 5).unwrap();
    let (samples, batch) = (data.samples(), whole(&run["batch"]));
    for (step, wanted) in doubles(&run["losses_double"]).into_iter().enumerate() {
        let indices: Vec<usize> = (0..batch).map(|i| (step * batch + i) % samples).collect();
        let batch = data.select(&indices);
        if step == 0 {
            let seen = network.back_propagate(&batch).unwrap();
            for (name, gradient) in &seen.gradients {
                assert_digest(name, gradient, &run["first_gradients"][name], 1e-5);
            }
        }
        let loss = network.train_on_batch(&batch).unwrap().loss;
        assert_close(
            &format!("loss of step {step}"),
            &[loss as f32],
            &[wanted],
            tolerance,
        );
    }
    for parameter in network.parameters() {
        let found = Tensor::new(parameter.shape, parameter.values.to_vec()).unwrap();
        let wanted = &run["final_parameters"][&parameter.name];
        assert_digest(&parameter.name, &found, wanted, tolerance);
    }
}

#[test]
fn pictures_and_weights_are_those_of_the_oracle() {
    let numbers = numbers("training");
    let mut integers = SplitMix(3000);
    for wanted in list(&numbers["splitmix64_seed_3000_first_integers"]) {
        assert_eq!(integers.next().to_string(), wanted.as_str().unwrap());
    }
    let facts = &numbers["pictures"];
    let (pictures, _) = pictures(facts);
    let wanted = doubles(&facts["first_picture_first_100"]);
    assert_close("first picture", &pictures.data()[..100], &wanted, 1e-8);
    let sum: f64 = pictures.data().iter().map(|&v| f64::from(v)).sum();
    assert!((sum - facts["sum"].as_f64().unwrap()).abs() < 1e-3);
    assert_eq!(pair(&serde_json::json!([36, 36])), pictures.shape()[1..3]);
}

#[test]
fn the_cnn_on_full_batches() {
    run("cnn", 1e-4);
}

#[test]
fn the_cnn_in_batches() {
    run("cnn in batches, nesterov", 1e-4);
}

#[test]
fn the_feed_forward_network_in_batches() {
    run("feed-forward in batches, nesterov", 1e-4);
}

/// Its 3 × 3 convolutions go by Winograd's products, whose rounding of some 1e-5 grows with
/// each ReLU and pooling that it tips; the first gradients are held to 1e-5 all the same.
#[test]
fn the_vgg_style_network() {
    run("vgg", 5e-3);
}
