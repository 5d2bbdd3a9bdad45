//! Learning from a whole data set, epoch by epoch.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::file::Progress;
use super::{AdversarialScores, AdversarialTrainer};
use crate::random::{Domain, Random};
use crate::training::{Batches, EpochLogs, History};
use crate::{Dataset, Error};

/// Samples in a batch, unless something else is said.
const USUAL_BATCH: usize = 32;

/// How long a generator and a discriminator learn: the settings of [`AdversarialTrainer::fit`], in the words
/// of [`Fit`](crate::training::Fit).
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{Adversarial, AdversarialEpoch, AdversarialFit};
/// use letra_nn::prelude::*;
///
/// let generator = Sequential::new([3]).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(1));
/// let mut pair = Adversarial::new(generator, discriminator)
///     .compile(Compile::new(Sgd::new(0.01)), Compile::new(Sgd::new(0.01)))?;
/// let data = Dataset::unlabelled(Tensor::zeros([10, 2]))?;
/// let mut two = |epoch: &AdversarialEpoch<'_>| -> Result<ControlFlow<()>, Error> {
///     Ok(if epoch.number == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
/// };
/// let history = pair.fit(&data, AdversarialFit::epochs(5).batch_size(4).callback(&mut two))?;
/// assert_eq!(history.epochs().len(), 2);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct AdversarialFit<'a> {
    epochs: usize,
    batch: usize,
    shuffle: bool,
    callbacks: Vec<&'a mut dyn AdversarialCallback>,
    checkpoint: Option<PathBuf>,
    resume: Option<PathBuf>,
}

