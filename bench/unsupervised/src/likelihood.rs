//! How likely data is under a Boltzmann machine of 500 hidden units.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use letra_nn::Tensor;
use letra_nn::learners::{
    AnnealedImportanceSampling, BoltzmannMachine, ContrastiveDivergence, Rbm, RbmFit,
};
use serde_json::json;

use crate::data::{self, Set};
use crate::report::{Stopwatch, add};
use crate::{Common, Outcome};

const VALUES: usize = 28 * 28;

/// Trains a machine and writes its weights, or measures weights that another program has written.
/// Pictures are black and white: a pixel is 1 where its grey is above one half.
#[derive(Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    common: Common,
    /// Which pictures.
    #[arg(long, value_enum)]
    set: Set,
    /// How the machine learns.
    #[arg(long, value_enum, default_value = "cd25")]
    method: Method,
    /// Passes over the pictures.
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// Learning rate.
    #[arg(long, default_value_t = 0.05)]
    rate: f64,
    /// Pictures in a batch, and persistent chains.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Hidden units.
    #[arg(long, default_value_t = 500)]
    hidden: usize,
    /// Chains of annealed importance sampling.
    #[arg(long, default_value_t = 100)]
    chains: usize,
    /// Its steps.
    #[arg(long, default_value_t = 10_000)]
    steps: usize,
    /// Measures weights instead: a folder with kernel.npy, visible_bias.npy and hidden_bias.npy.
    #[arg(long, value_name = "DIR")]
    weights: Option<PathBuf>,
    /// Whose the weights are.
    #[arg(long, default_value = "letra")]
    program: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// Contrastive divergence of 25 steps.
    Cd25,
    /// Persistent contrastive divergence of one step, as many chains as a batch has pictures.
    Pcd,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Cd25 => "cd25",
            Method::Pcd => "pcd",
        }
    }
}

pub(crate) fn run(settings: &Settings) -> Outcome {
    let [training, test] = settings.set.read(&settings.common)?;
    let [training, test] = [training, test].map(|part| data::binary(part.inputs()));
    let mut line = json!({
        "set": settings.set.name(),
        "method": settings.method.name(),
        "program": settings.program,
        "seed": settings.common.seed,
        "threads": settings.common.threads,
        "epochs": settings.epochs,
        "rate": settings.rate,
        "batch": settings.batch,
        "hidden": settings.hidden,
    });
    let watch = Stopwatch::start();
    let machine = match &settings.weights {
        Some(folder) => read(folder)?,
        None => learn(settings, &training)?,
    };
    if settings.weights.is_none() {
        line["time"] = watch.json();
    }
    let watch = Stopwatch::start();
    let sampling = AnnealedImportanceSampling::new()
        .chains(settings.chains)
        .steps(settings.steps)
        .base(&training)
        .seed(settings.common.seed);
    let log_partition = machine.estimate_log_partition(&sampling)?;
    line["sampling_time"] = watch.json();
    line["log_partition"] = json!(log_partition.value);
    line["standard_error"] = json!(log_partition.standard_error);
    for (name, data) in [("training", &training), ("test", &test)] {
        let all = machine.log_likelihood(data, log_partition.value)?;
        line[format!("{name}_log_likelihood")] = json!(mean(&all));
        line[format!("{name}_error")] = json!(error_of_mean(&all));
    }
    add(&settings.common, "likelihood", &line)
}

fn learn(settings: &Settings, training: &Tensor) -> Result<BoltzmannMachine, letra_nn::Error> {
    let divergence = ContrastiveDivergence::new(settings.rate)
        .seed(settings.common.seed)
        .threads(settings.common.threads);
    let divergence = match settings.method {
        Method::Cd25 => divergence.steps(25),
        Method::Pcd => divergence.persistent(settings.batch),
    };
    let mut trainer = Rbm::new(VALUES, settings.hidden).compile(divergence)?;
    let fit = RbmFit::epochs(settings.epochs).batch_size(settings.batch);
    trainer.fit(training, fit)?;
    Ok(trainer.into_machine())
}

fn read(folder: &Path) -> Result<BoltzmannMachine, letra_nn::Error> {
    let tensor = |name: &str| Tensor::read_npy(folder.join(format!("{name}.npy")));
    let kernel = tensor("kernel")?;
    let hidden = kernel.sample_values();
    let mut machine = Rbm::new(kernel.samples(), hidden).build(0)?;
    machine.set_kernel(&kernel)?;
    machine.set_visible_bias(&tensor("visible_bias")?)?;
    machine.set_hidden_bias(&tensor("hidden_bias")?)?;
    Ok(machine)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard error of the mean.
fn error_of_mean(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (square / (count - 1.0) / count).sqrt()
}
