//! The networks, and how each method trains them.

use letra_nn::learners::{
    DomainAdversarial, DomainDiscrepancy, DomainTrainer, maximum_mean_discrepancy,
};
use letra_nn::prelude::*;
use letra_nn::schedules::{InverseTimeDecay, OneCycle};

use super::{DISTANCE, Domains, SOURCE, TARGET};
use crate::experiment::Trial;
use crate::failure::Failure;
use crate::lab::tasks::lots::{Lot, Work, labels, share_right};
use crate::lab::tasks::{Training, Watch};
use crate::lab::transfer::work::Transfer;
use crate::report::curves::{CurvePoint, Score};

/// What is learnt, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// Typefaces of lines, drawn and photographed-looking.
    Drawn,
    /// Digits, by the paper's network and settings.
    Paper,
    /// Digits, by Adam and one cycle of the rate.
    Modern,
}

impl Setting {
    /// Those that there are pictures for.
    pub(super) fn of(transfer: &Transfer<'_>) -> Vec<Self> {
        match transfer.work.set.is_some() && !transfer.photographs.is_empty() {
            true => vec![Self::Paper, Self::Modern],
            false => vec![Self::Drawn],
        }
    }

    pub(super) fn is_drawn(self) -> bool {
        self == Self::Drawn
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Drawn => "lines",
            Self::Paper => "digits-paper",
            Self::Modern => "digits",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Drawn => "Lines",
            Self::Paper => "Digits, the paper's SGD",
            Self::Modern => "Digits, Adam",
        }
    }

    /// Passes over the source.
    fn epochs(self) -> usize {
        match self {
            Self::Drawn => 20,
            Self::Paper => 10,
            Self::Modern => 6,
        }
    }

    /// Of each domain.
    fn batch(self) -> usize {
        match self {
            Self::Drawn => 32,
            Self::Paper | Self::Modern => 64,
        }
    }

    /// By what the rate of the network that tells the domains is multiplied: one as fast as the features is left
    /// behind by them.
    fn domain_rate(self) -> f32 {
        match self {
            Self::Paper => 1.0,
            Self::Drawn | Self::Modern => 10.0,
        }
    }

    /// The factor of a distance of features, or of the gradient that is turned round.
    fn factor(self, method: Method) -> f32 {
        match method {
            Method::Covariances => 300.0,
            _ => 1.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Source,
    Adversarial,
    Covariances,
    Means,
    Target,
}

impl Method {
    /// Source only first, with the target's labels last.
    pub(super) const ALL: [Self; 5] = [
        Self::Source,
        Self::Adversarial,
        Self::Covariances,
        Self::Means,
        Self::Target,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Adversarial => "dann",
            Self::Covariances => "coral",
            Self::Means => "mmd",
            Self::Target => "target",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Source => "source only",
            Self::Adversarial => "DANN",
            Self::Covariances => "CORAL",
            Self::Means => "MMD",
            Self::Target => "target's labels",
        }
    }
}

/// What a row is, in sentences.
pub(super) fn about(setting: Setting, method: Method) -> String {
    let network = match setting {
        Setting::Drawn => {
            "Three convolutions of 16, 32 and 48 filters with strides of 2, and 64 features."
        }
        Setting::Paper => {
            "The paper's network for digits: convolutions of 32 and 48 filters of 5 × 5, each pooled; layers of 100 and 100 \
             units tell the digit."
        }
        Setting::Modern => {
            "Convolutions of 32 and 48 filters of 5 × 5 with strides of 2 and 100 features, each with layer normalisation."
        }
    };
    let training = match setting {
        Setting::Paper => "SGD, momentum 0.9, rate 0.01 / (1 + 10 p)^0.75".to_owned(),
        _ => "Adam with betas 0.5 and 0.999, one cycle of the rate up to 0.001".to_owned(),
    };
    let (epochs, batch) = (setting.epochs(), setting.batch());
    let alike = match method {
        Method::Source => "Trained on the source alone.".to_owned(),
        Method::Target => "Trained on the target with its labels.".to_owned(),
        Method::Adversarial => format!(
            "A layer of 100 units tells the domain, at {} times the rate, and its gradient is turned round, times {} (2 / (1 + \
             exp(−10 p)) − 1).",
            setting.domain_rate(),
            setting.factor(method)
        ),
        Method::Covariances | Method::Means => format!(
            "The distance counts {} times as much as the labels in the end, and rises as the factor of DANN.",
            setting.factor(method)
        ),
    };
    format!(
        "{network} {alike} {training}, {epochs} epochs of {batch} pictures of each domain a step; p is the share of the \
         training that is over."
    )
}