impl<'a> AdversarialFit<'a> {
    /// The given number of passes over the data; batches of 32, shuffled.
    pub fn epochs(epochs: usize) -> Self {
        AdversarialFit {
            epochs,
            batch: USUAL_BATCH,
            shuffle: true,
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

    /// Adds something that watches and may stop the training.
    pub fn callback(mut self, callback: &'a mut dyn AdversarialCallback) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Writes all that the training needs to go on to one file after each epoch: both networks, both
    /// optimizers, the averaged generator. The file is there whole or not at all.
    pub fn checkpoint(mut self, path: impl AsRef<Path>) -> Self {
        self.checkpoint = Some(path.as_ref().to_path_buf());
        self
    }

    /// Goes on from such a file, if it is there. The result has the bits of a training that was never
    /// stopped, also from a [`Source`](crate::Source) whose batches depend on the step's number alone.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Self {
        self.resume = Some(path.as_ref().to_path_buf());
        self
    }
}

/// Something that is told of each step and epoch of an adversarial training. A closure that takes an
/// [`AdversarialEpoch`] is one.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use letra_nn::learners::{Adversarial, AdversarialCallback, AdversarialFit, AdversarialStep};
/// use letra_nn::prelude::*;
///
/// struct Count(usize);
///
/// impl AdversarialCallback for Count {
///     fn on_step_end(&mut self, _: &AdversarialStep<'_>) -> Result<ControlFlow<()>, Error> {
///         self.0 += 1;
///         Ok(ControlFlow::Continue(()))
///     }
/// }
///
/// let generator = Sequential::new([3]).add(Dense::new(2));
/// let discriminator = Sequential::new([2]).add(Dense::new(1));
/// let mut pair = Adversarial::new(generator, discriminator)
///     .compile(Compile::new(Sgd::new(0.01)), Compile::new(Sgd::new(0.01)))?;
/// let data = Dataset::unlabelled(Tensor::zeros([8, 2]))?;
/// let mut count = Count(0);
/// pair.fit(&data, AdversarialFit::epochs(3).batch_size(4).callback(&mut count))?;
/// assert_eq!(count.0, 6);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub trait AdversarialCallback: Send {
    /// Called after each step; [`ControlFlow::Break`] ends the training after it.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_step_end(&mut self, _step: &AdversarialStep<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }

    /// Called after each epoch, also one that was stopped in its middle; [`ControlFlow::Break`] ends the
    /// training once all callbacks were told.
    ///
    /// # Errors
    /// Whatever goes wrong; it ends the training.
    fn on_epoch_end(&mut self, _epoch: &AdversarialEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

impl<F> AdversarialCallback for F
where
    F: FnMut(&AdversarialEpoch<'_>) -> Result<ControlFlow<()>, Error> + Send,
{
    fn on_epoch_end(&mut self, epoch: &AdversarialEpoch<'_>) -> Result<ControlFlow<()>, Error> {
        self(epoch)
    }
}

/// A step that was just taken.
///
/// ```
/// use letra_nn::learners::AdversarialStep;
///
/// /// What a callback may make of it: by how much the critic of a Wasserstein pair tells samples apart.
/// fn distance(step: &AdversarialStep<'_>) -> f64 {
///     -(step.scores.real_loss + step.scores.generated_loss)
/// }
/// # let _ = distance;
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AdversarialStep<'a> {
    /// Number of the step in its epoch, from 1: of the discriminator's.
    pub number: usize,
    /// Steps in an epoch.
    pub steps: usize,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// What both lost by before it.
    pub scores: AdversarialScores,
    /// The pair as it is now.
    pub trainer: &'a AdversarialTrainer,
}

/// An epoch that has just ended.
///
/// ```
/// use letra_nn::learners::AdversarialEpoch;
/// use letra_nn::{Error, Tensor};
///
/// /// What a callback may make of it: a few samples.
/// fn samples(epoch: &AdversarialEpoch<'_>) -> Result<Tensor, Error> {
///     epoch.trainer.sample(16, 7)
/// }
/// # let _ = samples;
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AdversarialEpoch<'a> {
    /// Number of the epoch, from 1.
    pub number: usize,
    /// Epochs that were asked for.
    pub epochs: usize,
    /// The pair as it is now.
    pub trainer: &'a AdversarialTrainer,
    history: &'a History,
}

impl AdversarialEpoch<'_> {
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
    trainer: &mut AdversarialTrainer,
    mut batches: Batches<'_>,
    mut fit: AdversarialFit<'_>,
) -> Result<History, Error> {
    let (batch, samples) = match &batches {
        Batches::Data(data) => (check(trainer, data, fit.batch)?, data.samples()),
        Batches::Source(_) => (0, 0),
    };
    let mut progress = Progress {
        batch,
        samples,
        shuffle: fit.shuffle,
        steps: trainer.taken_steps(),
        history: History::default(),
    };
    if let Some(path) = fit.resume.clone().filter(|path| path.exists()) {
        progress.history = trainer.resume(&path, &progress)?;
    }
    let first = progress.history.epochs().len() + 1;
    for number in first..=fit.epochs {
        let before = trainer.snapshot();
        let ended = epoch(trainer, &mut batches, &mut fit, (number, batch));
        let (logs, stopped) = match ended {
            Err(error) if !trainer.is_finite() => {
                trainer.restore(before);
                return Err(error);
            }
            ended => ended?,
        };
        if !trainer.is_finite() {
            let steps = trainer.taken_steps()[0];
            trainer.restore(before);
            return Err(Error::NotFinite {
                loss: logs.loss(),
                step: steps,
                place: format!(
                    "a parameter is no number, and both networks are as before epoch {number}"
                ),
            });
        }
        progress.history.push(logs);
        progress.steps = trainer.taken_steps();
        if let Some(path) = fit.checkpoint.as_ref().filter(|_| !stopped) {
            trainer.write_checkpoint(path, &progress)?;
        }
        let told = AdversarialEpoch {
            number,
            epochs: fit.epochs,
            trainer,
            history: &progress.history,
        };
        let mut ends = stopped;
        for callback in &mut fit.callbacks {
            ends |= callback.on_epoch_end(&told)?.is_break();
        }
        if ends {
            break;
        }
    }
    Ok(progress.history)
}

/// Samples of a batch, if the data fits.
fn check(trainer: &AdversarialTrainer, data: &Dataset, batch: usize) -> Result<usize, Error> {
    if batch == 0 {
        return Err(Error::configuration("a batch has 0 samples").with_hint("take at least 1"));
    }
    if data.samples() == 0 {
        return Err(Error::data("the data set is empty").with_hint("give at least one sample"));
    }
    trainer.check_samples(data.inputs())?;
    let batch = batch.min(data.samples());
    trainer.check_count(batch)?;
    trainer.check_count(data.samples() % batch)?;
    Ok(batch)
}

/// Means of what an epoch's steps were measured by.
#[derive(Default)]
struct Sums {
    samples: f64,
    losses: [f64; 3],
    penalty: Option<f64>,
    information: Option<f64>,
    /// Of the generator: its loss, and the samples of the steps that it took.
    generator: [f64; 2],
    reconstruction: Option<f64>,
}

impl Sums {
    fn add(&mut self, scores: &AdversarialScores, samples: usize) {
        let samples = samples as f64;
        let own = [
            scores.discriminator_loss,
            scores.real_loss,
            scores.generated_loss,
        ];
        self.samples += samples;
        let both = self.losses.iter_mut().zip(own);
        both.for_each(|(sum, loss)| *sum += samples * loss);
        let parts = [
            (&mut self.penalty, scores.gradient_penalty),
            (&mut self.information, scores.information_loss),
            (&mut self.reconstruction, scores.reconstruction_loss),
        ];
        for (sum, part) in parts {
            if let Some(part) = part {
                *sum.get_or_insert(0.0) += samples * part;
            }
        }
        if let Some(loss) = scores.generator_loss {
            self.generator[0] += samples * loss;
            self.generator[1] += samples;
        }
    }

