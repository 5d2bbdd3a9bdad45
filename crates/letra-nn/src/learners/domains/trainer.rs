use super::pairs::Pairs;
use crate::training::{Fit, History, Scores};
use crate::{Dataset, Error, Network, Tensor, Trainer};

/// A classifier that learns from two domains: [`DomainAdversarial`](super::DomainAdversarial) or
/// [`DomainDiscrepancy`](super::DomainDiscrepancy), compiled.
///
/// [`network`](Self::network) is the classifier, to ask, look into and save, on the weights that learn; its layers'
/// names begin with "features/" and "labels/".
///
/// ```
/// use letra_nn::learners::DomainDiscrepancy;
/// use letra_nn::prelude::*;
///
/// let points = |by: f32| (0..32).map(move |i| (i % 8) as f32 - 3.5 + by);
/// let labels = points(0.0).map(|x| u32::from(x > 0.0)).collect();
/// let source = Dataset::classes(Tensor::new([32, 1], points(0.0).collect())?, labels, 2)?;
/// let target = Tensor::new([32, 1], points(0.3).collect())?;
///
/// let features = Sequential::new([1]).add(Dense::new(8).tanh());
/// let labels = Sequential::new([8]).add(Dense::new(2));
/// let mut adapted = DomainDiscrepancy::covariances(features, labels, 1.0)
///     .compile(Compile::new(Adam::new(0.02)).metric(Accuracy).seed(1))?;
/// let history = adapted.fit(&source, &Dataset::unlabelled(target)?, Fit::epochs(30).batch_size(16))?;
/// assert_eq!(history.epochs().len(), 30);
/// assert!(adapted.evaluate(&source)?.metric("accuracy") > Some(0.9));
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct DomainTrainer {
    learner: Trainer,
    /// The classifier, by which it is evaluated.
    answering: Trainer,
    features: Network,
}

impl DomainTrainer {
    pub(super) fn new(learner: Trainer, answering: Trainer, features: Network) -> Self {
        DomainTrainer {
            learner,
            answering,
            features,
        }
    }

    /// The classifier as it is now, on the weights that learn.
    pub fn network(&self) -> &Network {
        &self.answering
    }

    /// The features as they are now, on the weights that learn.
    pub fn features(&self) -> &Network {
        &self.features
    }

    /// All of it as it learns: a network of two inputs, a sample of each domain.
    pub fn trainer(&self) -> &Trainer {
        &self.learner
    }

    /// Learns from samples of the source with their labels and from those of the target, whose targets have no
    /// say. A batch has [`Fit::batch_size`] samples of each, 32 unless told otherwise, and is full: an epoch has
    /// as many batches as the source fills, and each domain goes on in one random order of all its samples
    /// after the other. A training that is resumed from a [`Checkpoint`](crate::training::Checkpoint) has the
    /// bits of one that was not stopped.
    ///
    /// In the history, "loss" is all that is made small. Of an adversarial training, "class_loss",
    /// "source_domain_loss", "target_domain_loss", with the metrics of the labels and how many samples are told
    /// to be of their domain stand beside it: where domains cannot be told, both losses are log 2 = 0.693.
    ///
    /// # Errors
    /// When the domains' samples have unlike shapes, or other than the networks', and all that
    /// [`Trainer::fit`] gives one for.
    pub fn fit(
        &mut self,
        source: &Dataset,
        target: &Dataset,
        mut fit: Fit<'_>,
    ) -> Result<History, Error> {
        self.check(source, target)?;
        let batch = fit.take_batch_size();
        let tells_domains = self.learner.output_shapes().len() > 1;
        let seed = self.learner.seed();
        let mut pairs = Pairs::new(source, target.inputs(), batch, seed, tells_domains);
        if pairs.batch_size() < 2 {
            return Err(Error::configuration(format!(
                "a batch has {} samples of each domain",
                pairs.batch_size()
            ))
            .with_hint("take at least 2: one says nothing of how a domain varies"));
        }
        self.learner.fit(&mut pairs, fit)
    }

    /// Loss and metrics of the classifier over samples with labels, of either domain.
    ///
    /// # Errors
    /// As [`Trainer::evaluate`].
    pub fn evaluate(&mut self, data: &Dataset) -> Result<Scores, Error> {
        self.learner.swap_first_objective(&mut self.answering);
        let scores = self.answering.evaluate(data);
        self.learner.swap_first_objective(&mut self.answering);
        scores
    }

    fn check(&self, source: &Dataset, target: &Dataset) -> Result<(), Error> {
        for (name, data) in [("source", source), ("target", target)] {
            let inputs = data.all_inputs().count();
            if inputs != 1 {
                return Err(Error::data(format!("the {name} has {inputs} inputs"))
                    .with_hint("give it one: the samples"));
            }
            if data.samples() == 0 {
                return Err(Error::data(format!("the {name} has no samples"))
                    .with_hint("give at least two"));
            }
        }
        if source.all_targets().count() != 1 {
            return Err(Error::data("the source has targets of several outputs")
                .with_hint("give it labels alone"));
        }
        let shape = |samples: &Tensor| samples.shape().get(1..).unwrap_or_default().to_vec();
        let (first, second) = (shape(source.inputs()), shape(target.inputs()));
        if first != second {
            let message = format!(
                "samples of the source have shape {first:?} and those of the target {second:?}"
            );
            return Err(Error::shape(&first, &second, message)
                .with_hint("bring the samples of both domains to one shape"));
        }
        let wanted = &self.answering.input_shapes()[0];
        match first == wanted.sizes() {
            true => Ok(()),
            false => {
                let message =
                    format!("the network of features takes {wanted} but a sample is {first:?}");
                Err(Error::shape(wanted.sizes(), &first, message)
                    .with_hint("give samples of the shape that it takes"))
            }
        }
    }
}

impl std::fmt::Debug for DomainTrainer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DomainTrainer")
            .field("takes", &self.answering.input_shapes())
            .field("gives", &self.answering.output_shapes())
            .field("steps", &self.learner.steps())
            .finish_non_exhaustive()
    }
}
