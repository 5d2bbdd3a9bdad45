//! Three layers of units, pre-trained or not, on `rectangles` and `convex`.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use letra_nn::datasets::{convex, rectangles};
use letra_nn::learners::{
    ContrastiveDivergence, Corruption, DeepBelief, RbmFit, StackedAutoencoder,
};
use letra_nn::prelude::*;
use letra_nn::{Network, Targets, Tensor, Trainer};
use serde_json::json;

use crate::report::{Stopwatch, add, interval};
use crate::{Common, Outcome, data};

const VALUES: usize = 28 * 28;
const LAYERS: usize = 3;
const TEST: usize = 50_000;
/// The parts are drawn with seeds of their own.
const PARTS: u64 = 3;

#[derive(Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    common: Common,
    /// Which pictures.
    #[arg(long, value_enum)]
    set: Set,
    /// Which networks.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["dbn", "saa", "sda", "plain"])]
    methods: Vec<Method>,
    /// Units of each of the three layers.
    #[arg(long, value_delimiter = ',', default_values = ["500", "1000"])]
    units: Vec<usize>,
    /// Learning rates of pre-training, for a loss that is a sum over the values of a picture.
    #[arg(long, value_delimiter = ',', default_values = ["0.1", "0.02"])]
    pretraining_rates: Vec<f64>,
    /// Passes of pre-training over the pictures, a layer.
    #[arg(long, value_delimiter = ',', default_values = ["30"])]
    pretraining_epochs: Vec<usize>,
    /// Shares of values that denoising autoencoders are not shown.
    #[arg(long, value_delimiter = ',', default_values = ["0.1", "0.25", "0.4"])]
    corruptions: Vec<f64>,
    /// Learning rates from labels.
    #[arg(long, value_delimiter = ',', default_values = ["0.2", "1.0"])]
    rates: Vec<f64>,
    /// Passes over the labelled pictures at most.
    #[arg(long, default_value_t = 60)]
    epochs: usize,
    /// Passes without a lower validation error after which learning ends.
    #[arg(long, default_value_t = 15)]
    patience: usize,
    /// Pictures in a batch.
    #[arg(long, default_value_t = 20)]
    batch: usize,
    /// Stops before the test pictures are looked at.
    #[arg(long)]
    no_test: bool,
    /// Writes the pictures and their classes to a folder as NumPy's files, and trains nothing.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Set {
    Rectangles,
    Convex,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Method {
    /// Pre-trained by Boltzmann machines (CD-1).
    Dbn,
    /// Pre-trained by autoencoders.
    Saa,
    /// Pre-trained by denoising autoencoders.
    Sda,
    /// Not pre-trained.
    Plain,
}

/// One way to pre-train.
#[derive(Clone, Copy)]
struct Pretraining {
    units: usize,
    rate: f64,
    epochs: usize,
    corruption: f64,
}

/// Pictures to learn from, to choose by, and to be tested on.
struct Pictures {
    training: Dataset,
    validation: Dataset,
    test: Dataset,
}

impl Pictures {
    fn write(&self, folder: &Path) -> Outcome {
        std::fs::create_dir_all(folder)?;
        let parts = [
            ("training", &self.training),
            ("validation", &self.validation),
            ("test", &self.test),
        ];
        for (name, part) in parts {
            part.inputs()
                .write_npy(folder.join(format!("{name}.npy")))?;
            if let Targets::Classes { labels, .. } = part.targets() {
                let labels = labels.iter().map(|label| *label as f32).collect();
                let labels = Tensor::new([part.samples()], labels)?;
                labels.write_npy(folder.join(format!("{name}_labels.npy")))?;
            }
        }
        Ok(())
    }
}

impl Set {
    fn name(self) -> &'static str {
        match self {
            Set::Rectangles => "rectangles",
            Set::Convex => "convex",
        }
    }

    /// As many pictures as the papers had.
    fn draw(self, seed: u64) -> Result<Pictures, letra_nn::Error> {
        let (draw, training, validation): (fn(usize, u64) -> _, _, _) = match self {
            Set::Rectangles => (rectangles, 1_000, 200),
            Set::Convex => (convex, 6_000, 2_000),
        };
        let part = |pictures, part| data::flat(draw(pictures, PARTS * seed + part)?);
        Ok(Pictures {
            training: part(training, 0)?,
            validation: part(validation, 1)?,
            test: part(TEST, 2)?,
        })
    }
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Dbn => "DBN-3",
            Method::Saa => "SAA-3",
            Method::Sda => "SdA-3",
            Method::Plain => "not pre-trained",
        }
    }

    /// The grid.
    fn pretrainings(self, settings: &Settings) -> Vec<Pretraining> {
        let corruptions = match self {
            Method::Sda => &settings.corruptions[..],
            _ => &[0.0],
        };
        let (rates, epochs) = match self {
            Method::Plain => (&[0.0][..], &[0][..]),
            _ => (
                &settings.pretraining_rates[..],
                &settings.pretraining_epochs[..],
            ),
        };
        let mut grid = Vec::new();
        for &units in &settings.units {
            for &rate in rates {
                for &epochs in epochs {
                    grid.extend(corruptions.iter().map(|&corruption| Pretraining {
                        units,
                        rate,
                        epochs,
                        corruption,
                    }));
                }
            }
        }
        grid
    }
}