    fn logs(&self, epoch: usize, steps: u64) -> EpochLogs {
        let [discriminator, real, generated] = self.losses.map(|sum| sum / self.samples);
        let [generator, count] = self.generator;
        let generator = (count > 0.0).then(|| ("generator_loss", generator / count));
        let of_all = |name, sum: Option<f64>| sum.map(|sum| (name, sum / self.samples));
        let distance = self.reconstruction;
        let distance = distance.map(|sum| ("reconstruction_loss", sum / count));
        EpochLogs::new(epoch, steps, discriminator)
            .with_metrics([("real_loss", real), ("generated_loss", generated)])
            .with_metrics(generator)
            .with_metrics(distance)
            .with_metrics(of_all("gradient_penalty", self.penalty))
            .with_metrics(of_all("information_loss", self.information))
    }
}

/// One epoch, and whether a callback stopped it.
fn epoch(
    trainer: &mut AdversarialTrainer,
    batches: &mut Batches<'_>,
    fit: &mut AdversarialFit<'_>,
    (number, batch): (usize, usize),
) -> Result<(EpochLogs, bool), Error> {
    let (order, steps) = match batches {
        Batches::Data(data) => {
            let random = Random::new(trainer.seed, Domain::Shuffle, 0, number as u64 - 1);
            let order = match fit.shuffle {
                true => random.permutation(data.samples()),
                false => (0..data.samples()).collect(),
            };
            (order, data.samples().div_ceil(batch))
        }
        Batches::Source(source) => (Vec::new(), source.steps(number)),
    };
    if steps == 0 {
        return Err(
            Error::data(format!("the source has no steps in epoch {number}"))
                .with_hint("let it have at least one"),
        );
    }
    let mut sums = Sums::default();
    let mut stopped = false;
    for step in 0..steps {
        let data = match batches {
            Batches::Data(data) => {
                data.select(&order[step * batch..data.samples().min((step + 1) * batch)])
            }
            Batches::Source(source) => {
                let number = trainer.taken_steps()[0];
                source.batch(number)?.ok_or_else(|| {
                    Error::data(format!("the source has no batch for step {number}"))
                        .with_hint("let its steps be as many as it has batches")
                })?
            }
        };
        let scores = trainer.train_on_batch(&data)?;
        sums.add(&scores, data.samples());
        let told = AdversarialStep {
            number: step + 1,
            steps,
            epoch: number,
            epochs: fit.epochs,
            scores,
            trainer,
        };
        for callback in &mut fit.callbacks {
            stopped |= callback.on_step_end(&told)?.is_break();
        }
        if stopped {
            break;
        }
    }
    Ok((sums.logs(number, trainer.taken_steps()[0]), stopped))
}
