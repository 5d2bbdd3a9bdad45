//! Training steps.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use letra::networks::{Recipe, Task};
use letra_nn::prelude::*;
use serde_json::json;

use crate::autoencoder::Coder;
use crate::boltzmann::Machine;
use crate::pairs::Pair;
use crate::sequences::Recurrent;
use crate::{Settings, data, machine};

/// Network and batch of each row.
const ROWS: [(&str, usize); 21] = [
    ("logistic", 2511),
    ("feed-forward", 2511),
    ("cnn", 2511),
    ("feed-forward", 128),
    ("cnn", 128),
    ("vgg", 128),
    ("letra", 32),
    ("lstm-28x28-128", 128),
    ("lstm-28x28-128", 32),
    ("lstm-100x2-100", 20),
    ("lstm-100x64-256", 32),
    ("gru-28x28-128", 128),
    ("gru-28x28-128", 32),
    ("gru-100x2-100", 20),
    ("gru-100x64-256", 32),
    ("rbm-784x500", 100),
    ("rbm-784x500", 10),
    ("autoencoder-784-1000-500-250-30", 128),
    ("gan-dense", 64),
    ("gan-dcgan", 64),
    ("gan-wgan-gp", 64),
];
/// With all training pictures in a batch it is plain gradient descent.
const FULL_BATCH: usize = 2511;

pub(crate) fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let rows = rows(&settings.rows)?;
    let data = data::training(settings.data.as_deref())?;
    let (peak, gemm) = (
        machine::peak(settings.threads),
        machine::gemm_rate(settings.threads),
    );
    if settings.json {
        let threads = settings.threads;
        println!(
            "{}",
            json!({"machine": {"threads": threads, "peak_gflops": peak, "gemm_gflops": gemm}})
        );
    } else {
        println!(
            "{} threads: peak {peak:.0} GFLOP/s, matrix product {gemm:.0} GFLOP/s ({:.0} %)\n",
            settings.threads,
            100.0 * gemm / peak
        );
        println!(
            "{:16} {:>6} {:>12} {:>12} {:>9} {:>10} {:>13}",
            "network", "batch", "ms a step", "floor in ms", "of floor", "peak MiB", "hand-over, ns"
        );
    }
    for (name, batch) in rows {
        let hand_over = || (settings.threads > 1).then(machine::hand_over);
        let before = hand_over();
        let (times, operations) = of_row(name, batch, &data, settings)?;
        // The machine may have moved the threads meanwhile.
        let hand_over = before
            .zip(hand_over())
            .map(|(before, after)| before.max(after));
        let median = times[times.len() / 2];
        let floor = operations * batch as f64 / peak / 1e6;
        let memory = machine::peak_memory();
        if settings.json {
            println!(
                "{}",
                json!({
                    "peer": "letra", "threads": settings.threads, "network": name,
                    "batch": batch, "ms_per_step": median, "samples": times.len(),
                    "floor_ms": floor, "peak_memory_mib": memory, "hand_over_ns": hand_over,
                })
            );
        } else {
            let rounded =
                |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.0}"));
            println!(
                "{name:16} {batch:>6} {median:>12.3} {floor:>12.3} {:>7.0} % {:>10} {:>13}",
                100.0 * floor / median,
                rounded(memory),
                rounded(hand_over)
            );
        }
    }
    Ok(())
}

/// Milliseconds of each step of a row, sorted, and the floating-point operations of one, a sample.
fn of_row(
    name: &str,
    batch: usize,
    data: &Dataset,
    settings: &Settings,
) -> Result<(Vec<f64>, f64), Box<dyn Error>> {
    if let Some(machine) = Machine::named(name) {
        let times = machine.measure(batch, settings.threads, settings.seconds)?;
        return Ok((times, machine.operations()));
    }
    if let Some(pair) = Pair::named(name) {
        let times = pair.measure(batch, settings.threads, settings.seconds)?;
        return Ok((times, pair.operations()));
    }
    if let Some(coder) = Coder::named(name) {
        let data = coder.data(batch)?;
        let mut autoencoder = coder.compile(settings.threads)?;
        let times = measure(&mut autoencoder, &data, batch, settings.seconds)?;
        return Ok((times, coder.operations()));
    }
    if let Some(recurrent) = Recurrent::named(name) {
        let data = recurrent.data(batch)?;
        let mut network = recurrent.compile(settings.threads)?;
        let times = measure(&mut network, &data, batch, settings.seconds)?;
        return Ok((times, recurrent.operations()));
    }
    let mut network = compile(name, batch, data, settings.threads)?;
    let times = measure(&mut network, data, batch, settings.seconds)?;
    Ok((times, operations(&network)))
}

