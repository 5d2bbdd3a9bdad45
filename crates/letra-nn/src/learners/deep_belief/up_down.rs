//! The up-down algorithm: contrastive wake-sleep.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::generating::{BELOW, first_columns};
use super::{BeliefNetwork, beside, one_hot_labels};
use crate::learners::rbm::{ContrastiveDivergence, Draws, RbmTrainer};
use crate::random::{Domain, Random};
use crate::{Dataset, Error, Tensor};

/// How a belief network is fine-tuned by the up-down algorithm: the settings of
/// [`BeliefNetwork::fine_tune`].
///
/// ```
/// use letra_nn::learners::{ContrastiveDivergence, DeepBelief, RbmFit, UpDown};
/// use letra_nn::prelude::*;
///
/// let bar = |n: usize| (0..16).map(move |i| f32::from(u8::from(i / 4 == n % 4)));
/// let bars = Tensor::new([64, 16], (0..64).flat_map(bar).collect())?;
/// let data = Dataset::classes(bars, (0..64).map(|n| n % 4).collect(), 4)?;
/// let belief = DeepBelief::new([16, 12, 24]).labels(4);
/// let settings = ContrastiveDivergence::new(0.1).momentum(0.5).seed(1);
/// let mut belief = belief.pretrain(&data, &[settings], RbmFit::epochs(40).batch_size(8))?;
/// belief.fine_tune(&data, &UpDown::new(0.05).epochs(10).batch_size(8))?;
/// let classes = belief.predict_classes(data.inputs())?;
/// let right = classes.iter().enumerate().filter(|(n, class)| *n as u32 % 4 == **class).count();
/// assert!(right > 60, "{right}");
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpDown {
    learning_rate: f32,
    steps: usize,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    #[serde(skip)]
    checkpoint: Option<PathBuf>,
    #[serde(skip)]
    resume: Option<PathBuf>,
}

/// How far a fine-tuning is, and on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    settings: UpDown,
    samples: usize,
    pub(super) epochs: usize,
}

impl Progress {
    /// Whether a training goes on with what it was begun with; it may be asked for more epochs.
    pub(super) fn is_on_the_same(&self, other: &Progress) -> bool {
        let settings = self.settings.clone().epochs(other.settings.epochs);
        (settings, self.samples) == (other.settings.clone(), other.samples)
    }
}

impl UpDown {
    /// One pass at a rate, with batches of 32 and one step of Gibbs sampling in the last machine.
    pub fn new(learning_rate: f32) -> Self {
        UpDown {
            learning_rate,
            steps: 1,
            epochs: 1,
            batch_size: 32,
            seed: 0,
            checkpoint: None,
            resume: None,
        }
    }

    settings! {
        /// Steps of Gibbs sampling in the last machine: the paper has 3, then 6, then 10.
        steps: usize,
        /// Passes over the data.
        epochs: usize,
        /// Samples in a batch, at least 1.
        batch_size: usize,
        /// Seed of the samples' order and of all states.
        seed: u64,
    }

    /// Writes all that the fine-tuning needs to go on to a file after each epoch; the file is there whole or
    /// not at all.
    pub fn checkpoint(mut self, path: impl AsRef<Path>) -> Self {
        self.checkpoint = Some(path.as_ref().to_path_buf());
        self
    }

    /// Goes on from such a file, if it is there: the network becomes that of the file, and the result has the
    /// bits of a fine-tuning that was never stopped.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Self {
        self.resume = Some(path.as_ref().to_path_buf());
        self
    }
}

/// What is told of each epoch.
type Watch<'a> = dyn FnMut(usize, &BeliefNetwork) -> Result<ControlFlow<()>, Error> + 'a;

impl BeliefNetwork {
    /// Fine-tunes all layers by the up-down algorithm, a contrastive version of wake-sleep (Hinton, Osindero
    /// and Teh 2006, section 5 and appendix B). Of each batch:
    ///
    /// - *up*: states are drawn upwards by the recognition weights; each generative layer learns to give the
    ///   states below it from those above it, ΔW = rate ⟨h (v − p)⟩;
    /// - the last machine learns by contrastive divergence, with the labels of the data, where it has label
    ///   units;
    /// - *down*: from where its chains end, states are drawn downwards by the generative weights; each
    ///   recognition layer learns to give the states above it from those below it, ΔR = rate ⟨v (h − q)⟩.
    ///
    /// # Errors
    /// When a setting is out of its range, the data is empty, such as the visible units cannot have, or
    /// without the classes that label units are for, the weights are no longer numbers, a file cannot be
    /// written or read, or is of another network, other settings or data.
    pub fn fine_tune(&mut self, data: &Dataset, settings: &UpDown) -> Result<(), Error> {
        self.fine_tune_watched(data, settings, &mut |_, _| Ok(ControlFlow::Continue(())))
    }

