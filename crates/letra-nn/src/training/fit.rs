use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::callbacks::checkpoint::{self, Progress};
use super::callbacks::{Callback, Epoch, Step};
use super::history::{EpochLogs, History};
use crate::Error;
use crate::dataset::Dataset;
use crate::model::Network;
use crate::plan::{Rows, StepResult};
use crate::random::{Purpose, Random};

/// How long and on what to train: the settings of [`Network::fit`].
pub struct Fit<'a> {
    epochs: usize,
    batch: usize,
    shuffle: bool,
    validation: Option<&'a Dataset>,
    callbacks: Vec<&'a mut dyn Callback>,
    resume: Option<PathBuf>,
}

impl<'a> Fit<'a> {
    /// The given number of passes over the data; batches of 32, shuffled, as in Keras.
    pub fn epochs(epochs: usize) -> Self {
        Fit {
            epochs,
            batch: 32,
            shuffle: true,
            validation: None,
            callbacks: Vec::new(),
            resume: None,
        }
    }

    /// Samples in a batch, at least 1. A batch at least as large as the data takes all of
    /// it in its own order, one step an epoch.
    pub fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Whether each epoch takes the samples in a new random order.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Data to evaluate on after each epoch; never trained on.
    pub fn validation(mut self, data: &'a Dataset) -> Self {
        self.validation = Some(data);
        self
    }

    /// Adds something that watches and may stop the training.
    pub fn callback(mut self, callback: &'a mut dyn Callback) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Goes on from a file of the [`super::Checkpoint`] callback, if it is there. The
    /// result has the bits of a training that was never stopped.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Self {
        self.resume = Some(path.as_ref().to_path_buf());
        self
    }
}

impl Network {
    /// Trains for some epochs and returns what was measured.
    ///
    /// # Errors
    /// When the data or the settings do not fit the network, the loss is no longer a
    /// number, or a callback fails.
    pub fn fit(&mut self, data: &Dataset, mut fit: Fit<'_>) -> Result<History, Error> {
        if fit.batch == 0 {
            return Err(Error::Configuration(
                "the batch size is 0: take at least 1 sample a step".into(),
            ));
        }
        self.check_data(data)?;
        if let Some(validation) = fit.validation {
            self.check_data(validation)?;
        }
        let batch = fit.batch.min(data.samples());
        let mut history = self.resume(&fit, batch, data.samples())?;
        self.plan_training(batch, data)?;
        // All of the training runs inside the pool, so that no step waits to enter it.
        let pool = self.pool();
        pool.install(|| self.run(data, &mut fit, batch, &mut history))?;
        Ok(history)
    }

    fn resume(&mut self, fit: &Fit<'_>, batch: usize, samples: usize) -> Result<History, Error> {
        match &fit.resume {
            Some(path) if path.exists() => {
                let wanted = Progress {
                    batch,
                    samples,
                    shuffle: fit.shuffle,
                    history: History::default(),
                };
                checkpoint::load(self, path, &wanted)
            }
            _ => Ok(History::default()),
        }
    }

    fn run(
        &mut self,
        data: &Dataset,
        fit: &mut Fit<'_>,
        batch: usize,
        history: &mut History,
    ) -> Result<(), Error> {
        let first = history.epochs.len() + 1;
        if first > 1 {
            let epoch = self.finished_epoch(data, fit, batch, history);
            for callback in &mut fit.callbacks {
                if callback.on_resume(&epoch)?.is_break() {
                    return Ok(());
                }
            }
        }
        for number in first..=fit.epochs {
            let Some(logs) = self.epoch(data, fit, batch, number)? else {
                return Ok(());
            };
            history.epochs.push(logs);
            let epoch = self.finished_epoch(data, fit, batch, history);
            for callback in &mut fit.callbacks {
                if callback.on_epoch_end(&epoch)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The last epoch of the history, as callbacks see it.
    fn finished_epoch(
        &self,
        data: &Dataset,
        fit: &Fit<'_>,
        batch: usize,
        history: &History,
    ) -> Epoch<'_> {
        Epoch {
            number: history.epochs.len(),
            epochs: fit.epochs,
            progress: Progress {
                batch,
                samples: data.samples(),
                shuffle: fit.shuffle,
                history: history.clone(),
            },
            network: self,
        }
    }

    /// One pass over the data; nothing where a callback stopped it.
    fn epoch(
        &mut self,
        data: &Dataset,
        fit: &mut Fit<'_>,
        batch: usize,
        number: usize,
    ) -> Result<Option<EpochLogs>, Error> {
        let samples = data.samples();
        let steps = samples.div_ceil(batch);
        let order = (fit.shuffle && steps > 1).then(|| {
            // By the step, so that a second call of fit has an order of its own.
            Random::new(self.seed(), Purpose::Shuffle, 0, self.steps()).permutation(samples)
        });
        let mut sums = StepResult::default();
        for step in 0..steps {
            let (start, end) = (step * batch, ((step + 1) * batch).min(samples));
            let rows = match &order {
                Some(order) => Rows::Scattered(&order[start..end]),
                None => Rows::Contiguous(start, end - start),
            };
            let result = self.step(data, rows)?;
            let loss = result.loss;
            sums.samples += result.samples;
            sums.loss += loss * result.samples as f64;
            sums.losses.resize(result.losses.len(), 0.0);
            for (sum, value) in sums.losses.iter_mut().zip(&result.losses) {
                *sum += value * result.samples as f64;
            }
            sums.metrics.resize(result.metrics.len(), 0.0);
            for (sum, value) in sums.metrics.iter_mut().zip(&result.metrics) {
                *sum += value;
            }
            let step = Step {
                number: step + 1,
                steps,
                epoch: number,
                epochs: fit.epochs,
                loss,
            };
            for callback in &mut fit.callbacks {
                if let ControlFlow::Break(()) = callback.on_step_end(&step)? {
                    return Ok(None);
                }
            }
        }
        sums.loss /= sums.samples as f64;
        let samples = sums.samples as f64;
        sums.losses.iter_mut().for_each(|loss| *loss /= samples);
        let scores = self.scores(&sums);
        let validation = fit.validation.map(|data| self.evaluate(data)).transpose()?;
        Ok(Some(EpochLogs {
            epoch: number,
            steps: self.steps(),
            loss: scores.loss,
            metrics: scores.metrics,
            val_loss: validation.as_ref().map(|scores| scores.loss),
            val_metrics: validation.map(|scores| scores.metrics).unwrap_or_default(),
        }))
    }
}
