//! The belief network of the deep-learning tutorial.

use std::ops::ControlFlow;

use clap::Args;
use letra_nn::Error;
use letra_nn::learners::{ContrastiveDivergence, DeepBelief, RbmEpoch, RbmFit};
use letra_nn::prelude::*;
use serde_json::json;

use crate::data::{self, CLASSES, Set};
use crate::report::{Stopwatch, add, interval};
use crate::{Common, Outcome};

/// The last pictures of those to learn from, as many as in the tutorial, say when to stop.
const VALIDATION: usize = 10_000;

#[derive(Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    common: Common,
    /// Which pictures.
    #[arg(long, value_enum, default_value = "fashion")]
    set: Set,
    /// Units of each of the three layers.
    #[arg(long, default_value_t = 1_000)]
    units: usize,
    /// Passes of pre-training, a layer.
    #[arg(long, default_value_t = 100)]
    pretraining_epochs: usize,
    /// Its learning rate.
    #[arg(long, default_value_t = 0.01)]
    pretraining_rate: f64,
    /// Passes of fine-tuning at most.
    #[arg(long, default_value_t = 100)]
    epochs: usize,
    /// Passes without a lower validation error after which it ends.
    #[arg(long, default_value_t = 10)]
    patience: usize,
    /// Its learning rate.
    #[arg(long, default_value_t = 0.1)]
    rate: f64,
    /// Pictures in a batch.
    #[arg(long, default_value_t = 10)]
    batch: usize,
}

pub(crate) fn run(settings: &Settings) -> Outcome {
    let common = &settings.common;
    let [all, test] = settings.set.read(common)?;
    let [training, validation] =
        data::split(&all, all.samples() - VALIDATION.min(all.samples() / 5));

    let watch = Stopwatch::start();
    let divergence = ContrastiveDivergence::new(settings.pretraining_rate)
        .seed(common.seed)
        .threads(common.threads);
    let mut told = |epoch: &RbmEpoch<'_>| -> Result<ControlFlow<()>, Error> {
        eprintln!(
            "{:6.0} s: pre-training, epoch {}, error of reconstruction {:.4}",
            watch.seconds(),
            epoch.number,
            epoch.logs().loss()
        );
        Ok(ControlFlow::Continue(()))
    };
    let fit = RbmFit::epochs(settings.pretraining_epochs)
        .batch_size(settings.batch)
        .callback(&mut told);
    let units = settings.units;
    let sizes = [training.inputs().sample_values(), units, units, units];
    let belief = DeepBelief::new(sizes).pretrain(&training, &[divergence], fit)?;
    let pretraining = watch.json();

    let watch = Stopwatch::start();
    let compile = Compile::new(Sgd::new(settings.rate))
        .loss(CrossEntropy::from_logits())
        .metric(Accuracy)
        .seed(common.seed);
    let mut network = belief
        .into_network(CLASSES, common.seed)?
        .compile(compile)?;
    let mut stopping = EarlyStopping::new()
        .monitor("val_accuracy")
        .patience(settings.patience)
        .restore_best_weights(true);
    let mut told = LambdaCallback::new().on_epoch_end(|epoch| {
        eprintln!(
            "{:6.0} s: fine-tuning, epoch {}, validation accuracy {:.4}",
            watch.seconds(),
            epoch.logs().epoch(),
            epoch.logs().get("val_accuracy").unwrap_or(f64::NAN)
        );
    });
    let fit = Fit::epochs(settings.epochs)
        .batch_size(settings.batch)
        .validation_data(&validation)
        .callback(&mut stopping)
        .callback(&mut told);
    let history = network.fit(&training, fit)?;
    let best = history
        .values("val_accuracy")
        .into_iter()
        .fold(0.0, f64::max);
    let error = data::error_of(&network.predict_classes(test.inputs())?, &test);
    let line = json!({
        "program": "letra",
        "set": settings.set.name(),
        "seed": common.seed,
        "threads": common.threads,
        "units": units,
        "batch": settings.batch,
        "pretraining_epochs": settings.pretraining_epochs,
        "pretraining_time": pretraining,
        "epochs": history.epochs().len(),
        "time": watch.json(),
        "validation_error": 100.0 * (1.0 - best),
        "test_error": error,
        "interval": interval(error, test.samples()),
    });
    add(common, "belief", &line)
}
