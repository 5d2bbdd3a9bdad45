//! Classifiers of one domain that shall work in another, whose samples have no labels.

mod networks;
mod pairs;
mod trainer;

pub use trainer::DomainTrainer;

use crate::Error;
use crate::layers::{CoralPenalty, MeanDiscrepancyPenalty};
use crate::network::IntoPart;
use crate::training::Compile;
use networks::{Joined, Side};

/// A classifier whose features hide which domain a sample is of: it learns from samples with labels of a source,
/// and from samples without of a target, and shall work in the target (Ganin, Ustinova, Ajakan, Germain,
/// Larochelle, Laviolette, Marchand and Lempitsky 2016, "Domain-adversarial training of neural networks").
///
/// Three networks: `features` makes features of a sample, `labels` tells the class by them, and `domains` tells
/// whether they come from the source, one value without a function after it. The last two learn to do so; the
/// first learns to serve `labels` and, through a [`GradientReversal`](crate::layers::GradientReversal), to leave
/// `domains` in the dark. The loss is that of the labels plus the cross-entropy of the domains, the mean over
/// both (their eq. 9).
///
/// Theirs are, besides: a momentum of 0.9, a rate that falls with 1 / (1 + 10 *p*)^0.75 over the training, which is
/// [`InverseTimeDecay::power`](crate::schedules::InverseTimeDecay::power), and a factor that rises
/// ([`schedule`](Self::schedule)).
///
/// ```
/// use letra_nn::learners::DomainAdversarial;
/// use letra_nn::prelude::*;
/// use letra_nn::schedules::InverseTimeDecay;
///
/// let source = letra_nn::datasets::rectangles(64, 1)?; // white on black
/// let dim = source.inputs().data().iter().map(|value| 0.3 + 0.2 * value);
/// let target = Dataset::unlabelled(Tensor::new([64, 28, 28, 1], dim.collect())?)?;
///
/// let features = Sequential::new([28, 28, 1]).add(Flatten).add(Dense::new(32).relu());
/// let labels = Sequential::new([32]).add(Dense::new(2));
/// let domains = Sequential::new([32]).add(Dense::new(16).relu()).add(Dense::new(1));
///
/// let epochs = 3;
/// let steps = 64 / 16 * epochs;
/// let rate = InverseTimeDecay::new(0.01, steps, 10.0).power(0.75);
/// let mut adapted = DomainAdversarial::new(features, labels, domains)
///     .schedule(10.0, steps)
///     .compile(Compile::new(Sgd::new(rate).momentum(0.9)).metric(Accuracy).seed(1))?;
/// let history = adapted.fit(&source, &target, Fit::epochs(epochs as usize).batch_size(16))?;
/// assert!(history.last().unwrap().get("source_domain_loss").is_some());
/// let classes = adapted.network().predict_classes(target.inputs())?;
/// assert_eq!(classes.len(), 64);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct DomainAdversarial {
    joined: Joined,
    domains: Result<Side, Error>,
    factor: f32,
    schedule: Option<(f32, u64)>,
}

impl DomainAdversarial {
    /// Of these networks, a [`Sequential`](crate::Sequential), a [`Model`](crate::Model) or a
    /// [`Network`](crate::Network) each, such as a trained base; λ is 1 from the start. What is wrong with them is
    /// said when it is compiled.
    pub fn new(features: impl IntoPart, labels: impl IntoPart, domains: impl IntoPart) -> Self {
        DomainAdversarial {
            joined: Joined::new(features, labels),
            domains: Side::of_domains(domains),
            factor: 1.0,
            schedule: None,
        }
    }

    /// The factor λ of the gradient that is turned round, 0 or more; 1 at first. With 0, features learn from the
    /// source alone, and `domains` says how well they tell where a sample comes from.
    pub fn factor(mut self, factor: f32) -> Self {
        self.factor = factor;
        self
    }

    /// Lets λ rise from 0: times 2 / (1 + exp(−`gamma` *p*)) − 1, with *p* the share of `steps` steps that have been
    /// taken (their section 5.2.2, where γ is 10, and the steps are all of the training).
    pub fn schedule(mut self, gamma: f32, steps: u64) -> Self {
        self.schedule = Some((gamma, steps));
        self
    }