/// The rows that are asked for by network or by network:batch; all, if none is.
fn rows(wanted: &[String]) -> Result<Vec<(&'static str, usize)>, Box<dyn Error>> {
    let named = |(name, batch): &(&str, usize), wanted: &str| {
        wanted == *name || wanted == format!("{name}:{batch}")
    };
    if let Some(unknown) = wanted
        .iter()
        .find(|wanted| !ROWS.iter().any(|row| named(row, wanted)))
    {
        let known = ROWS.map(|(name, batch)| format!("{name}:{batch}"));
        return Err(format!(
            "there is no row {unknown}: choose from {}",
            known.join(", ")
        )
        .into());
    }
    Ok(ROWS
        .into_iter()
        .filter(|row| wanted.is_empty() || wanted.iter().any(|wanted| named(row, wanted)))
        .collect())
}

/// A whole training, for a stopwatch outside.
pub(crate) fn train(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let data = data::training(settings.data.as_deref())?;
    let mut network =
        recipe("feed-forward-keras")?.build(&task(&data), data.samples(), 0, settings.threads)?;
    network.fit(&data, Fit::epochs(100).batch_size(128))?;
    let accuracy = network
        .evaluate(&data)?
        .metric("accuracy")
        .unwrap_or(f64::NAN);
    println!("{}", json!({"peer": "letra", "train_accuracy": accuracy}));
    Ok(())
}

pub(crate) fn recipe(name: &str) -> Result<&'static Recipe, Box<dyn Error>> {
    Recipe::named(name).ok_or_else(|| format!("there is no network called {name}").into())
}

pub(crate) fn task(data: &Dataset) -> Task {
    let classes = match data.targets() {
        Targets::Classes { count, .. } => *count,
        Targets::Values(values) => values.sample_values(),
        _ => unreachable!("the data sets here have classes or values"),
    };
    Task {
        height: data.inputs().shape()[1],
        width: data.inputs().shape()[2],
        classes,
    }
}

fn compile(
    name: &str,
    batch: usize,
    data: &Dataset,
    threads: usize,
) -> Result<Trainer, Box<dyn Error>> {
    let compile = match (name, batch) {
        ("letra", _) => Compile::new(AdamW::new(0.01).weight_decay(0.02))
            .loss(CrossEntropy::from_logits().label_smoothing(0.05)),
        (_, FULL_BATCH) => Compile::new(Sgd::new(0.1)),
        // As the course trains with Keras.
        _ => Compile::new(Sgd::new(0.01).momentum(0.9).nesterov(true)),
    };
    Ok(recipe(name)?.compile(&task(data), compile.seed(1).threads(threads))?)
}

/// Takes the time of each full batch for some seconds and then ends the training.
struct Stopwatch {
    until: Instant,
    last: Instant,
    times: Vec<f64>,
}

impl Callback for Stopwatch {
    fn on_step_end(&mut self, step: &Step) -> Result<ControlFlow<()>, letra_nn::Error> {
        let partial = step.number == step.steps && step.steps > 1;
        if !partial {
            self.times.push(1e3 * self.last.elapsed().as_secs_f64());
        }
        let enough = Instant::now() > self.until && self.times.len() > 10;
        self.last = Instant::now();
        Ok(if enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, letra_nn::Error> {
        self.last = Instant::now();
        Ok(ControlFlow::Continue(()))
    }
}

/// Milliseconds of each step, sorted; the first steps warm up and do not count.
fn measure(
    network: &mut Trainer,
    data: &Dataset,
    batch: usize,
    seconds: f64,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut stopwatch = Stopwatch {
        until: Instant::now() + Duration::from_secs_f64(seconds),
        last: Instant::now(),
        times: Vec::new(),
    };
    network.fit(
        data,
        Fit::epochs(usize::MAX)
            .batch_size(batch)
            .callback(&mut stopwatch),
    )?;
    let mut times = stopwatch.times.split_off(3);
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Floating-point operations of a training step, a sample: two for each weight that each
/// output position uses, for the output, for the kernel's gradient, and, after the first
/// such layer, for the input's gradient.
fn operations(network: &Network) -> f64 {
    let mut passes = 2.0;
    let mut sum = 0.0;
    for layer in network.summary().layers {
        let kernels = ["kernel", "depthwise_kernel", "pointwise_kernel"]
            .map(|kernel| network.parameter(&format!("{}/{kernel}", layer.name)));
        let positions: usize = layer.output_shape.iter().rev().skip(1).product();
        for kernel in kernels.iter().flatten() {
            sum += passes * 2.0 * (positions * kernel.data().len()) as f64;
            passes = 3.0;
        }
    }
    sum
}
