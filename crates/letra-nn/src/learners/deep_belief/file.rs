//! Belief networks as files.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::up_down::Progress;
use super::{BeliefNetwork, Directed};
use crate::learners::file::{Contents, Entry, write};
use crate::learners::rbm::{BoltzmannMachine, Rbm};
use crate::{Error, Workers};

/// Version of the description's form.
const FORMAT: u32 = 1;
const LEARNER: &str = "deep_belief";

#[derive(Serialize, Deserialize)]
struct Description {
    learner: String,
    format: u32,
    layers: Vec<Rbm>,
    top: Rbm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    training: Option<Progress>,
}

impl BeliefNetwork {
    /// Writes the network to one safetensors file; the file is there whole or not at all. Loading gives the
    /// same bits back.
    ///
    /// # Errors
    /// When the file cannot be written, or a weight is no longer a number.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write(
            path.as_ref(),
            &json!(self.description(None)),
            &self.entries(),
        )
    }

    /// Writes all that a fine-tuning needs to go on.
    pub(super) fn write_checkpoint(&self, path: &Path, progress: &Progress) -> Result<(), Error> {
        let description = self.description(Some(progress.clone()));
        write(path, &json!(description), &self.entries())
    }

    /// Becomes the network that a checkpoint left; gives the epochs until then.
    pub(super) fn resume(&mut self, path: &Path, wanted: &Progress) -> Result<usize, Error> {
        let contents = Contents::read(path)?;
        let description: Description = contents.description()?;
        let Some(progress) = &description.training else {
            return Err(
                Error::file(path, "a belief network, not a fine-tuning that could go on")
                    .with_hint("resume from what UpDown::checkpoint wrote"),
            );
        };
        let own = self.description(None);
        let same = (&description.layers, &description.top) == (&own.layers, &own.top);
        if !same || !progress.is_on_the_same(wanted) {
            return Err(
                Error::file(path, "a fine-tuning with other units, settings or data")
                    .with_hint("resume with what it was begun with"),
            );
        }
        *self = Self::load_on(path, self.workers.clone())?;
        Ok(progress.epochs)
    }

    fn description(&self, training: Option<Progress>) -> Description {
        let layers = self.layers.iter();
        Description {
            learner: LEARNER.into(),
            format: FORMAT,
            layers: layers
                .map(|layer| layer.generative.definition().clone())
                .collect(),
            top: self.top.definition().clone(),
            training,
        }
    }

    /// The parameters of all machines.
    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = self.top.entries("top/");
        for (place, layer) in self.layers.iter().enumerate() {
            entries.extend(
                layer
                    .generative
                    .entries(&format!("layers/{place}/generative/")),
            );
            entries.extend(
                layer
                    .recognition
                    .entries(&format!("layers/{place}/recognition/")),
            );
        }
        entries
    }

    /// Reads a network, or that of a checkpoint, from such a file. It works on a thread a core.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold a whole belief network.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_on(path, Workers::new(0)?)
    }

    /// As [`BeliefNetwork::load`], on workers that are there.
    ///
    /// # Errors
    /// As [`BeliefNetwork::load`].
    pub fn load_on(path: impl AsRef<Path>, workers: Workers) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut contents = Contents::read(path)?;
        let description: Description = contents.description()?;
        if description.learner != LEARNER || description.format != FORMAT {
            return Err(Error::file(
                path,
                format!(
                    "it holds a \"{}\" of format {}",
                    description.learner, description.format
                ),
            )
            .with_hint("read it with the type and version that wrote it"));
        }
        let machines = description.layers.iter().chain([&description.top]);
        let machines: Vec<&Rbm> = machines.collect();
        if !machines.windows(2).all(|pair| pair[0].feeds(pair[1])) {
            return Err(Error::file(path, "its layers do not fit one another")
                .with_hint("choose a file that letra saved"));
        }
        let mut layers = Vec::new();
        for (place, rbm) in description.layers.iter().enumerate() {
            let mut take = |which: &str| {
                let prefix = format!("layers/{place}/{which}/");
                BoltzmannMachine::take(rbm.clone(), &mut contents, &prefix, workers.clone())
            };
            layers.push(Directed {
                generative: take("generative")?,
                recognition: take("recognition")?,
            });
        }
        let top = BoltzmannMachine::take(description.top, &mut contents, "top/", workers.clone())?;
        contents.finish()?;
        Ok(BeliefNetwork {
            layers,
            top,
            workers,
        })
    }
}