/// Features, a classifier and a network that tells the domain.
fn networks(setting: Setting, domains: &Domains) -> [Sequential; 3] {
    let shape = domains.source.inputs().shape()[1..].to_vec();
    let classes = match domains.source.targets() {
        Targets::Classes { count, .. } => *count,
        _ => 1,
    };
    let rectified = |layer: Dense| layer.relu().kernel_initializer(Initializer::HeNormal);
    let convolution = |filters: usize, side: usize| {
        let layer = Conv2d::new(filters, side).relu();
        layer.kernel_initializer(Initializer::HeNormal)
    };
    let strided = |filters: usize| {
        let layer = Conv2d::new(filters, 5).stride(2).same();
        layer.kernel_initializer(Initializer::HeNormal)
    };
    let input = Sequential::new(shape.clone()).add(Rescaling::new(2.0).offset(-1.0));
    let features = match setting {
        Setting::Drawn => input
            .add(convolution(16, 5).stride(2).same())
            .add(convolution(32, 3).stride(2).same())
            .add(convolution(48, 3).stride(2).same())
            .add(MaxPool2d::new([1, 4]))
            .add(Flatten)
            .add(rectified(Dense::new(64))),
        Setting::Paper => input
            .add(convolution(32, 5).valid())
            .add(MaxPool2d::new(2))
            .add(convolution(48, 5).valid())
            .add(MaxPool2d::new(2))
            .add(Flatten),
        Setting::Modern => input
            .add(strided(32))
            .add(LayerNormalization::new().last_axes(3))
            .add(Activation::relu())
            .add(strided(48))
            .add(LayerNormalization::new().last_axes(3))
            .add(Activation::relu())
            .add(Flatten)
            .add(Dense::new(100))
            .add(LayerNormalization::new())
            .add(Activation::relu()),
    };
    let count = match setting {
        Setting::Drawn => 64,
        Setting::Modern => 100,
        Setting::Paper => {
            let pooled = |side: usize| ((side - 4) / 2 - 4) / 2;
            48 * pooled(shape[0]) * pooled(shape[1])
        }
    };
    let mut labels = Sequential::new([count]);
    if setting == Setting::Paper {
        labels = labels
            .add(rectified(Dense::new(100)))
            .add(rectified(Dense::new(100)));
    }
    let domain = Sequential::new([count])
        .add(rectified(Dense::new(100)))
        .add(Dense::new(1));
    [features, labels.add(Dense::new(classes)), domain]
}

/// Initial values, optimizer and threads of a training of so many steps.
fn compile(work: &Work<'_>, setting: Setting, lot: &Lot, steps: u64) -> Compile {
    let compile = match setting {
        Setting::Paper => {
            let rate = InverseTimeDecay::new(0.01, steps, 10.0).power(0.75);
            Compile::new(Sgd::new(rate).momentum(0.9))
        }
        Setting::Drawn | Setting::Modern => {
            Compile::new(Adam::new(OneCycle::new(0.001, steps)).betas(0.5, 0.999))
        }
    };
    compile
        .metric(Accuracy)
        .seed(lot.seed)
        .threads(work.threads())
}

/// A network that learns, whatever by.
enum Learner {
    Plain(Box<Trainer>),
    Both(Box<DomainTrainer>),
}

impl Learner {
    fn new(
        setting: Setting,
        method: Method,
        domains: &Domains,
        steps: u64,
        compile: Compile,
    ) -> Result<Self, Error> {
        let [features, labels, domain] = networks(setting, domains);
        let factor = setting.factor(method);
        let both = match method {
            Method::Source | Method::Target => {
                let plain = Sequential::new(domains.source.inputs().shape()[1..].to_vec())
                    .add(features.named("features"))
                    .add(labels.named("labels"))
                    .add(Activation::linear().named("class"));
                return plain
                    .compile(compile)
                    .map(|plain| Learner::Plain(Box::new(plain)));
            }
            Method::Adversarial => DomainAdversarial::new(features, labels, domain)
                .factor(factor)
                .schedule(10.0, steps)
                .compile(compile.layer_learning_rate_factor("domains", setting.domain_rate())),
            Method::Covariances => DomainDiscrepancy::covariances(features, labels, factor)
                .schedule(10.0, steps)
                .compile(compile),
            Method::Means => DomainDiscrepancy::means(features, labels, factor)
                .schedule(10.0, steps)
                .compile(compile),
        };
        both.map(|both| Learner::Both(Box::new(both)))
    }

