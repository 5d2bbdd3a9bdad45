//! Learning from a whole data set, epoch by epoch.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::file::Progress;
use super::{BoltzmannMachine, Examples, RbmTrainer, Visible};
use crate::random::{Domain, Random};
use crate::rows::Rows;
use crate::training::{EpochLogs, History};
use crate::{Error, Source, Tensor};

/// Samples in a batch, unless something else is said.
const USUAL_BATCH: usize = 32;

/// How long and on what a Boltzmann machine learns: the settings of [`RbmTrainer::fit`], in the words of
/// [`Fit`](crate::training::Fit).
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmEpoch, RbmFit};
/// use letra_nn::{Error, Tensor};
///
/// let data = Tensor::new([4, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])?;
/// let mut rbm = Rbm::new(2, 2).compile(ContrastiveDivergence::new(0.1))?;
/// let mut enough = |epoch: &RbmEpoch<'_>| -> Result<ControlFlow<()>, Error> {
///     Ok(match epoch.logs().loss() < 0.1 {
///         true => ControlFlow::Break(()),
///         false => ControlFlow::Continue(()),
///     })
/// };
/// let fit = RbmFit::epochs(500).batch_size(2).validation_data(&data).callback(&mut enough);
/// let history = rbm.fit(&data, fit)?;
/// assert!(history.last().unwrap().get("val_free_energy").is_some());
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct RbmFit<'a> {
    epochs: usize,
    batch: usize,
    shuffle: bool,
    validation: Option<&'a Tensor>,
    callbacks: Vec<&'a mut dyn RbmCallback>,
    checkpoint: Option<PathBuf>,
    resume: Option<PathBuf>,
}

impl<'a> RbmFit<'a> {
    /// The given number of passes over the data; batches of 32, shuffled.
    pub fn epochs(epochs: usize) -> Self {
        RbmFit {
            epochs,
            batch: USUAL_BATCH,
            shuffle: true,
            validation: None,
            callbacks: Vec::new(),
            checkpoint: None,
            resume: None,
        }
    }

    /// Samples in a batch, at least 1. A source makes its own batches.
    pub fn batch_size(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Whether each epoch takes the samples in a new random order, as it does unless told otherwise.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Data, `[samples, visible]`, to measure after each epoch and never learn from: "val_loss" is the mean
    /// squared error of reconstruction, "val_free_energy" the mean free energy, which rises above that of
    /// the training data where the machine overfits (Hinton's guide, section 6).
    pub fn validation_data(mut self, data: &'a Tensor) -> Self {
        self.validation = Some(data);
        self
    }

    /// Adds something that watches and may stop the training.
    pub fn callback(mut self, callback: &'a mut dyn RbmCallback) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Writes all that the training needs to go on to a file after each epoch; the file is there whole or
    /// not at all.
    pub fn checkpoint(mut self, path: impl AsRef<Path>) -> Self {
        self.checkpoint = Some(path.as_ref().to_path_buf());
        self
    }

    /// Goes on from such a file, if it is there. The result has the bits of a training that was never
    /// stopped, also from a [`Source`] whose batches depend on the step's number alone.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Self {
        self.resume = Some(path.as_ref().to_path_buf());
        self
    }

    /// The same for machine `place` of a stack, its share of the callbacks and files of its own. A machine
    /// that has one above it in the files has learnt all it should.
    pub(in crate::learners) fn of_layer<'b>(&'b mut self, place: usize) -> RbmFit<'b>
    where
        'a: 'b,
    {
        let of =
            |path: &Option<PathBuf>, place| path.as_deref().map(|path| of_machine(path, place));
        let is_learnt = of(&self.resume, place + 1).is_some_and(|path| path.exists());
        RbmFit {
            epochs: if is_learnt { 0 } else { self.epochs },
            batch: self.batch,
            shuffle: self.shuffle,
            validation: None,
            checkpoint: of(&self.checkpoint, place),
            resume: of(&self.resume, place),
            callbacks: self
                .callbacks
                .iter_mut()
                .map(|callback| &mut **callback as _)
                .collect(),
        }
    }

