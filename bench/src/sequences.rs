//! Recurrent layers: training steps, and the answer for one sequence.

use std::error::Error;
use std::time::Instant;

use letra_nn::layers::{Gru, Lstm};
use letra_nn::prelude::*;
use serde_json::json;

use crate::steps::measure;
use crate::{Settings, machine};

/// Batch, steps, features and units of each row.
const ROWS: [[usize; 4]; 4] = [
    [128, 28, 28, 128],
    [32, 28, 28, 128],
    [20, 100, 2, 100],
    [32, 100, 64, 256],
];
const CLASSES: usize = 10;
/// Batches of the data.
const BATCHES: usize = 4;

#[derive(Clone, Copy)]
enum Cell {
    Lstm,
    Gru,
}

impl Cell {
    fn name(self) -> &'static str {
        match self {
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        }
    }

    fn gates(self) -> usize {
        match self {
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }

    fn network(self, [_, steps, features, units]: [usize; 4]) -> Sequential {
        let network = Sequential::new([steps, features]);
        match self {
            Cell::Lstm => network.add(Lstm::new(units)),
            Cell::Gru => network.add(Gru::new(units)),
        }
        .add(Dense::new(CLASSES))
    }
}

pub(crate) fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let gemm = machine::gemm_rate(settings.threads);
    if !settings.json {
        println!(
            "{} threads: matrix product {gemm:.0} GFLOP/s\n",
            settings.threads
        );
        println!(
            "{:6} {:>16} {:>12} {:>12} {:>9}",
            "layer", "shape", "ms a step", "floor in ms", "of floor"
        );
    }
    for cell in [Cell::Lstm, Cell::Gru] {
        for row in ROWS {
            let name = format!(
                "{}:{}x{}x{}:{}",
                cell.name(),
                row[0],
                row[1],
                row[2],
                row[3]
            );
            if settings.rows.is_empty() || settings.rows.contains(&name) {
                training(settings, cell, row, gemm)?;
            }
        }
    }
    for cell in [Cell::Lstm, Cell::Gru] {
        one_sequence(settings, cell)?;
    }
    Ok(())
}

/// Numbers from −1 to 1.
fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|index| ((index * 7919 + index / 13) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

fn training(
    settings: &Settings,
    cell: Cell,
    row: [usize; 4],
    gemm: f64,
) -> Result<(), Box<dyn Error>> {
    let [batch, steps, features, units] = row;
    let samples = BATCHES * batch;
    let inputs = Tensor::new(
        [samples, steps, features],
        numbers(samples * steps * features),
    )?;
    let labels = (0..samples)
        .map(|sample| (sample % CLASSES) as u32)
        .collect();
    let data = Dataset::classes(inputs, labels, CLASSES)?;
    let compile = Compile::new(Sgd::new(0.01))
        .loss(CrossEntropy::from_logits())
        .threads(settings.threads)
        .seed(1);
    let mut network = cell.network(row).compile(compile)?;
    let times = measure(&mut network, &data, batch, settings.seconds)?;
    let median = times[times.len() / 2];
    // Forward and the gradients of both kernels for all, that of the states once more.
    let width = cell.gates() * units;
    let products = steps * width * (2 * features + 3 * units) + 3 * units * CLASSES;
    let floor = 2.0 * (batch * products) as f64 / gemm / 1e6;
    if settings.json {
        println!(
            "{}",
            json!({
                "peer": "letra", "threads": settings.threads, "layer": cell.name(),
                "batch": batch, "steps": steps, "features": features, "units": units,
                "ms_per_step": median, "floor_ms": floor, "samples": times.len(),
            })
        );
    } else {
        let shape = format!("{batch}x{steps}x{features}:{units}");
        println!(
            "{:6} {shape:>16} {median:>12.3} {floor:>12.3} {:>7.0} %",
            cell.name(),
            100.0 * floor / median
        );
    }
    Ok(())
}

/// One sequence of 28 steps through 128 units.
fn one_sequence(settings: &Settings, cell: Cell) -> Result<(), Box<dyn Error>> {
    let row = [1, 28, 28, 128];
    let network = cell.network(row).build(1)?;
    let input = Tensor::new([1, row[1], row[2]], numbers(row[1] * row[2]))?;
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed().as_secs_f64() < settings.seconds || times.len() < 10 {
        let start = Instant::now();
        std::hint::black_box(network.predict(&input)?);
        times.push(1e6 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    match settings.json {
        true => println!(
            "{}",
            json!({"peer": "letra", "layer": cell.name(), "one_sequence_us": median})
        ),
        false => println!("{:6} one sequence of 28 steps: {median:.1} µs", cell.name()),
    }
    Ok(())
}