    fn network(&self) -> &Network {
        match self {
            Learner::Plain(network) => network,
            Learner::Both(both) => both.network(),
        }
    }

    fn fit(&mut self, method: Method, domains: &Domains, fit: Fit<'_>) -> Result<History, Error> {
        match self {
            Learner::Both(both) => both.fit(&domains.source, &domains.target, fit),
            Learner::Plain(network) => network.fit(
                match method {
                    Method::Target => &domains.target,
                    _ => &domains.source,
                },
                fit,
            ),
        }
    }

    fn steps(&self) -> u64 {
        match self {
            Learner::Plain(network) => network.steps(),
            Learner::Both(both) => both.trainer().steps(),
        }
    }
}

/// The most pictures whose features are compared.
const COMPARED: usize = 300;

/// A training; nothing if the reader asked to stop.
pub(super) fn trial(
    work: &Work<'_>,
    setting: Setting,
    method: Method,
    domains: &Domains,
    lot: &Lot,
) -> Result<Option<Trial>, Failure> {
    let name = format!("{}, {}", setting.title(), method.title());
    let failed = |error: Error| Failure::network(&name, &error);
    let epochs = work.scaled(setting.epochs());
    let samples = domains.source.samples();
    let batch = setting.batch().min(samples);
    let steps = (epochs * (samples / batch)) as u64;
    let compile = compile(work, setting, lot, steps);
    let mut learner = Learner::new(setting, method, domains, steps, compile).map_err(failed)?;
    let mut training = work.training(&name, lot, epochs);
    // On the weights that learn.
    let watched = learner
        .network()
        .subnetwork(&["input"], &["class"])
        .map_err(failed)?;
    let mut curve = Vec::new();
    let fitted = {
        let mut watch = Watch::new(&training);
        let mut measure = LambdaCallback::new().on_epoch_end(|epoch| {
            let accuracy = accuracy(&watched, &domains.target_test).unwrap_or(f64::NAN);
            curve.push(CurvePoint {
                step: epoch.number as u64,
                seconds: f64::NAN,
                train: Score::UNKNOWN,
                test: Score {
                    accuracy,
                    loss: f64::NAN,
                },
            });
        });
        let fit = Fit::epochs(epochs).batch_size(batch);
        learner.fit(
            method,
            domains,
            fit.callback(&mut watch).callback(&mut measure),
        )
    };
    let diverged = match fitted {
        Ok(_) => false,
        Err(Error::Diverged { .. }) => true,
        Err(error) => return Err(failed(error)),
    };
    if training.stopped() {
        return Ok(None);
    }
    let mut trial = lot.trial();
    trial.seconds = training.seconds();
    trial.steps = learner.steps();
    trial.diverged = diverged;
    trial.curve = curve;
    let figures = training
        .apart(|_: &Training<'_>| figures(&learner, domains))
        .map_err(failed)?;
    trial.measured.extend(figures);
    Ok(Some(trial))
}

/// What is measured of a trained network.
fn figures(learner: &Learner, domains: &Domains) -> Result<[(&'static str, f64); 3], Error> {
    let network = learner.network();
    let features = match learner {
        // What the classifier reads.
        Learner::Plain(network) => {
            let layers = network.summary().layers;
            let last = layers
                .iter()
                .rfind(|layer| layer.name.starts_with("features/"));
            let last = last.map(|layer| layer.name.clone()).unwrap_or_default();
            network.subnetwork(&["input"], &[&last])?
        }
        Learner::Both(both) => both.features().clone(),
    };
    let of = |data: &Dataset| {
        let rows: Vec<usize> = (0..data.samples().min(COMPARED)).collect();
        features.predict(&data.inputs().select(&rows))
    };
    Ok([
        (SOURCE, accuracy(network, &domains.source_test)?),
        (TARGET, accuracy(network, &domains.target_test)?),
        (
            DISTANCE,
            maximum_mean_discrepancy(&of(&domains.source_test)?, &of(&domains.target_test)?)?,
        ),
    ])
}

fn accuracy(network: &Network, data: &Dataset) -> Result<f64, Error> {
    Ok(share_right(
        &network.predict_classes(data.inputs())?,
        labels(data),
    ))
}
