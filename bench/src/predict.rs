//! Predictions of the seminar's CNN.

use std::error::Error;
use std::time::Instant;

use letra_nn::prelude::*;
use serde_json::json;

use crate::sequences::Recurrent;
use crate::steps::{recipe, task};
use crate::{Settings, data};

/// Pictures for the throughput.
const MANY: usize = 10_000;

pub(crate) fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let data = data::training(settings.data.as_deref())?;
    let network = recipe("cnn")?.build(&task(&data), data.samples(), 0, settings.threads)?;
    let one = data.inputs().select(&[7]);
    let cycle: Vec<usize> = (0..MANY).map(|index| index % data.samples()).collect();
    let many = data.inputs().select(&cycle);
    let latency = 1e3 * median(&network, &one, settings.seconds)?;
    let throughput = MANY as f64 / (median(&network, &many, settings.seconds)? / 1e3);
    if settings.json {
        println!(
            "{}",
            json!({
                "peer": "letra", "threads": settings.threads, "network": "cnn",
                "latency_us": latency, "pictures_per_second": throughput,
            })
        );
    } else {
        println!("one picture: {latency:.1} µs; {MANY} pictures: {throughput:.0} a second");
    }
    SEQUENCES
        .iter()
        .try_for_each(|name| one_sequence(settings, name))
}

/// Rows of recurrent layers that answer for one sequence.
const SEQUENCES: [&str; 2] = ["lstm-28x28-128", "gru-28x28-128"];

fn one_sequence(settings: &Settings, name: &str) -> Result<(), Box<dyn Error>> {
    let recurrent = Recurrent::named(name).ok_or("no such row")?;
    let network = recurrent.compile(settings.threads)?.into_network();
    let latency = 1e3 * median(&network, &recurrent.input(1)?, settings.seconds)?;
    match settings.json {
        true => println!(
            "{}",
            json!({
                "peer": "letra", "threads": settings.threads, "network": name,
                "latency_us": latency,
            })
        ),
        false => println!("one sequence through {name}: {latency:.1} µs"),
    }
    Ok(())
}

/// Median milliseconds of a prediction.
fn median(network: &Network, inputs: &Tensor, seconds: f64) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed().as_secs_f64() < seconds || times.len() < 10 {
        let start = Instant::now();
        std::hint::black_box(network.predict(inputs)?);
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