    /// Checks the networks and the settings and makes them ready to learn. Loss and metrics are about the
    /// labels; those of the domains are there besides.
    ///
    /// # Errors
    /// When a network cannot be built, they do not fit each other, or a setting is out of its range.
    pub fn compile(self, compile: Compile) -> Result<DomainTrainer, Error> {
        let reversal = crate::layers::GradientReversal::new(self.factor);
        let reversal = match self.schedule {
            None => reversal,
            Some((gamma, steps)) => reversal.schedule(gamma, steps),
        };
        self.joined.adversarial(reversal, self.domains?, compile)
    }
}

/// A classifier whose features have the same statistics in two domains: it learns from samples with labels of a
/// source, and from samples without of a target, and shall work in the target.
///
/// As [`DomainAdversarial`], with a distance of both sets of features over a batch in place of a network that
/// tells them apart: that of their covariances, or of their means in the space of kernels.
///
/// ```
/// use letra_nn::learners::DomainDiscrepancy;
/// use letra_nn::prelude::*;
///
/// let source = letra_nn::datasets::rectangles(64, 1)?; // white on black
/// let dim = source.inputs().data().iter().map(|value| 0.3 + 0.2 * value);
/// let target = Dataset::unlabelled(Tensor::new([64, 28, 28, 1], dim.collect())?)?;
///
/// let features = Sequential::new([28, 28, 1]).add(Flatten).add(Dense::new(32).relu());
/// let labels = Sequential::new([32]).add(Dense::new(2));
/// let mut adapted = DomainDiscrepancy::means(features, labels, 1.0)
///     .compile(Compile::new(Adam::new(0.001)).metric(Accuracy).seed(1))?;
/// adapted.fit(&source, &target, Fit::epochs(3).batch_size(16))?;
/// let classes = adapted.network().predict_classes(target.inputs())?;
/// assert_eq!(classes.len(), 64);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct DomainDiscrepancy {
    joined: Joined,
    measure: Penalty,
    schedule: Option<(f32, u64)>,
}

#[derive(Debug)]
enum Penalty {
    Covariances(f32),
    Means(f32),
}

impl DomainDiscrepancy {
    /// By the covariances of `features`, [`CoralPenalty`] with the factor λ (Sun and Saenko 2016, "Deep CORAL", who choose it so that
    /// both losses are about as large in the end).
    pub fn covariances(features: impl IntoPart, labels: impl IntoPart, factor: f32) -> Self {
        DomainDiscrepancy {
            joined: Joined::new(features, labels),
            measure: Penalty::Covariances(factor),
            schedule: None,
        }
    }

    /// By the means of `features` in the space of kernels, [`MeanDiscrepancyPenalty`] with the factor λ (Gretton et
    /// al. 2012; Long et al. 2015).
    pub fn means(features: impl IntoPart, labels: impl IntoPart, factor: f32) -> Self {
        DomainDiscrepancy {
            joined: Joined::new(features, labels),
            measure: Penalty::Means(factor),
            schedule: None,
        }
    }

    /// Lets λ rise from 0, as [`DomainAdversarial::schedule`] does.
    pub fn schedule(mut self, gamma: f32, steps: u64) -> Self {
        self.schedule = Some((gamma, steps));
        self
    }

    /// Checks the networks and the settings and makes them ready to learn. Loss and metrics are about the
    /// labels.
    ///
    /// # Errors
    /// When a network cannot be built, they do not fit each other, or a setting is out of its range.
    pub fn compile(self, compile: Compile) -> Result<DomainTrainer, Error> {
        match self.measure {
            Penalty::Covariances(factor) => {
                let penalty = CoralPenalty::new(factor);
                let penalty = match self.schedule {
                    None => penalty,
                    Some((gamma, steps)) => penalty.schedule(gamma, steps),
                };
                self.joined.discrepancy(penalty, compile)
            }
            Penalty::Means(factor) => {
                let penalty = MeanDiscrepancyPenalty::new(factor);
                let penalty = match self.schedule {
                    None => penalty,
                    Some((gamma, steps)) => penalty.schedule(gamma, steps),
                };
                self.joined.discrepancy(penalty, compile)
            }
        }
    }
}
