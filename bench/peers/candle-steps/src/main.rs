//! Milliseconds a training step of the seminar's networks in candle.
//!
//! usage: candle-steps PICTURES.raw THREADS [SECONDS] [NETWORK:BATCH,...]

mod networks;
mod sgd;

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap, loss};
use gemm as _; // named only for its feature
use networks::Network;
use sgd::Sgd;

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

type Batch = (Tensor, Tensor);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() < 3 {
        return Err("usage: candle-steps PICTURES.raw THREADS [SECONDS] [NETWORK:BATCH,...]".into());
    }
    let content = std::fs::read(&arguments[1])?;
    if content.len() != PICTURES * (SIDE * SIDE + 1) {
        return Err("the pictures must be those that machine.py writes".into());
    }
    let threads: usize = arguments[2].parse()?;
    let seconds = arguments.get(3).map_or(Ok(3.0), |text| text.parse())?;
    let mode = if cfg!(feature = "mkl") { "mkl" } else { "gemm" };
    for (network, batch, rate, momentum) in ROWS {
        let wanted = arguments.get(4).is_none_or(|rows| rows.split(',').any(|row| row == format!("{network}:{batch}")));
        if !wanted {
            continue;
        }
        let (times, loss) = measure(network, &batches(&content, batch)?, rate, momentum, seconds)?;
        println!(
            "{{\"peer\": \"candle 0.11\", \"threads\": {threads}, \"network\": \"{network}\", \"batch\": {batch}, \"ms_per_step\": {:.4}, \"mode\": \"{mode}\", \"samples\": {}, \"last_loss\": {loss:.4}}}",
            times[times.len() / 2],
            times.len()
        );
    }
    Ok(())
}

/// The whole batches, pictures scaled to [0, 1].
fn batches(content: &[u8], batch: usize) -> candle_core::Result<Vec<Batch>> {
    let (pictures, labels) = content.split_at(PICTURES * SIDE * SIDE);
    (0..PICTURES / batch)
        .map(|index| {
            let ink = &pictures[index * batch * SIDE * SIDE..][..batch * SIDE * SIDE];
            let values: Vec<f32> = ink.iter().map(|&value| f32::from(value) / 255.0).collect();
            let classes: Vec<u32> = labels[index * batch..][..batch].iter().map(|&label| u32::from(label)).collect();
            Ok((
                Tensor::from_vec(values, (batch, 1, SIDE, SIDE), &Device::Cpu)?,
                Tensor::from_vec(classes, batch, &Device::Cpu)?,
            ))
        })
        .collect()
}

/// Milliseconds of each step, sorted, and the last loss; the first three steps warm up.
fn measure(network: &str, batches: &[Batch], rate: f64, momentum: f64, seconds: f64) -> candle_core::Result<(Vec<f64>, f32)> {
    let variables = VarMap::new();
    let network = Network::named(network, VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let mut optimizer = Sgd::new(variables.all_vars(), rate, momentum)?;
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
        let (pictures, labels) = &batches[step % batches.len()];
        let start = Instant::now();
        let loss = loss::cross_entropy(&network.forward(pictures)?, labels)?;
        optimizer.step(&loss.backward()?)?;
        times.push(1e3 * start.elapsed().as_secs_f64());
        last = loss.to_scalar()?;
    }
    times.sort_by(f64::total_cmp);
    Ok((times, last))
}
