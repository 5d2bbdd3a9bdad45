//! Greedy pre-training, machine by machine.

use super::{BeliefNetwork, DeepBelief, Directed, beside, one_hot_labels};
use crate::learners::rbm::{BoltzmannMachine, ContrastiveDivergence, Examples, RbmFit};
use crate::{Dataset, Error, Source};

/// What the seeds of neighbouring machines differ by (Steele, Lea and Flood 2014).
const SEEDS_APART: u64 = 0x9e37_79b9_7f4a_7c15;

impl DeepBelief {
    /// Teaches the machines, the lowest first, each on the probabilities that those below it give its
    /// visible units (Hinton, Osindero and Teh 2006, section 4). `settings` has one for all machines, or one
    /// for each; the threads or workers of the first count, and a machine's seed follows from its settings'
    /// and its place. `fit` is how long each learns; callbacks are told of each machine in turn.
    ///
    /// [`RbmFit::checkpoint`] writes a file for each machine, its number at the end of the name, and
    /// [`RbmFit::resume`] goes on from them: the result has the bits of a training that was never stopped.
    /// Only a machine that a callback ended early, with no file above it yet, learns on.
    ///
    /// With [label units](DeepBelief::labels) the examples are a [`Dataset`] of as many classes, or a source
    /// of such. A [`Source`] is asked for its batches from step 0 on for each machine.
    ///
    /// # Errors
    /// As [`Rbm::compile`](crate::learners::Rbm::compile) and
    /// [`RbmTrainer::fit`](crate::learners::RbmTrainer::fit); there are fewer than two layers, or neither one
    /// nor as many settings as machines; `fit` has validation data, which is of one machine.
    pub fn pretrain<'e>(
        &self,
        examples: impl Into<Examples<'e>>,
        settings: &[ContrastiveDivergence],
        fit: RbmFit<'_>,
    ) -> Result<BeliefNetwork, Error> {
        let machines = self.machines()?;
        if settings.len() != 1 && settings.len() != machines.len() {
            return Err(Error::configuration(format!(
                "{} settings for the {} machines of a belief network",
                settings.len(),
                machines.len()
            ))
            .with_hint("give one for all, or one for each"));
        }
        if fit.wants_validation() {
            return Err(Error::configuration(
                "validation data is of one machine, not of a whole network",
            )
            .with_hint("watch with a callback"));
        }
        let (mut examples, mut fit) = (examples.into(), fit);
        let workers = settings[0].wanted_workers()?;
        let mut learnt: Vec<BoltzmannMachine> = Vec::new();
        let mut features = None;
        let last = machines.len() - 1;
        for (place, rbm) in machines.into_iter().enumerate() {
            let settings = &settings[place.min(settings.len() - 1)];
            let seed = settings.seed_of_weights();
            let seed = seed.wrapping_add(SEEDS_APART.wrapping_mul(place as u64));
            let machine = rbm.build_on(seed, workers.clone())?;
            let mut trainer = machine.compile(settings.clone().seed(seed))?;
            let labels = if place == last { self.labels } else { 0 };
            match &mut examples {
                Examples::Source(source) => {
                    let mut source = Lifted {
                        source: &mut **source,
                        machines: &learnt,
                        labels,
                    };
                    trainer.fit(&mut source, fit.of_layer(place))?;
                }
                known => {
                    let data = known
                        .inputs()
                        .unwrap_or_else(|| unreachable!("a source is no data"));
                    let below = features.as_ref().unwrap_or(data);
                    match (labels, known.dataset()) {
                        (0, _) => trainer.fit(below, fit.of_layer(place))?,
                        (labels, Some(dataset)) => {
                            let labels = one_hot_labels(dataset, labels)?;
                            trainer.fit(&beside(below, &labels)?, fit.of_layer(place))?
                        }
                        (_, None) => {
                            return Err(Error::data(
                                "the belief network has label units, but the data has no labels",
                            )
                            .with_hint("give a Dataset of classes"));
                        }
                    };
                    if place < last {
                        features = Some(trainer.transform(below)?);
                    }
                }
            }
            learnt.push(trainer.into_machine());
        }
        let top = learnt
            .pop()
            .unwrap_or_else(|| unreachable!("there is a machine"));
        let layers = learnt.into_iter().map(|machine| Directed {
            generative: machine.clone(),
            recognition: machine,
        });
        Ok(BeliefNetwork {
            layers: layers.collect(),
            top,
            workers,
        })
    }
}

/// The batches of a source as a machine above others sees them.
struct Lifted<'a> {
    source: &'a mut dyn Source,
    machines: &'a [BoltzmannMachine],
    labels: usize,
}

impl Source for Lifted<'_> {
    fn steps(&self, epoch: usize) -> usize {
        self.source.steps(epoch)
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        let Some(batch) = self.source.batch(step)? else {
            return match self.machines.len() {
                0 => Ok(None),
                below => Err(Error::data(format!(
                    "the source cannot be read again: it has no batch for step {step} of machine {below}, after those below had theirs"
                ))
                .with_hint("let it give a batch whenever a step is asked for, or put its samples into a Dataset")),
            };
        };
        let mut features = batch.inputs().clone();
        for machine in self.machines {
            features = machine.transform(&features)?;
        }
        if self.labels > 0 {
            features = beside(&features, &one_hot_labels(&batch, self.labels)?)?;
        }
        batch.with_inputs(features).map(Some)
    }
}