    /// As [`BeliefNetwork::fine_tune`]; after each epoch `watch` is told of its number, from 1, and of the
    /// network as it is then, and may end it.
    ///
    /// # Errors
    /// As [`BeliefNetwork::fine_tune`]; whatever `watch` fails with.
    pub fn fine_tune_watched(
        &mut self,
        data: &Dataset,
        settings: &UpDown,
        watch: &mut Watch<'_>,
    ) -> Result<(), Error> {
        if settings.batch_size == 0 || data.samples() == 0 {
            return Err(Error::configuration("a batch has 0 samples").with_hint("take at least 1"));
        }
        let labels = match self.label_units() {
            0 => None,
            classes => Some(one_hot_labels(data, classes)?),
        };
        let lowest = self
            .layers
            .first()
            .map_or(&self.top, |layer| &layer.recognition);
        if self.layers.is_empty() && labels.is_some() {
            lowest.definition().check_data(&beside(
                data.inputs(),
                labels.as_ref().unwrap_or(data.inputs()),
            )?)?;
        } else {
            lowest.definition().check_data(data.inputs())?;
        }
        let divergence = ContrastiveDivergence::new(settings.learning_rate)
            .steps(settings.steps)
            .seed(settings.seed);
        let own = UpDown {
            checkpoint: None,
            resume: None,
            ..settings.clone()
        };
        let mut progress = Progress {
            settings: own,
            samples: data.samples(),
            epochs: 0,
        };
        if let Some(path) = settings.resume.as_deref().filter(|path| path.exists()) {
            progress.epochs = self.resume(path, &progress)?;
        }
        let batches = data.samples().div_ceil(settings.batch_size) as u64;
        let mut trainer = self.top.clone().compile(divergence)?;
        trainer = trainer.at_step(progress.epochs as u64 * batches);
        for epoch in progress.epochs..settings.epochs {
            let random = Random::new(settings.seed, Domain::Shuffle, 1, epoch as u64);
            let order = random.permutation(data.samples());
            for rows in order.chunks(settings.batch_size) {
                let inputs = data.inputs().select(rows);
                let labels = labels.as_ref().map(|labels| labels.select(rows));
                self.step(&mut trainer, settings, &inputs, labels.as_ref())?;
            }
            self.top = trainer.machine().clone();
            if let Some(path) = &settings.checkpoint {
                progress.epochs = epoch + 1;
                self.write_checkpoint(path, &progress)?;
            }
            if watch(epoch + 1, self)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// One batch.
    fn step(
        &mut self,
        trainer: &mut RbmTrainer,
        settings: &UpDown,
        inputs: &Tensor,
        labels: Option<&Tensor>,
    ) -> Result<(), Error> {
        let rate = settings.learning_rate;
        let draws = |transition: usize| Draws {
            seed: settings.seed,
            step: trainer.taken_steps(),
            transition: BELOW + transition,
        };
        let depth = self.layers.len();
        let (up_draws, down_draws): (Vec<Draws>, Vec<Draws>) = (0..depth)
            .map(|place| (draws(place), draws(depth + place)))
            .unzip();

        let mut below = inputs
            .clone()
            .reshape([inputs.samples(), inputs.sample_values()])?;
        for (layer, draws) in self.layers.iter_mut().zip(up_draws) {
            let (_, states) = layer.recognition.drawn_above(draws, &below);
            let predicted = layer.generative.expected_below(&states);
            layer
                .generative
                .learn_below(rate, &states, &below, &predicted);
            below = states;
        }
        let units = below.sample_values();
        let seen = match labels {
            Some(labels) => beside(&below, labels)?,
            None => below,
        };
        trainer.train_on_batch(&seen)?;

        let mut above = first_columns(&trainer.chain_ends(), units)?;
        for (place, (layer, draws)) in self.layers.iter_mut().zip(down_draws).enumerate().rev() {
            let (expected, states) = layer.generative.drawn_below(draws, &above);
            // The visible units are not drawn.
            let below = if place == 0 { expected } else { states };
            let predicted = layer.recognition.transform(&below)?;
            layer
                .recognition
                .learn_above(rate, &below, &above, &predicted);
            above = below;
        }
        let machines = self
            .layers
            .iter()
            .flat_map(|layer| [&layer.generative, &layer.recognition]);
        match machines.into_iter().all(|machine| machine.is_finite()) {
            true => Ok(()),
            false => Err(Error::NotFinite {
                loss: f64::NAN,
                step: trainer.taken_steps(),
                place: "a weight of the belief network is not finite".into(),
            }),
        }
    }
}