    /// Whether validation data was given, which a stack of machines has no place for.
    pub(in crate::learners) fn wants_validation(&self) -> bool {
        self.validation.is_some()
    }

    fn check(&self) -> Result<(), Error> {
        match self.batch {
            0 => Err(Error::configuration("a batch has 0 samples").with_hint("take at least 1")),
            _ => Ok(()),
        }
    }
}

/// The file of machine `place` of a stack: the path with its number, from 1, at the end.
fn of_machine(path: &Path, place: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", place + 1));
    name.into()
}

/// Something that is told of each step and epoch of a machine's training. A closure that takes an
/// [`RbmEpoch`] is one.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmCallback, RbmFit, RbmStep};
/// use letra_nn::{Error, Tensor};
///
/// struct Count(usize);
///
/// impl RbmCallback for Count {
///     fn on_step_end(&mut self, _: &RbmStep<'_>) -> Result<ControlFlow<()>, Error> {
///         self.0 += 1;
///         Ok(ControlFlow::Continue(()))
///     }
/// }
///
/// let mut count = Count(0);
/// let mut rbm = Rbm::new(2, 2).compile(ContrastiveDivergence::new(0.1))?;
/// rbm.fit(&Tensor::zeros([4, 2]), RbmFit::epochs(3).batch_size(2).callback(&mut count))?;
/// assert_eq!(count.0, 6);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait RbmCallback: Send {
    /// Called after each step; [`ControlFlow::Break`] ends the training after it.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_step_end(&mut self, _step: &RbmStep<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after each epoch, also one that was stopped in its middle; [`ControlFlow::Break`] ends the
    /// training once all callbacks were told.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_epoch_end(&mut self, _epoch: &RbmEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

impl<F> RbmCallback for F
where
    F: FnMut(&RbmEpoch<'_>) -> Result<ControlFlow<()>, Error> + Send,
{
    fn on_epoch_end(&mut self, epoch: &RbmEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        self(epoch)
    }
}

/// A step that was just taken.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmCallback, RbmFit, RbmStep};
/// use letra_nn::{Error, Tensor};
///
/// struct Losses(Vec<f64>);
///
/// impl RbmCallback for Losses {
///     fn on_step_end(&mut self, step: &RbmStep<'_>) -> Result<ControlFlow<()>, Error> {
///         self.0.push(step.loss);
///         Ok(ControlFlow::Continue(()))
///     }
/// }
///
/// let mut losses = Losses(Vec::new());
/// let mut rbm = Rbm::new(2, 2).compile(ContrastiveDivergence::new(0.1))?;
/// rbm.fit(&Tensor::zeros([4, 2]), RbmFit::epochs(2).callback(&mut losses))?;
/// assert_eq!(losses.0.len(), 2);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RbmStep<'a> {
    /// Number of the step in its epoch, from 1.
    pub number: usize,
    /// Steps in an epoch.
    pub steps: usize,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// Mean squared error of the batch's reconstruction before the step.
    pub loss: f64,
    /// The machine as it is now.
    pub machine: &'a BoltzmannMachine,
}

/// An epoch that was just finished.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{ContrastiveDivergence, Rbm, RbmEpoch, RbmFit};
/// use letra_nn::{Error, Tensor};
///
/// let mut energies = Vec::new();
/// let mut watch = |epoch: &RbmEpoch<'_>| -> Result<ControlFlow<()>, Error> {
///     energies.push(epoch.machine.free_energy(&Tensor::zeros([1, 2]))?[0]);
///     Ok(ControlFlow::Continue(()))
/// };
/// let mut rbm = Rbm::new(2, 2).compile(ContrastiveDivergence::new(0.1))?;
/// rbm.fit(&Tensor::zeros([4, 2]), RbmFit::epochs(3).callback(&mut watch))?;
/// assert_eq!(energies.len(), 3);
/// # Ok::<(), letra_nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RbmEpoch<'a> {
    /// Number of the epoch, from 1.
    pub number: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// The machine as it is now.
    pub machine: &'a BoltzmannMachine,
    history: &'a History,
}