pub(crate) fn run(settings: &Settings) -> Outcome {
    let pictures = settings.set.draw(settings.common.seed)?;
    if let Some(folder) = &settings.write {
        return pictures.write(folder);
    }
    for &method in &settings.methods {
        let mut best: Option<(f64, f64, Trainer, serde_json::Value)> = None;
        for pretraining in method.pretrainings(settings) {
            let watch = Stopwatch::start();
            let network = pretrained(method, pretraining, &pictures.training, settings)?;
            let pretraining_time = watch.json();
            for &rate in &settings.rates {
                let watch = Stopwatch::start();
                // On weights of its own.
                let own = network()?;
                let (trainer, history) = fine_tuned(own, rate, &pictures, settings)?;
                let scores = trainer.evaluate(&pictures.validation)?;
                let error = 100.0 * (1.0 - scores.metric("accuracy").unwrap_or(f64::NAN));
                let line = json!({
                    "set": settings.set.name(),
                    "method": method.name(),
                    "seed": settings.common.seed,
                    "units": pretraining.units,
                    "batch": settings.batch,
                    "pretraining": {
                        "rate": pretraining.rate,
                        "epochs": pretraining.epochs,
                        "corruption": pretraining.corruption,
                        "time": pretraining_time,
                    },
                    "rate": rate,
                    "epochs": history.epochs().len(),
                    "time": watch.json(),
                    "validation_error": error,
                    "validation_loss": scores.loss,
                });
                add(&settings.common, "layers-trials", &line)?;
                let better =
                    |(e, loss, ..): &(f64, f64, Trainer, _)| (error, scores.loss) < (*e, *loss);
                if best.as_ref().is_none_or(better) {
                    best = Some((error, scores.loss, trainer, line));
                }
            }
        }
        if let Some((.., trainer, mut line)) = best.filter(|_| !settings.no_test) {
            let predicted = trainer.predict_classes(&pictures.test)?;
            let error = data::error_of(&predicted, &pictures.test);
            line["test_error"] = json!(error);
            line["interval"] = json!(interval(error, TEST));
            add(&settings.common, "layers", &line)?;
        }
    }
    Ok(())
}

type Networks = Box<dyn Fn() -> Result<Network, letra_nn::Error>>;

/// What makes networks that begin where pre-training ended.
fn pretrained(
    method: Method,
    pretraining: Pretraining,
    pictures: &Dataset,
    settings: &Settings,
) -> Result<Networks, Box<dyn Error>> {
    let Pretraining {
        units,
        rate,
        epochs,
        corruption,
    } = pretraining;
    let (seed, threads, batch) = (
        settings.common.seed,
        settings.common.threads,
        settings.batch,
    );
    Ok(match method {
        Method::Plain => Box::new(move || {
            let layers = (0..LAYERS).fold(Sequential::new([VALUES]), |layers, _| {
                layers.add(Dense::new(units).sigmoid())
            });
            layers.add(Dense::new(2)).build(seed)
        }),
        Method::Dbn => {
            let divergence = ContrastiveDivergence::new(rate).seed(seed).threads(threads);
            let belief = DeepBelief::new([VALUES, units, units, units]).pretrain(
                pictures,
                &[divergence],
                RbmFit::epochs(epochs).batch_size(batch),
            )?;
            Box::new(move || belief.clone().into_network(2, seed))
        }
        Method::Saa | Method::Sda => {
            let mut stacked = StackedAutoencoder::new([VALUES], [units; LAYERS]);
            if corruption > 0.0 {
                stacked = stacked.corruption(Corruption::Masking(corruption as f32));
            }
            stacked.pretrain(pictures, |layer| {
                // The loss is a mean over the values.
                let values = if layer == 0 { VALUES } else { units };
                let compile = Compile::new(Sgd::new(rate * values as f64))
                    .loss(BinaryCrossEntropy::new())
                    .seed(seed)
                    .threads(threads);
                (compile, Fit::epochs(epochs).batch_size(batch))
            })?;
            Box::new(move || stacked.clone().into_network(2, seed))
        }
    })
}

/// Learns from labels, as far as the validation error falls.
fn fine_tuned(
    network: Network,
    rate: f64,
    pictures: &Pictures,
    settings: &Settings,
) -> Result<(Trainer, History), letra_nn::Error> {
    let compile = Compile::new(Sgd::new(rate))
        .loss(CrossEntropy::from_logits())
        .metric(Accuracy)
        .seed(settings.common.seed)
        .threads(settings.common.threads);
    let mut trainer = network.compile(compile)?;
    let mut stopping = EarlyStopping::new()
        .monitor("val_accuracy")
        .patience(settings.patience)
        .restore_best_weights(true);
    let fit = Fit::epochs(settings.epochs)
        .batch_size(settings.batch)
        .validation_data(&pictures.validation)
        .callback(&mut stopping);
    let history = trainer.fit(&pictures.training, fit)?;
    Ok((trainer, history))
}
