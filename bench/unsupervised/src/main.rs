//! Figures of papers on unsupervised learning, measured with letra: one command a figure. `--help` of each
//! says what it does; bench/README.md what came out.

mod belief;
mod data;
mod layers;
mod likelihood;
mod report;
mod up_down;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What a figure's program gives back.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Measures figures of papers on unsupervised learning.
#[derive(Parser)]
#[command(version)]
struct Figures {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Subcommand)]
enum Figure {
    /// Test error of three layers pre-trained by Boltzmann machines, by autoencoders and by denoising ones,
    /// and not at all, on `rectangles` and `convex` (Larochelle et al. 2007, Vincent et al. 2008).
    Layers(layers::Settings),
    /// Log-likelihood of a Boltzmann machine of 500 hidden units, by annealed importance sampling.
    Likelihood(likelihood::Settings),
    /// Time and test error of the belief network of the deep-learning tutorial: three layers of 1,000 units.
    Belief(belief::Settings),
    /// Test error of a belief network after the up-down algorithm, beside back-propagation from the same
    /// pre-training and from none (Hinton, Osindero and Teh 2006).
    UpDown(up_down::Settings),
}

/// What all figures take.
#[derive(Args)]
struct Common {
    /// Folder of bench/unsupervised/fetch-data; results are added to its `results`.
    #[arg(long, default_value = "target/unsupervised", value_name = "DIR")]
    data: PathBuf,
    /// Number of threads; it changes no result.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let result = match Figures::parse().figure {
        Figure::Layers(settings) => layers::run(&settings),
        Figure::Likelihood(settings) => likelihood::run(&settings),
        Figure::Belief(settings) => belief::run(&settings),
        Figure::UpDown(settings) => up_down::run(&settings),
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
