//! Machines and their trainings as files.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BoltzmannMachine, Rbm, RbmTrainer};
use crate::buffer::Buffer;
use crate::learners::file::{Contents, Entry, write};
use crate::training::History;
use crate::{Error, Workers};

/// Version of the description's form.
const FORMAT: u32 = 1;

/// What a file tells of its tensors.
#[derive(Serialize, Deserialize)]
struct Description {
    learner: String,
    format: u32,
    machine: Rbm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    training: Option<Training>,
}

#[derive(Serialize, Deserialize)]
struct Training {
    settings: serde_json::Value,
    progress: Progress,
}

/// How far a training is, and on what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Samples of a batch, and of the data; 0 where they come from a source.
    pub(super) batch: usize,
    pub(super) samples: usize,
    pub(super) shuffle: bool,
    pub(super) steps: u64,
    pub(super) history: History,
}

impl Progress {
    fn is_on_the_same(&self, other: &Progress) -> bool {
        (self.batch, self.samples, self.shuffle) == (other.batch, other.samples, other.shuffle)
    }
}

impl BoltzmannMachine {
    /// Writes the machine to one safetensors file, with what it is made of in its metadata; the file is there
    /// whole or not at all. Loading gives the same bits back. The tensors are "kernel" `[visible, hidden]`,
    /// "visible_bias", "hidden_bias" and, of Gaussian units, "log_variance".
    ///
    /// # Errors
    /// When the file cannot be written, or a parameter is no longer a number.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let description = self.description(None);
        write(path.as_ref(), &json!(description), &self.entries(""))
    }

    /// Reads a machine, or that of a checkpoint, from a file. It works on a thread a core.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold a whole machine.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_on(path, Workers::new(0)?)
    }

    /// As [`BoltzmannMachine::load`], on workers that are there.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::load`].
    pub fn load_on(path: impl AsRef<Path>, workers: Workers) -> Result<Self, Error> {
        let mut contents = Contents::read(path.as_ref())?;
        let description: Description = contents.description()?;
        description.check(path.as_ref())?;
        let machine = Self::take(description.machine, &mut contents, "", workers)?;
        match description.training {
            Some(_) => Ok(machine),
            None => contents.finish().map(|()| machine),
        }
    }

    fn description(&self, training: Option<Training>) -> Description {
        Description {
            learner: "rbm".into(),
            format: FORMAT,
            machine: self.rbm.clone(),
            training,
        }
    }

    /// The parameters, by names after `prefix`.
    pub(in crate::learners) fn entries(&self, prefix: &str) -> Vec<Entry<'_>> {
        let (places, all) = (self.places(), &self.parameters.all);
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let mut entries = vec![
            Entry::new(
                format!("{prefix}kernel"),
                &[width, units],
                &all[places.kernel],
            ),
            Entry::new(
                format!("{prefix}visible_bias"),
                &[width],
                &all[places.visible_bias],
            ),
            Entry::new(
                format!("{prefix}hidden_bias"),
                &[units],
                &all[places.hidden_bias],
            ),
        ];
        if !places.log_variance.is_empty() {
            let name = format!("{prefix}log_variance");
            entries.push(Entry::new(
                name,
                &[places.log_variance.len()],
                &all[places.log_variance],
            ));
        }
        entries
    }

    /// The machine whose parameters a file has by names after `prefix`.
    pub(in crate::learners) fn take(
        rbm: Rbm,
        contents: &mut Contents<'_>,
        prefix: &str,
        workers: Workers,
    ) -> Result<Self, Error> {
        rbm.check()?;
        // The file has the weights, before there is memory for them.
        contents.check(&format!("{prefix}kernel"), &[rbm.width(), rbm.hidden_units])?;
        let mut machine = BoltzmannMachine::new(rbm, 0, workers);
        let entries = machine.entries(prefix).into_iter();
        let known: Vec<(String, Vec<usize>)> =
            entries.map(|entry| (entry.name, entry.shape)).collect();
        let mut start = 0;
        for (name, shape) in known {
            let length: usize = shape.iter().product();
            contents.take(
                &name,
                &shape,
                &mut machine.parameters.all[start..start + length],
            )?;
            start += length;
        }
        machine.refresh();
        Ok(machine)
    }
}

impl Description {
    fn check(&self, path: &Path) -> Result<(), Error> {
        if self.learner != "rbm" {
            return Err(Error::file(
                path,
                format!("it holds a \"{}\", not a Boltzmann machine", self.learner),
            )
            .with_hint("read it with the type that wrote it"));
        }
        match self.format {
            FORMAT => Ok(()),
            format => Err(Error::file(
                path,
                format!("written in format {format}, and this version reads {FORMAT}"),
            )
            .with_hint("use a matching version of letra")),
        }
    }
}

impl RbmTrainer {
    /// What is remembered besides the weights, by name; only what there is.
    fn remembered(&self) -> [(&'static str, Vec<usize>, &Buffer); 4] {
        let (state, width) = (&self.state, self.visible_units());
        let parameters = self.machine.parameters.all.len();
        [
            ("training/velocity", vec![parameters], &state.velocity),
            (
                "training/chains",
                vec![self.settings.persistent, width],
                &state.chains,
            ),
            ("training/fast", vec![parameters], &state.fast),
            (
                "training/activity",
                vec![self.hidden_units()],
                &state.activity,
            ),
        ]
    }

    /// Writes all that the training needs to go on.
    pub(super) fn write_checkpoint(&self, path: &Path, progress: &Progress) -> Result<(), Error> {
        let description = self.machine.description(Some(Training {
            settings: json!(self.settings),
            progress: progress.clone(),
        }));
        let mut entries = self.machine.entries("");
        for (name, shape, values) in self.remembered() {
            if !values.is_empty() {
                entries.push(Entry::new(name, &shape, values));
            }
        }
        write(path, &json!(description), &entries)
    }

    /// Brings the trainer to where a checkpoint left it; gives the history until then.
    pub(super) fn resume(&mut self, path: &Path, wanted: &Progress) -> Result<History, Error> {
        let mut contents = Contents::read(path)?;
        let description: Description = contents.description()?;
        description.check(path)?;
        let training = description.training.ok_or_else(|| {
            Error::file(path, "a machine, not a training that could go on")
                .with_hint("resume from what RbmFit::checkpoint wrote")
        })?;
        let same = description.machine == self.machine.rbm
            && training.settings == json!(self.settings)
            && training.progress.is_on_the_same(wanted);
        if !same {
            return Err(Error::file(
                path,
                "a training with other units, settings, batches or data",
            )
            .with_hint("resume with what it was begun with"));
        }
        let workers = self.machine.workers();
        let machine = BoltzmannMachine::take(description.machine, &mut contents, "", workers)?;
        let mut state = self.state.clone();
        let sizes = self.remembered().map(|(name, shape, _)| (name, shape));
        let values = [
            &mut state.velocity,
            &mut state.chains,
            &mut state.fast,
            &mut state.activity,
        ];
        for ((name, shape), values) in sizes.into_iter().zip(values) {
            if !values.is_empty() {
                contents.take(name, &shape, values)?;
            }
        }
        contents.finish()?;
        if !state.fast.is_empty() {
            let all = state
                .sum
                .iter_mut()
                .zip(&*machine.parameters.all)
                .zip(&*state.fast);
            all.for_each(|((sum, weight), fast)| *sum = weight + fast);
        }
        (self.machine, self.state) = (machine, state);
        self.steps = training.progress.steps;
        Ok(training.progress.history)
    }
}
