//! The up-down algorithm beside back-propagation.

use clap::{Args, ValueEnum};
use letra_nn::learners::{BeliefNetwork, ContrastiveDivergence, DeepBelief, RbmFit, UpDown};
use letra_nn::prelude::*;
use letra_nn::{Error, Network};
use serde_json::{Value, json};

use crate::data::{self, CLASSES, Set};
use crate::report::{Stopwatch, add, interval};
use crate::{Common, Outcome};

/// Of the pictures to learn from, one in so many says when to stop.
const VALIDATION_SHARE: usize = 6;

#[derive(Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    common: Common,
    /// Which pictures.
    #[arg(long, value_enum)]
    set: Set,
    /// Which ways to learn.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["up-down", "fine-tuned", "plain"])]
    methods: Vec<Method>,
    /// Units of the three hidden layers; the labels stand beside the second.
    #[arg(long, value_delimiter = ',', default_values = ["500", "500", "2000"])]
    units: Vec<usize>,
    /// Passes of pre-training, a layer.
    #[arg(long, default_value_t = 30)]
    pretraining_epochs: usize,
    /// Its learning rate.
    #[arg(long, default_value_t = 0.1)]
    pretraining_rate: f64,
    /// Passes of the up-down algorithm.
    #[arg(long, default_value_t = 60)]
    up_down_epochs: usize,
    /// Its learning rate.
    #[arg(long, default_value_t = 0.05)]
    up_down_rate: f64,
    /// Passes of back-propagation at most.
    #[arg(long, default_value_t = 60)]
    epochs: usize,
    /// Its learning rate.
    #[arg(long, default_value_t = 0.1)]
    rate: f64,
    /// Pictures in a batch.
    #[arg(long, default_value_t = 20)]
    batch: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Method {
    /// Pre-trained with labels, then the up-down algorithm.
    UpDown,
    /// Pre-trained without labels, then back-propagation.
    FineTuned,
    /// Back-propagation alone.
    Plain,
}

struct Pictures {
    training: Dataset,
    validation: Dataset,
    test: Dataset,
}

pub(crate) fn run(settings: &Settings) -> Outcome {
    let [all, test] = settings.set.read(&settings.common)?;
    let kept_back = all.samples() / VALIDATION_SHARE;
    let [training, validation] = data::split(&all, all.samples() - kept_back);
    let pictures = Pictures {
        training,
        validation,
        test,
    };
    for method in &settings.methods {
        let watch = Stopwatch::start();
        let mut line = match method {
            Method::UpDown => up_down(settings, &pictures)?,
            Method::FineTuned => {
                let belief = pretrained(settings, &pictures, 0)?;
                let network = belief.into_network(CLASSES, settings.common.seed)?;
                fine_tuned("fine-tuned", network, settings, &pictures)?
            }
            Method::Plain => {
                let values = pictures.training.inputs().sample_values();
                let layers = settings.units.iter();
                let layers = layers.fold(Sequential::new([values]), |layers, units| {
                    layers.add(Dense::new(*units).sigmoid())
                });
                let network = layers
                    .add(Dense::new(CLASSES))
                    .build(settings.common.seed)?;
                fine_tuned("plain", network, settings, &pictures)?
            }
        };
        line["set"] = json!(settings.set.name());
        line["seed"] = json!(settings.common.seed);
        line["units"] = json!(settings.units);
        line["time"] = watch.json();
        add(&settings.common, "up-down", &line)?;
    }
    Ok(())
}

fn pretrained(
    settings: &Settings,
    pictures: &Pictures,
    labels: usize,
) -> Result<BeliefNetwork, Error> {
    let divergence = ContrastiveDivergence::new(settings.pretraining_rate)
        .seed(settings.common.seed)
        .threads(settings.common.threads);
    let values = pictures.training.inputs().sample_values();
    let sizes: Vec<usize> = [values].iter().chain(&settings.units).copied().collect();
    let fit = RbmFit::epochs(settings.pretraining_epochs).batch_size(settings.batch);
    DeepBelief::new(sizes)
        .labels(labels)
        .pretrain(&pictures.training, &[divergence], fit)
}

/// Three steps of Gibbs sampling in the last machine, then six, then ten, each for a third of the passes, as
/// in the paper. The passes that did best on the validation pictures count.
fn up_down(settings: &Settings, pictures: &Pictures) -> Result<Value, Error> {
    let mut belief = pretrained(settings, pictures, CLASSES)?;
    let error = |belief: &BeliefNetwork, data: &Dataset| -> Result<f64, Error> {
        Ok(data::error_of(
            &belief.predict_classes(data.inputs())?,
            data,
        ))
    };
    let pretrained_error = error(&belief, &pictures.test)?;
    let mut best = (error(&belief, &pictures.validation)?, 0, belief.clone());
    let third = settings.up_down_epochs.div_ceil(3);
    for (part, steps) in [3, 6, 10].into_iter().enumerate() {
        let fine = UpDown::new(settings.up_down_rate as f32)
            .steps(steps)
            .epochs(third)
            .batch_size(settings.batch)
            .seed(settings.common.seed + part as u64);
        belief.fine_tune_watched(&pictures.training, &fine, &mut |epoch, belief| {
            let now = error(belief, &pictures.validation)?;
            let epoch = part * third + epoch;
            eprintln!("up-down, epoch {epoch}, validation error {now:.2} %");
            if now < best.0 {
                best = (now, epoch, belief.clone());
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    let (validation_error, epochs, best) = best;
    let test_error = error(&best, &pictures.test)?;
    Ok(json!({
        "method": "up-down",
        "epochs": epochs,
        "validation_error": validation_error,
        "pretrained_error": pretrained_error,
        "test_error": test_error,
        "interval": interval(test_error, pictures.test.samples()),
    }))
}

fn fine_tuned(
    name: &str,
    network: Network,
    settings: &Settings,
    pictures: &Pictures,
) -> Result<Value, Error> {
    let compile = Compile::new(Sgd::new(settings.rate))
        .loss(CrossEntropy::from_logits())
        .metric(Accuracy)
        .seed(settings.common.seed)
        .threads(settings.common.threads);
    let mut trainer = network.compile(compile)?;
    let mut stopping = EarlyStopping::new()
        .monitor("val_accuracy")
        .patience(10)
        .restore_best_weights(true);
    let fit = Fit::epochs(settings.epochs)
        .batch_size(settings.batch)
        .validation_data(&pictures.validation)
        .callback(&mut stopping);
    let history = trainer.fit(&pictures.training, fit)?;
    let best = history
        .values("val_accuracy")
        .into_iter()
        .fold(0.0, f64::max);
    let test_error = data::error_of(
        &trainer.predict_classes(pictures.test.inputs())?,
        &pictures.test,
    );
    Ok(json!({
        "method": name,
        "epochs": history.epochs().len(),
        "validation_error": 100.0 * (1.0 - best),
        "test_error": test_error,
        "interval": interval(test_error, pictures.test.samples()),
    }))
}
