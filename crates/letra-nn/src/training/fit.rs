use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::best::Best;
use super::callbacks::checkpoint::{self, Progress};
use super::callbacks::{Callback, Epoch, Start, Step};
use super::history::{EpochLogs, History};
use crate::Error;
use crate::dataset::Dataset;
use crate::kernels::sparse::SparseRows;
use crate::model::Network;
use crate::plan::{Batch, Rows, StepResult};
use crate::random::{Purpose, Random};

/// How long and on what to train: the settings of [`Network::fit`].
pub struct Fit<'a> {
    epochs: usize,
    batch: usize,
    shuffle: bool,
    validation: Option<&'a Dataset>,
    callbacks: Vec<&'a mut dyn Callback>,
    resume: Option<PathBuf>,
    class_weights: Option<Vec<f32>>,
    /// Weight of each sample, of its class and its own, where classes have weights.
    weights: Option<Vec<f32>>,
    /// The input as what is not zero in it, where the network wants it so.
    sparse: Option<SparseRows>,
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
            class_weights: None,
            weights: None,
            sparse: None,
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

    /// How much the samples of each class count in the loss, one weight a class, such as more
    /// for a class with few samples. They are multiplied with the samples' own weights (see
    /// [`Dataset::with_sample_weights`]). The validation data is not weighted.
    pub fn class_weights(mut self, weights: impl Into<Vec<f32>>) -> Self {
        self.class_weights = Some(weights.into());
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

    /// The checkpoint to go on from, if there is one.
    fn resumed(&self) -> Option<&Path> {
        self.resume.as_deref().filter(|path| path.exists())
    }
}

impl Network {
    /// Trains for some epochs and returns what was measured.
    ///
    /// Where the data has one input, three quarters of it or more are zero, and the network's first
    /// layers can read it so, as [`crate::layers::Dense`] can, the training holds a copy of what is
    /// not zero, and skips the rest.
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
        let weights = fit.class_weights.as_ref();
        fit.weights = weights
            .map(|weights| data.class_weighted(weights))
            .transpose()?;
        let batch = fit.batch.min(data.samples());
        let mut best = Best::wanted(&fit.callbacks)?;
        let mut history = self.resume(&fit, batch, data.samples(), &mut best)?;
        self.plan_training(batch, data)?;
        self.start(&mut fit)?;
        fit.sparse = self.sparse_input(data);
        let mut callbacks = fit.callbacks.iter();
        self.keep_gradients(callbacks.any(|callback| callback.reads_gradients()));
        // All of the training runs inside the pool, so that no step waits to enter it.
        let pool = self.pool();
        pool.install(|| self.run(data, &mut fit, batch, &mut history, &mut best))?;
        if let Some(best) = best.filter(|best| best.epoch > 0) {
            self.take_weights(&best.weights);
        }
        Ok(history)
    }

    /// What is not zero in the input, where it is mostly zero, as pictures of ink on paper are, and
    /// the network wants it so: it is shorter to read, again and again.
    fn sparse_input(&self, data: &Dataset) -> Option<SparseRows> {
        let wanted = data.other_inputs.is_empty() && self.wants_sparse_input();
        let input = wanted.then_some(&data.inputs)?;
        SparseRows::new(input.sample_values(), input.data())
    }

    fn resume(
        &mut self,
        fit: &Fit<'_>,
        batch: usize,
        samples: usize,
        best: &mut Option<Best>,
    ) -> Result<History, Error> {
        let Some(path) = fit.resumed() else {
            return Ok(History::default());
        };
        let wanted = Progress {
            batch,
            samples,
            shuffle: fit.shuffle,
            history: Cow::default(),
            best_epoch: None,
        };
        let (history, kept) = checkpoint::load(self, path, &wanted)?;
        if let Some(best) = best {
            best.resume(self, &history, kept)?;
        }
        Ok(history)
    }

    /// Asks the callbacks whether the training can begin.
    fn start(&self, fit: &mut Fit<'_>) -> Result<(), Error> {
        let resumed = fit.resumed().map(Path::to_path_buf);
        let start = Start {
            network: self,
            resumed: resumed.as_deref(),
        };
        let mut callbacks = fit.callbacks.iter_mut();
        callbacks.try_for_each(|callback| callback.on_train_begin(&start))
    }

    fn run(
        &mut self,
        data: &Dataset,
        fit: &mut Fit<'_>,
        batch: usize,
        history: &mut History,
        best: &mut Option<Best>,
    ) -> Result<(), Error> {
        let first = history.epochs.len() + 1;
        if first > 1 {
            let epoch = self.finished_epoch(data, fit, batch, history, best.as_ref());
            for callback in &mut fit.callbacks {
                if callback.on_resume(&epoch)?.is_break() {
                    return Ok(());
                }
            }
        }
        for number in first..=fit.epochs {
            self.take_learning_rate(fit, history)?;
            let Some(logs) = self.epoch(data, fit, batch, number)? else {
                return Ok(());
            };
            history.epochs.push(logs);
            if let Some(best) = best {
                best.look(self, history)?;
            }
            let epoch = self.finished_epoch(data, fit, batch, history, best.as_ref());
            for callback in &mut fit.callbacks {
                if callback.on_epoch_end(&epoch)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Sets the factor of the learning rate that the callbacks want, if any wants one.
    fn take_learning_rate(&mut self, fit: &Fit<'_>, history: &History) -> Result<(), Error> {
        let mut product = None;
        for callback in &fit.callbacks {
            if let Some(factor) = callback.learning_rate_factor(history)? {
                product = Some(product.unwrap_or(1.0) * factor);
            }
        }
        product.map_or(Ok(()), |factor| self.set_learning_rate_factor(factor))
    }

    /// The last epoch of the history, as callbacks see it.
    fn finished_epoch<'a>(
        &'a self,
        data: &Dataset,
        fit: &Fit<'_>,
        batch: usize,
        history: &'a History,
        best: Option<&'a Best>,
    ) -> Epoch<'a> {
        Epoch {
            number: history.epochs.len(),
            epochs: fit.epochs,
            progress: Progress {
                batch,
                samples: data.samples(),
                shuffle: fit.shuffle,
                history: Cow::Borrowed(history),
                best_epoch: best.map(|best| best.epoch),
            },
            best: best.map(|best| best.weights.as_slice()),
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
        let weights = fit.weights.as_deref().or(data.sample_weights.as_deref());
        let mut sums = StepResult::default();
        for step in 0..steps {
            let (start, end) = (step * batch, ((step + 1) * batch).min(samples));
            let rows = match &order {
                Some(order) => Rows::Scattered(&order[start..end]),
                None => Rows::Contiguous(start, end - start),
            };
            let result = self.step(Batch {
                inputs: data.into(),
                targets: Some(data),
                rows,
                weights,
                sparse: fit.sparse.as_ref(),
            })?;
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
                network: self,
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
