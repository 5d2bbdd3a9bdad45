//! The state of an adversarial training in one file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::information::INFORMATION;
use super::trainer::Snapshot;
use super::{AdversarialTrainer, Settings};
use crate::buffer::Buffer;
use crate::graph::WeightSpecification;
use crate::learners::file::{Contents, Entry, write};
use crate::training::History;
use crate::{Error, Network, Trainer};

/// Version of the description's form.
const FORMAT: u32 = 1;

/// What a file tells of its tensors.
#[derive(Serialize, Deserialize)]
struct Description {
    learner: String,
    format: u32,
    settings: Settings,
    seed: u64,
    /// Generator and discriminator, as text.
    networks: [String; 2],
    optimizers: [serde_json::Value; 2],
    progress: Progress,
}

/// How far a training is, and on what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Samples of a batch, and of the data; 0 where they come from a source.
    pub(super) batch: usize,
    pub(super) samples: usize,
    pub(super) shuffle: bool,
    /// Of the discriminator and of the generator.
    pub(super) steps: [u64; 2],
    pub(super) history: History,
}

impl Progress {
    fn is_on_the_same(&self, other: &Progress) -> bool {
        (self.batch, self.samples, self.shuffle) == (other.batch, other.samples, other.shuffle)
    }
}

/// Name in the file of an array of an optimizer.
fn slot_name(side: &str, slot: &str) -> String {
    format!("training/{side}/{slot}")
}

const AVERAGE: &str = "training/average/";
const SIDES: [&str; 2] = ["generator", "discriminator"];

impl AdversarialTrainer {
    fn learners(&self) -> [&Trainer; 2] {
        [&self.generator_learner, &self.discriminator_learner]
    }

    /// The weights of both networks, and of the head that predicts codes.
    fn all_weights(&self) -> impl Iterator<Item = &WeightSpecification> {
        let both = [self.generator(), self.discriminator()].into_iter();
        let head = self.information().into_iter();
        let head = head.flat_map(|network| &network.ops().weights);
        both.flat_map(|network| &network.ops().weights)
            .chain(head.filter(|known| known.name.starts_with(INFORMATION)))
    }

    fn description(&self, progress: &Progress) -> Description {
        Description {
            learner: "adversarial".into(),
            format: FORMAT,
            settings: self.settings.clone(),
            seed: self.seed,
            networks: [self.generator(), self.discriminator()].map(Network::architecture),
            optimizers: self.learners().map(Trainer::optimizer_settings),
            progress: progress.clone(),
        }
    }

    /// Writes all that the training needs to go on.
    pub(super) fn write_checkpoint(&self, path: &Path, progress: &Progress) -> Result<(), Error> {
        let weights = self.generator().weights().now();
        let averaged = self
            .averaged
            .as_ref()
            .map(|network| network.weights().now());
        let mut entries = Vec::new();
        for known in self.all_weights() {
            entries.push(Entry::new(
                &known.name,
                &known.shape,
                weights.of(known.range()),
            ));
        }
        for known in &self.generator().ops().weights {
            if let Some(averaged) = &averaged {
                let name = format!("{AVERAGE}{}", known.name);
                entries.push(Entry::new(name, &known.shape, averaged.of(known.range())));
            }
        }
        for (side, learner) in SIDES.iter().zip(self.learners()) {
            for (slot, values) in learner.optimizer_state() {
                entries.push(Entry::new(slot_name(side, slot), &[values.len()], values));
            }
        }
        write(path, &json!(self.description(progress)), &entries)
    }

    /// Brings both to where a checkpoint left them; gives the history until then.
    pub(super) fn resume(&mut self, path: &Path, wanted: &Progress) -> Result<History, Error> {
        let mut contents = Contents::read(path)?;
        let known: Description = contents.description()?;
        if known.learner != "adversarial" || known.format != FORMAT {
            return Err(Error::file(
                path,
                format!(
                    "it holds a \"{}\" of format {}",
                    known.learner, known.format
                ),
            )
            .with_hint("resume from what AdversarialFit::checkpoint of this version wrote"));
        }
        let own = self.description(wanted);
        let same = known.networks == own.networks
            && known.optimizers == own.optimizers
            && (&known.settings, known.seed) == (&own.settings, own.seed)
            && known.progress.is_on_the_same(wanted);
        if !same {
            return Err(Error::file(
                path,
                "a training with other networks, settings, optimizers, batches or data",
            )
            .with_hint("resume with what it was begun with"));
        }
        // All is read before any of it counts.
        let mut snapshot = self.snapshot();
        take(&mut contents, self.all_weights(), "", &mut snapshot.weights)?;
        if let Some(averaged) = &mut snapshot.averaged {
            let weights = &self.generator().ops().weights;
            take(&mut contents, weights, AVERAGE, averaged)?;
        }
        self.take_slots(&mut contents, &mut snapshot)?;
        contents.finish()?;
        let [discriminator, generator] = known.progress.steps;
        snapshot.optimizers[0].1 = generator;
        snapshot.optimizers[1].1 = discriminator;
        self.restore(snapshot);
        Ok(known.progress.history)
    }

    fn take_slots(
        &self,
        contents: &mut Contents<'_>,
        snapshot: &mut Snapshot,
    ) -> Result<(), Error> {
        let learners = SIDES.iter().zip(self.learners());
        for ((side, learner), (slots, _)) in learners.zip(&mut snapshot.optimizers) {
            for ((slot, _), values) in learner.optimizer_state().zip(slots) {
                let length = values.len();
                contents.take(&slot_name(side, slot), &[length], values)?;
            }
        }
        Ok(())
    }
}

/// Reads weights to their places.
fn take<'w>(
    contents: &mut Contents<'_>,
    weights: impl IntoIterator<Item = &'w WeightSpecification>,
    prefix: &str,
    all: &mut Buffer,
) -> Result<(), Error> {
    for known in weights {
        let name = format!("{prefix}{}", known.name);
        contents.take(&name, &known.shape, &mut all[known.range()])?;
    }
    Ok(())
}
