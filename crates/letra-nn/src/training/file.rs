//! Trainings as files: models that can be trained on, and checkpoints.

use std::path::Path;

use super::{Compile, Trainer};
use crate::Error;
use crate::network::{
    Checkpoint, Contents, Registry, Restored, Saved, SavedOutput, SavedTraining, Workers,
    write_whole,
};
use crate::plan::Objective;

impl Trainer {
    /// Reads a network and how it is trained, as [`Trainer::save`] wrote them. The optimizer begins
    /// anew; see [`Trainer::resume_from`]. It runs on a thread a core.
    ///
    /// # Errors
    /// As [`Network::load`](crate::Network::load); the file does not say how the network is trained.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(path, &Registry::new(), Workers::new(0)?)
    }

    /// As [`Trainer::load`], with what the program has of its own, and on workers that are there.
    ///
    /// # Errors
    /// As [`Trainer::load`].
    pub fn load_with(
        path: impl AsRef<Path>,
        registry: &Registry,
        workers: Workers,
    ) -> Result<Self, Error> {
        read(path.as_ref(), registry, workers)
    }

    /// Writes the network and how it is trained to one safetensors file, as [`Network::save`](crate::Network::save) does;
    /// [`Network::load`](crate::Network::load) and [`Trainer::load`] read it.
    ///
    /// # Errors
    /// When the file cannot be written or is read-only, or a parameter is no longer a number.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        write_whole(path, &self.bytes(path, self.contents())?)
    }

    /// The contents of the file that [`Trainer::save`] writes.
    ///
    /// # Errors
    /// When a parameter is no longer a number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.bytes(Path::new("the network"), self.contents())
    }

    /// Writes the network with the optimizer's state, so that [`Trainer::resume_from`] can go on
    /// with the training, and a note of the caller's; the file is there whole or not at all.
    /// For trainings by [`Trainer::train_on_batch`]; `fit` has the Checkpoint callback.
    ///
    /// # Errors
    /// As [`Trainer::save`].
    pub fn save_checkpoint(
        &self,
        path: impl AsRef<Path>,
        note: serde_json::Value,
    ) -> Result<(), Error> {
        self.save_training(path.as_ref(), note, None)
    }

    /// Writes the network, the optimizer's state, the best weights so far where they are kept,
    /// and a note on the training.
    pub(super) fn save_training(
        &self,
        path: &Path,
        note: serde_json::Value,
        best: Option<&[f32]>,
    ) -> Result<(), Error> {
        let names = self.optimizer.slots().iter().copied();
        let slots = names.zip(self.slots.iter().map(|slot| &slot[..])).collect();
        let contents = Contents {
            training: Some((note, slots)),
            best,
            states: Some(&self.states),
            ..self.contents()
        };
        write_whole(path, &self.bytes(path, contents)?)
    }

    /// About the size of a checkpoint, with the best weights, in bytes.
    pub(super) fn checkpoint_size(&self) -> u64 {
        self.file_size(2 + self.optimizer.slots().len())
    }

    /// Brings a network to where [`Trainer::save_checkpoint`] left one of the same architecture,
    /// loss, optimizer and seed: parameters, the optimizer's state, the step, and what is carried from
    /// batch to batch. Returns the note
    /// that was saved with it.
    ///
    /// # Errors
    /// As [`Network::load`](crate::Network::load); the file is not a checkpoint, or that of another network.
    pub fn resume_from(&mut self, path: impl AsRef<Path>) -> Result<serde_json::Value, Error> {
        let checkpoint = self.checkpoint(path.as_ref(), false)?;
        let note = checkpoint.note.clone();
        self.take_checkpoint(checkpoint);
        Ok(note)
    }

    /// Reads what [`Trainer::save_training`] wrote for the same network, for
    /// [`Trainer::take_checkpoint`].
    pub(super) fn checkpoint(&self, path: &Path, changes: bool) -> Result<Checkpoint, Error> {
        let slots = (self.optimizer.slots(), &self.slots[..]);
        self.read_checkpoint(path, &self.settings(), slots, changes)
    }

    /// Takes parameters, the optimizer's state and the step.
    pub(super) fn take_checkpoint(&mut self, checkpoint: Checkpoint) {
        let own: Vec<_> = self
            .ops()
            .weights
            .iter()
            .map(|known| known.range())
            .collect();
        self.weights().change(|all, _| {
            for range in own {
                all[range.clone()].copy_from_slice(&checkpoint.values[range]);
            }
        });
        self.slots = checkpoint.slots;
        self.steps = checkpoint.steps;
        self.rate_factor = checkpoint.rate_factor;
        self.states = checkpoint.states;
        self.next_states.reset();
    }

    fn contents(&self) -> Contents<'_> {
        Contents {
            trained: Some(self.settings()),
            ..Contents::default()
        }
    }

    fn settings(&self) -> SavedTraining {
        let layers = std::iter::repeat_n(None, self.outputs());
        let layers = layers.chain(self.inner.iter().cloned().map(Some));
        let mut outputs = self
            .objective
            .iter()
            .zip(layers)
            .map(|(objective, layer)| SavedOutput {
                loss: Saved {
                    kind: objective.loss.kind().into(),
                    configuration: objective.loss.configuration(),
                },
                weight: objective.weight,
                metrics: objective
                    .metrics
                    .iter()
                    .map(|metric| metric.name())
                    .collect(),
                layer,
            });
        let first = outputs.next().expect("a network has an output");
        SavedTraining {
            loss: first.loss,
            loss_weight: first.weight,
            optimizer: Saved {
                kind: self.optimizer.kind().into(),
                configuration: self.optimizer.configuration(),
            },
            metrics: first.metrics,
            clipping: self.clipping,
            other_outputs: outputs.collect(),
            seed: self.seed,
            steps: self.steps,
            rate_factor: (self.rate_factor != 1.0).then_some(self.rate_factor),
            layer_rates: self.layer_rates.clone(),
        }
    }
}

fn read(path: &Path, registry: &Registry, workers: Workers) -> Result<Trainer, Error> {
    let Restored { network, trained } = Restored::load(path, registry, workers)?;
    let Some(trained) = trained else {
        return Err(
            Error::file(path, "the file does not say how the network is trained")
                .with_hint("read it with Network::load and say so with compile"),
        );
    };
    let settings = trained.settings;
    let wrong = |error: String| Error::file(path, error);
    let mut compile = Compile::restored(trained.optimizer, settings.clipping, settings.seed);
    let first = SavedOutput {
        loss: settings.loss,
        weight: settings.loss_weight,
        metrics: settings.metrics,
        layer: None,
    };
    for saved in std::iter::once(first).chain(settings.other_outputs) {
        let layer = saved.layer.clone();
        compile.push(objective(saved, registry).map_err(wrong)?, layer);
    }
    let mut trainer = Trainer::new(network, compile).map_err(|error| wrong(error.to_string()))?;
    trainer.steps = settings.steps;
    for (layer, factor) in &settings.layer_rates {
        trainer
            .set_learning_rate_factor_of(layer, *factor)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if let Some(factor) = settings.rate_factor {
        trainer
            .set_learning_rate_factor(factor)
            .map_err(|error| wrong(error.to_string()))?;
    }
    Ok(trainer)
}

fn objective(saved: SavedOutput, registry: &Registry) -> Result<Objective, String> {
    let names = saved.metrics.iter();
    Ok(Objective {
        loss: registry.make_loss(&saved.loss.kind, saved.loss.configuration)?,
        weight: saved.weight,
        metrics: names
            .map(|name| registry.make_metric(name))
            .collect::<Result<_, _>>()?,
    })
}
