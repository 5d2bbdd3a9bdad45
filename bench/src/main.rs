//! letra's speed: training steps, predictions, and a whole training, beside what the
//! machine could do at most. `bench/compare` holds them against other frameworks.

mod autoencoder;
mod boltzmann;
mod data;
mod kernels;
mod machine;
mod pairs;
mod predict;
mod samples;
mod sequences;
mod steps;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Measures letra on this machine.
#[derive(Parser)]
#[command(version)]
struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Milliseconds a training step of the seminar's networks, of recurrent layers, of a Boltzmann
    /// machine, of a deep autoencoder and of adversarial pairs, the machine's peak beside them.
    Steps(Settings),
    /// Predictions of the CNN: one picture's latency, and pictures a second for 10,000; of recurrent
    /// layers: one sequence's latency.
    Predict(Settings),
    /// Each kernel alone, beside the machine's peak.
    Kernels(Settings),
    /// Samples of worn text drawn a second, on one thread; beside it peers/pillow_samples.py.
    Samples(samples::Settings),
    /// Trains feed-forward (Keras) for 100 epochs and ends; to be timed from outside.
    Train(Settings),
}

/// What all measurements take.
#[derive(Args)]
struct Settings {
    /// The seminar's data; without it the built-in typefaces are drawn.
    #[arg(long, value_name = "FILE.npz")]
    data: Option<PathBuf>,
    /// Number of threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only these rows of the training steps: networks, or network:batch, with commas between.
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    rows: Vec<String>,
    /// Seconds to measure each row for.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let result = match Bench::parse().what {
        What::Steps(settings) => steps::run(&settings),
        What::Predict(settings) => predict::run(&settings),
        What::Kernels(settings) => kernels::run(&settings),
        What::Samples(settings) => samples::run(&settings),
        What::Train(settings) => steps::train(&settings),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The exit code says it where standard error cannot.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