impl RbmEpoch<'_> {
    /// What was measured so far, this epoch included.
    pub fn history(&self) -> &History {
        self.history
    }

    /// What was measured in this epoch.
    pub fn logs(&self) -> &EpochLogs {
        let epochs = self.history.epochs();
        &epochs[epochs.len() - 1]
    }
}

/// The whole of a training; in the pool of workers.
pub(super) fn run(
    trainer: &mut RbmTrainer,
    examples: Examples<'_>,
    fit: RbmFit<'_>,
) -> Result<History, Error> {
    fit.check()?;
    if let Some(data) = fit.validation {
        trainer.check_data(data)?;
    }
    let batches = match examples {
        Examples::Data(data) => whole(trainer, data)?,
        Examples::Dataset(data) => whole(trainer, data.inputs())?,
        Examples::Source(source) => Batches::Source(source, Extent::default()),
    };
    let mut run = Run {
        progress: Progress {
            batch: match &batches {
                Batches::Data { .. } => fit.batch,
                Batches::Source(..) => 0,
            },
            samples: match &batches {
                Batches::Data { data, .. } => data.samples(),
                Batches::Source(..) => 0,
            },
            shuffle: fit.shuffle,
            steps: trainer.steps,
            history: History::default(),
        },
        trainer,
        batches,
        fit,
    };
    if let Some(path) = run.fit.resume.clone().filter(|path| path.exists()) {
        run.progress.history = run.trainer.resume(&path, &run.progress)?;
    }
    let first = run.progress.history.epochs().len() + 1;
    for epoch in first..=run.fit.epochs {
        let (logs, stopped) = run.epoch(epoch)?;
        run.progress.history.push(logs);
        if run.told(epoch)? || stopped {
            break;
        }
    }
    Ok(run.progress.history)
}

/// Samples in memory, unless they are none, such as the units cannot have, or still where units are
/// Gaussian.
fn whole<'a>(trainer: &RbmTrainer, data: &'a Tensor) -> Result<Batches<'a>, Error> {
    trainer.check_data(data)?;
    if data.samples() == 0 {
        return Err(Error::data("the data set is empty").with_hint("give at least one sample"));
    }
    let mut extent = Extent::default();
    extent.note(data);
    extent.check(trainer)?;
    Ok(Batches::Data {
        data,
        order: Vec::new(),
    })
}

/// The least and the most of each unit.
#[derive(Default)]
struct Extent {
    least: Vec<f32>,
    most: Vec<f32>,
}

impl Extent {
    fn note(&mut self, data: &Tensor) {
        let width = data.sample_values();
        self.least.resize(width, f32::INFINITY);
        self.most.resize(width, f32::NEG_INFINITY);
        for row in data.data().chunks_exact(width.max(1)) {
            for (value, (least, most)) in row.iter().zip(self.least.iter_mut().zip(&mut self.most))
            {
                *least = least.min(*value);
                *most = most.max(*value);
            }
        }
    }

    fn check(&self, trainer: &RbmTrainer) -> Result<(), Error> {
        trainer.rbm.check_variances(&self.least, &self.most)
    }
}

/// Where batches come from.
enum Batches<'a> {
    Data {
        data: &'a Tensor,
        order: Vec<usize>,
    },
    /// With what its first epoch holds.
    Source(&'a mut dyn Source, Extent),
}

struct Run<'a, 'b> {
    trainer: &'a mut RbmTrainer,
    batches: Batches<'a>,
    fit: RbmFit<'b>,
    progress: Progress,
}

