//! Milliseconds a training step of the seminar's networks in Burn.
//!
//! usage: burn-steps PICTURES.raw THREADS [SECONDS] [NETWORK:BATCH,...]

mod networks;

use std::error::Error;
use std::time::{Duration, Instant};

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::prelude::*;
use networks::{Classifier, Cnn, Dense, Vgg};

const PICTURES: usize = 2511;
const SIDE: usize = 36;
/// Network, batch, rate and momentum (Nesterov's where it is not zero), as in rows.json.
const ROWS: [(&str, usize, f64, f64); 6] = [
    ("logistic", 2511, 0.1, 0.0),
    ("feed-forward", 2511, 0.5, 0.0),
    ("cnn", 2511, 0.1, 0.0),
    ("feed-forward", 128, 0.01, 0.9),
    ("cnn", 128, 0.01, 0.9),
    ("vgg", 128, 0.01, 0.9),
];

type Batch = (Tensor<4>, Tensor<1, Int>);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() < 3 {
        return Err("usage: burn-steps PICTURES.raw THREADS [SECONDS] [NETWORK:BATCH,...]".into());
    }
    let content = std::fs::read(&arguments[1])?;
    if content.len() != PICTURES * (SIDE * SIDE + 1) {
        return Err("the pictures must be those that machine.py writes".into());
    }
    let threads: usize = arguments[2].parse()?;
    let seconds = arguments.get(3).map_or(Ok(3.0), |text| text.parse())?;
    let (name, device) = device();
    let device = device.autodiff();
    for (network, batch, rate, momentum) in ROWS {
        let wanted = arguments.get(4).is_none_or(|rows| rows.split(',').any(|row| row == format!("{network}:{batch}")));
        if !wanted {
            continue;
        }
        let batches = batches(&content, batch, &device);
        let (times, loss) = match network {
            "logistic" => measure(Dense::new(&[1296, 5], &device), &batches, rate, momentum, seconds, &device),
            "feed-forward" => measure(Dense::new(&[1296, 128, 32, 5], &device), &batches, rate, momentum, seconds, &device),
            "cnn" => measure(Cnn::new(&device), &batches, rate, momentum, seconds, &device),
            _ => measure(Vgg::new(&device), &batches, rate, momentum, seconds, &device),
        };
        println!(
            "{{\"peer\": \"burn 0.22\", \"threads\": {threads}, \"network\": \"{network}\", \"batch\": {batch}, \"ms_per_step\": {:.4}, \"mode\": \"{name}\", \"samples\": {}, \"last_loss\": {loss:.4}}}",
            times[times.len() / 2],
            times.len()
        );
    }
    Ok(())
}

#[cfg(feature = "flex")]
fn device() -> (&'static str, Device) {
    (burn_flex_name(), Device::flex())
}

#[cfg(feature = "flex")]
fn burn_flex_name() -> &'static str {
    // The mention keeps the dependency that carries the feature for AVX-512.
    let _ = std::any::type_name::<burn_flex::Flex>();
    "flex"
}

#[cfg(all(feature = "ndarray", not(feature = "flex")))]
fn device() -> (&'static str, Device) {
    ("ndarray", Device::ndarray())
}

/// The whole batches, pictures scaled to [0, 1].
fn batches(content: &[u8], batch: usize, device: &Device) -> Vec<Batch> {
    let (pictures, labels) = content.split_at(PICTURES * SIDE * SIDE);
    (0..PICTURES / batch)
        .map(|index| {
            let ink = &pictures[index * batch * SIDE * SIDE..][..batch * SIDE * SIDE];
            let values: Vec<f32> = ink.iter().map(|&value| f32::from(value) / 255.0).collect();
            let classes: Vec<i32> = labels[index * batch..][..batch].iter().map(|&label| i32::from(label)).collect();
            (
                Tensor::from_data(TensorData::new(values, [batch, 1, SIDE, SIDE]), device),
                Tensor::from_data(TensorData::new(classes, [batch]), device),
            )
        })
        .collect()
}

/// Milliseconds of each step, sorted, and the last loss; the first three steps warm up.
fn measure<M: Classifier>(mut network: M, batches: &[Batch], rate: f64, momentum: f64, seconds: f64, device: &Device) -> (Vec<f64>, f32) {
    let sgd = SgdConfig::new();
    let nesterov = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0).with_nesterov(true);
    let mut optimizer = if momentum > 0.0 { sgd.with_momentum(Some(nesterov)).init() } else { sgd.init() };
    let cross_entropy = CrossEntropyLossConfig::new().init(device);
    let mut times = Vec::new();
    let mut last = f32::NAN;
    let mut end = Instant::now();
    for step in 0.. {
        if step == 3 {
            end = Instant::now() + Duration::from_secs_f64(seconds);
            times.clear();
        }
        if step >= 8 && Instant::now() > end {
            break;
        }
        let (pictures, labels) = batches[step % batches.len()].clone();
        let start = Instant::now();
        let loss = cross_entropy.forward(network.forward(pictures), labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(rate, network, gradients);
        times.push(1e3 * start.elapsed().as_secs_f64());
        last = loss.into_scalar();
    }
    times.sort_by(f64::total_cmp);
    (times, last)
}