impl Run<'_, '_> {
    /// One epoch, and whether a callback stopped it.
    fn epoch(&mut self, epoch: usize) -> Result<(EpochLogs, bool), Error> {
        let steps = match &mut self.batches {
            Batches::Data { data, order } => {
                let samples = data.samples();
                if self.fit.shuffle && samples > self.fit.batch {
                    let seed = self.trainer.settings.seed;
                    let random = Random::new(seed, Domain::Shuffle, 0, epoch as u64 - 1);
                    *order = random.permutation(samples);
                }
                samples.div_ceil(self.fit.batch)
            }
            Batches::Source(source, _) => source.steps(epoch),
        };
        if steps == 0 {
            return Err(
                Error::data(format!("the source has no steps in epoch {epoch}"))
                    .with_hint("let it have at least one"),
            );
        }
        let (mut sum, mut count, mut stopped) = (0.0, 0, false);
        for step in 0..steps {
            let (loss, samples) = self.step(step)?;
            sum += loss * samples as f64;
            count += samples;
            let told = RbmStep {
                number: step + 1,
                steps,
                epoch,
                epochs: self.fit.epochs,
                loss,
                machine: &self.trainer.machine,
            };
            for callback in &mut self.fit.callbacks {
                stopped |= callback.on_step_end(&told)?.is_break();
            }
            if stopped {
                break;
            }
        }
        if let (1, Batches::Source(_, extent)) = (epoch, &self.batches) {
            extent.check(self.trainer)?;
        }
        let mut logs = EpochLogs::new(epoch, self.trainer.steps, sum / count as f64);
        if let Some(data) = self.fit.validation {
            let energies = self.trainer.free_energy(data)?;
            let mean = energies.iter().sum::<f64>() / energies.len() as f64;
            logs = logs
                .with_val_loss(self.trainer.reconstruction_error(data)?)
                .with_val_metrics([("free_energy", mean)]);
        }
        if !stopped && let Some(path) = &self.fit.checkpoint {
            self.progress.steps = self.trainer.steps;
            let mut history = self.progress.history.clone();
            history.push(logs.clone());
            self.trainer.write_checkpoint(
                path,
                &Progress {
                    history,
                    ..self.progress.clone()
                },
            )?;
        }
        Ok((logs, stopped))
    }

    /// One step; its loss and number of samples.
    fn step(&mut self, step: usize) -> Result<(f64, usize), Error> {
        match &mut self.batches {
            Batches::Data { data, order } => {
                let start = step * self.fit.batch;
                let end = data.samples().min(start + self.fit.batch);
                let rows = match order.is_empty() {
                    true => Rows::Contiguous(start, end - start),
                    false => Rows::Scattered(&order[start..end]),
                };
                Ok((self.trainer.step(data, rows)?, end - start))
            }
            Batches::Source(source, extent) => {
                let number = self.trainer.steps;
                let batch = source.batch(number)?.ok_or_else(|| {
                    Error::data(format!("the source has no batch for step {number}"))
                        .with_hint("let its steps be as many as it has batches, and let it begin again where a step is asked for again, or put its samples into a Dataset")
                })?;
                let data = batch.inputs();
                self.trainer.check_data(data)?;
                if data.samples() == 0 {
                    return Err(Error::data(format!(
                        "the source's batch for step {number} is empty"
                    ))
                    .with_hint("give at least one sample"));
                }
                if self.trainer.rbm.visible == Visible::Gaussian {
                    extent.note(data);
                }
                let rows = Rows::Contiguous(0, data.samples());
                Ok((self.trainer.step(data, rows)?, data.samples()))
            }
        }
    }

    /// Tells the callbacks of an epoch; gives whether one of them ends the training.
    fn told(&mut self, epoch: usize) -> Result<bool, Error> {
        let told = RbmEpoch {
            number: epoch,
            epochs: self.fit.epochs,
            machine: &self.trainer.machine,
            history: &self.progress.history,
        };
        let mut ends = false;
        for callback in &mut self.fit.callbacks {
            ends |= callback.on_epoch_end(&told)?.is_break();
        }
        Ok(ends)
    }
}
