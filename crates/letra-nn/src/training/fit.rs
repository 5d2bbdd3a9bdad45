use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::best::Best;
use super::callbacks::checkpoint::{self, Loaded, Settings};
use super::callbacks::{Callback, End, Epoch, Position, Start, Step};
use super::history::{EpochLogs, History};
use super::order::order;
use super::source::{Batches, Source};
use super::trainer::{Trainer, sparse_input};
use super::unoptimised::warn_of_slow_kernels;
use crate::Error;
use crate::dataset::Dataset;
use crate::kernels::sparse::SparseRows;
use crate::network::is_within;
use crate::places::Places;
use crate::plan::{Batch, StepResult};
use crate::random::{Domain, Random};
use crate::rows::Rows;

/// Samples in a batch, unless something else is said.
const USUAL_BATCH: usize = 32;

/// How long and on what to train: the settings of [`Trainer::fit`].
///
/// ```
/// use letra_nn::prelude::*;
///
/// let points = Tensor::new([4, 1], vec![-2.0, -1.0, 1.0, 2.0])?;
/// let data = Dataset::classes(points, vec![0, 0, 1, 1], 2)?;
/// let mut network = Sequential::new([1]).add(Dense::new(2)).compile(Compile::new(Sgd::new(0.1)))?;
/// let mut stopping = EarlyStopping::new().patience(3);
/// let fit = Fit::epochs(20).batch_size(2).shuffle(true).validation_data(&data).callback(&mut stopping);
/// let history = network.fit(&data, fit)?;
/// assert!(history.epochs().len() <= 20);
/// # Ok::<(), letra_nn::Error>(())
/// ```
pub struct Fit<'a> {
    epochs: usize,
    batch: Option<usize>,
    shuffle: Option<bool>,
    validation: Option<&'a Dataset>,
    validation_split: Option<f64>,
    callbacks: Vec<&'a mut dyn Callback>,
    resume: Option<PathBuf>,
    changes: bool,
    class_weights: Option<Vec<f32>>,
    bucket_by_length: bool,
}

impl<'a> Fit<'a> {
    /// The given number of passes over the data; batches of 32, shuffled, as in Keras.
    pub fn epochs(epochs: usize) -> Self {
        Fit {
            epochs,
            batch: None,
            shuffle: None,
            validation: None,
            validation_split: None,
            callbacks: Vec::new(),
            resume: None,
            changes: false,
            class_weights: None,
            bucket_by_length: false,
        }
    }

    /// Samples in a batch, at least 1. A batch at least as large as the data takes all of
    /// it in its own order, one step an epoch. A [`Source`] makes its own batches.
    pub fn batch_size(mut self, batch: usize) -> Self {
        self.batch = Some(batch);
        self
    }

    /// Whether each epoch takes the samples in a new random order. Unless told otherwise it does, but
    /// for a network that carries states from batch to batch, for which it is refused.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = Some(shuffle);
        self
    }

    /// Data to evaluate on after each epoch; never trained on.
    pub fn validation_data(mut self, data: &'a Dataset) -> Self {
        self.validation = Some(data);
        self
    }

    /// The share of the data, from 0 to 1, that is evaluated on after each epoch and never trained on:
    /// its last samples, as they stand before any shuffling, as in Keras. They are copied.
    pub fn validation_split(mut self, share: f64) -> Self {
        self.validation_split = Some(share);
        self
    }

    /// How much the samples of each class count in the loss, one weight a class, such as more
    /// for a class with few samples; for one output, first that of no, then of yes. They are
    /// multiplied with the samples' own weights (see [`Dataset::with_sample_weights`]). Where each place
    /// of a sample, such as a step, has a class, each counts by its own. The validation data is not
    /// weighted. Where a sample has several labels, it has no class, and this is refused; so it is, as in
    /// Keras, for a network of several outputs, each of which may say another class.
    pub fn class_weight(mut self, weights: impl Into<Vec<f32>>) -> Self {
        self.class_weights = Some(weights.into());
        self
    }

    /// Whether the sequences of a batch are of like lengths, by the network's first mask, so that
    /// recurrent layers, which stop where the longest ends, have less to do. The batches come in a random
    /// order, and which sequences of one length are in which batch is random, too, where
    /// [`shuffle`](Self::shuffle) is on; without it, they come from the shortest to the longest. A few
    /// that fill no batch come last.
    pub fn bucket_by_length(mut self, bucket_by_length: bool) -> Self {
        self.bucket_by_length = bucket_by_length;
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

    /// Whether a training that goes on from a checkpoint may have another rate, schedule, loss, batch
    /// size, data and seed than it had; without this, a checkpoint of other settings is refused. The
    /// layers, the metrics and the kind of the optimizer stay. An epoch that was under way begins anew.
    pub fn changes(mut self, changes: bool) -> Self {
        self.changes = changes;
        self
    }

    /// Takes the samples of a batch, for a training that makes its own batches of them.
    pub(crate) fn take_batch_size(&mut self) -> usize {
        self.batch.take().unwrap_or(USUAL_BATCH)
    }

    /// The checkpoint to go on from, if there is one.
    fn resumed(&self) -> Option<&Path> {
        self.resume.as_deref().filter(|path| path.exists())
    }
}

/// What a training takes its batches from, ready to be trained on.
enum Supply<'a> {
    Data {
        data: &'a Dataset,
        batch: usize,
        shuffle: bool,
        /// How much the places of each output count.
        places: Vec<Option<Places>>,
        /// How many steps of each sample count, where batches are of like lengths.
        lengths: Option<Vec<usize>>,
        /// The input as its non-zero values, where the network wants it so.
        sparse: Option<SparseRows>,
    },
    Source {
        source: &'a mut dyn Source,
        class_weights: Option<Vec<f32>>,
    },
}

impl Supply<'_> {
    /// Steps of an epoch.
    fn steps(&self, epoch: usize) -> usize {
        match self {
            Supply::Data { data, batch, .. } => data.samples().div_ceil(*batch),
            Supply::Source { source, .. } => source.steps(epoch),
        }
    }

    /// What a checkpoint must be resumed with.
    fn settings(&self) -> Settings {
        match self {
            Supply::Data {
                data,
                batch,
                shuffle,
                lengths,
                ..
            } => Settings {
                batch: *batch,
                samples: data.samples(),
                shuffle: *shuffle,
                by_length: lengths.is_some(),
            },
            Supply::Source { .. } => Settings {
                batch: 0,
                samples: 0,
                shuffle: false,
                by_length: false,
            },
        }
    }
}

/// Tells all callbacks of something; says whether one of them ends the training.
///
/// # Errors
/// The first that one of them gives.
fn tell(
    callbacks: &mut [&mut dyn Callback],
    mut what: impl FnMut(&mut dyn Callback) -> Result<ControlFlow<()>, Error>,
) -> Result<bool, Error> {
    let mut ends = false;
    for callback in callbacks {
        ends |= what(*callback)?.is_break();
    }
    Ok(ends)
}

/// What a training has come to.
struct State<'v> {
    /// What is evaluated on after each epoch.
    validation: Option<&'v Dataset>,
    /// What the optimizer's rate was multiplied by before any callback had a word.
    rate_factor: f32,
    history: History,
    best: Option<Best>,
    /// Steps of the epoch that is under way, and their sums.
    step: usize,
    sums: StepResult,
    /// The epoch that a callback ended in its middle. A checkpoint does without it: a training that
    /// goes on finishes the epoch.
    stopped: Option<EpochLogs>,
}

impl State<'_> {
    /// Keeps the weights where they are the best so far.
    fn look(&mut self, trainer: &Trainer) -> Result<(), Error> {
        match &mut self.best {
            Some(best) => best.look(trainer, &self.history),
            None => Ok(()),
        }
    }

    fn position(&self, settings: Settings) -> Position<'_> {
        Position {
            settings,
            rate_factor: self.rate_factor,
            history: &self.history,
            best: self.best.as_ref(),
            step: self.step,
            sums: (self.step > 0).then_some(&self.sums),
        }
    }
}

/// Refuses batches that do not go on with each other, row by row.
fn check_stateful(samples: usize, batch: usize, fit: &Fit<'_>) -> Result<(), Error> {
    if fit.shuffle == Some(true) || fit.bucket_by_length {
        return Err(Error::configuration(
            "the network carries states from batch to batch, but the samples would be shuffled",
        )
        .with_hint("leave shuffle and bucket_by_length out, or let no layer be stateful"));
    }
    match samples % batch {
        0 => Ok(()),
        left => Err(Error::data(format!(
            "the network carries states from batch to batch, but {samples} samples in batches of \
             {batch} leave one of {left}"
        ))
        .with_hint(format!(
            "take a batch_size that divides them, or leave out the last {left}"
        ))),
    }
}

impl Trainer {
    /// Trains for some epochs, on a data set or on a [`Source`], and returns what was measured.
    ///
    /// Where the data has one input, three quarters of it or more are zero, and the network's first
    /// layers can read it so, as [`crate::layers::Dense`] can, the training holds a copy of its
    /// non-zero values, and skips the rest.
    ///
    /// Layers that are [stateful](crate::layers::Lstm::stateful) begin each epoch with zeros and carry
    /// their states from batch to batch: the samples are taken in their order, in batches of one size,
    /// of which row *i* goes on with row *i* of the one before. [`Dataset::next_step_values`] and
    /// [`Dataset::next_step_classes`] lay a long series out so.
    ///
    /// Where `letra-kernels` is not optimised, as in a usual debug build, the first call says so on
    /// standard error: it is some 100 to 200 times slower.
    ///
    /// # Errors
    /// When the data or the settings do not fit the network, the loss is no longer a
    /// number, a source ends early or fails, or a callback fails.
    pub fn fit<'a>(
        &mut self,
        batches: impl Into<Batches<'a>>,
        fit: Fit<'_>,
    ) -> Result<History, Error> {
        warn_of_slow_kernels();
        match (batches.into(), fit.validation_split) {
            (batches, None) => {
                let validation = fit.validation;
                self.fit_on(batches, fit, validation)
            }
            (_, Some(_)) if fit.validation.is_some() => Err(Error::configuration(
                "there is validation data, and a share of the data is to be that, too",
            )
            .with_hint("leave one out")),
            (Batches::Source(_), Some(_)) => Err(Error::configuration(
                "a source has no share that is kept for validation",
            )
            .with_hint("give validation data of its own")),
            (Batches::Data(data), Some(share)) => {
                let (train, validation) = data.split(share)?;
                self.fit_on(Batches::Data(&train), fit, Some(&validation))
            }
        }
    }

    fn fit_on(
        &mut self,
        batches: Batches<'_>,
        mut fit: Fit<'_>,
        validation: Option<&Dataset>,
    ) -> Result<History, Error> {
        if let Some(validation) = validation {
            self.check_data(validation)?;
        }
        let mut supply = self.supply(batches, &fit)?;
        let best = Best::wanted(&fit.callbacks)?;
        let (mut state, note) = self.resume(&fit, &supply, best)?;
        state.validation = validation;
        self.start(&mut fit, &state, supply.settings(), &note)?;
        let mut callbacks = fit.callbacks.iter();
        self.keep_gradients(callbacks.any(|callback| callback.reads_gradients()));
        // All of the training runs inside the pool, so that no step waits to enter it.
        let workers = self.workers();
        workers.install_training(|| self.run(&mut supply, &mut fit, &mut state))?;
        let end = End {
            trainer: self,
            epochs: fit.epochs,
            position: state.position(supply.settings()),
        };
        let mut callbacks = fit.callbacks.iter_mut();
        callbacks.try_for_each(|callback| callback.on_train_end(&end))?;
        if let Some(logs) = state.stopped.take() {
            state.history.push(logs);
            state.look(self)?;
        }
        if let Some(best) = state.best.filter(|best| best.epoch > 0) {
            self.set_values(&best.weights);
        }
        Ok(state.history)
    }

    /// Checks the settings and the data, if they are there, and brings them into the form in which
    /// they are trained on.
    fn supply<'a>(&mut self, batches: Batches<'a>, fit: &Fit<'_>) -> Result<Supply<'a>, Error> {
        let outputs = self.measured().outputs();
        if fit.class_weights.is_some() && outputs > 1 {
            return Err(Error::configuration(format!(
                "class weights are for networks of one output, and this one has {outputs}"
            ))
            .with_hint("weigh the samples themselves by Dataset::with_sample_weights"));
        }
        let data = match batches {
            Batches::Data(data) => data,
            Batches::Source(_)
                if fit.batch.is_some() || fit.shuffle.is_some() || fit.bucket_by_length =>
            {
                return Err(Error::configuration(
                    "a source makes its own batches, in its own order",
                )
                .with_hint("leave out batch, shuffle and bucket_by_length"));
            }
            Batches::Source(source) => {
                return Ok(Supply::Source {
                    source,
                    class_weights: fit.class_weights.clone(),
                });
            }
        };
        let batch = fit.batch.unwrap_or(USUAL_BATCH);
        if batch == 0 {
            return Err(Error::configuration("the batch size is 0")
                .with_hint("take at least 1 sample a step"));
        }
        self.check_data(data)?;
        let batch = batch.min(data.samples());
        if self.is_stateful() {
            check_stateful(data.samples(), batch, fit)?;
        }
        let places = self.places(data, fit.class_weights.as_deref())?;
        let lengths = fit
            .bucket_by_length
            .then(|| self.counted_steps(data.into()));
        self.plan_training(batch, data)?;
        Ok(Supply::Data {
            data,
            batch,
            shuffle: fit.shuffle.unwrap_or(!self.is_stateful()),
            places,
            lengths: lengths.transpose()?,
            sparse: sparse_input(self.training_plan(), data),
        })
    }

    /// Where the training begins, and the note of the checkpoint that it goes on from.
    fn resume<'v>(
        &mut self,
        fit: &Fit<'_>,
        supply: &Supply<'_>,
        mut best: Option<Best>,
    ) -> Result<(State<'v>, serde_json::Value), Error> {
        let mut loaded = match fit.resumed() {
            Some(path) => checkpoint::load(self, path, supply.settings(), fit.changes)?,
            None => Loaded::default(),
        };
        loaded.history.directions = self.directions();
        if let Some(best) = best
            .as_mut()
            .filter(|_| !loaded.history.epochs().is_empty())
        {
            best.resume(self, &loaded.history, loaded.best)?;
        }
        let state = State {
            validation: None,
            rate_factor: loaded.rate_factor.unwrap_or(self.rate_factor),
            history: loaded.history,
            best,
            step: loaded.step,
            sums: loaded.sums,
            stopped: None,
        };
        Ok((state, loaded.note))
    }

    /// Asks the callbacks whether the training can begin.
    fn start(
        &self,
        fit: &mut Fit<'_>,
        state: &State<'_>,
        settings: Settings,
        note: &serde_json::Value,
    ) -> Result<(), Error> {
        let resumed = fit.resumed().map(Path::to_path_buf);
        let start = Start {
            trainer: self,
            resumed: resumed.as_deref(),
            note,
            measured: &self.names(state.validation.is_some()),
            position: state.position(settings),
        };
        let mut callbacks = fit.callbacks.iter_mut();
        callbacks.try_for_each(|callback| callback.on_train_begin(&start))
    }

    fn run(
        &mut self,
        supply: &mut Supply<'_>,
        fit: &mut Fit<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Error> {
        let settings = supply.settings();
        let first = state.history.epochs().len() + 1;
        if first > 1 && state.step == 0 {
            let epoch = self.finished_epoch(fit.epochs, &state.history, state.position(settings));
            if tell(&mut fit.callbacks, |callback| callback.on_resume(&epoch))? {
                return Ok(());
            }
        }
        for number in first..=fit.epochs {
            self.take_learning_rate(fit, state)?;
            self.take_still_layers(fit, state)?;
            let stops = self.epoch(supply, fit, state, number)?;
            let ended_early = state.step < supply.steps(number);
            // Of a whole epoch they are asked for no more.
            let sums = match ended_early {
                true => state.sums.clone(),
                false => std::mem::take(&mut state.sums),
            };
            let logs = self.finish_epoch(sums, state.validation, number)?;
            let mut stopped = None;
            if ended_early {
                state.stopped = Some(logs.clone());
                let history = stopped.insert(state.history.clone());
                history.push(logs);
            } else {
                state.history.push(logs);
                state.step = 0;
                state.look(self)?;
            }
            let history = stopped.as_ref().unwrap_or(&state.history);
            let epoch = self.finished_epoch(fit.epochs, history, state.position(settings));
            if tell(&mut fit.callbacks, |callback| callback.on_epoch_end(&epoch))? || stops {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The last epoch of the history, as callbacks see it.
    fn finished_epoch<'a>(
        &'a self,
        epochs: usize,
        history: &'a History,
        position: Position<'a>,
    ) -> Epoch<'a> {
        Epoch {
            number: history.epochs().len(),
            epochs,
            trainer: self,
            history,
            position,
        }
    }

    /// Sets the factor of the learning rate that the callbacks want, if any wants one.
    fn take_learning_rate(&mut self, fit: &Fit<'_>, state: &State<'_>) -> Result<(), Error> {
        let mut product = None;
        for callback in &fit.callbacks {
            if let Some(factor) = callback.learning_rate_factor(&state.history)? {
                product = Some(product.unwrap_or(state.rate_factor) * factor);
            }
        }
        product.map_or(Ok(()), |factor| self.set_learning_rate_factor(factor))
    }

    /// Lets all learn but what the callbacks name, if any has a say in it.
    fn take_still_layers(&mut self, fit: &Fit<'_>, state: &State<'_>) -> Result<(), Error> {
        let mut still: Option<Vec<String>> = None;
        for callback in &fit.callbacks {
            if let Some(layers) = callback.still_layers(&state.history)? {
                still.get_or_insert_default().extend(layers);
            }
        }
        match still {
            None => Ok(()),
            Some(still) => self.learn_only(|parameter| {
                let layer = parameter.rsplit_once('/').map_or("", |(layer, _)| layer);
                !still.iter().any(|part| is_within(layer, part))
            }),
        }
    }

    /// What is left of a pass over the data, its sums in the state; says whether a callback stopped
    /// it.
    fn epoch(
        &mut self,
        supply: &mut Supply<'_>,
        fit: &mut Fit<'_>,
        state: &mut State<'_>,
        number: usize,
    ) -> Result<bool, Error> {
        let settings = supply.settings();
        let steps = supply.steps(number);
        if steps == 0 {
            return Err(
                Error::data(format!("epoch {number} of the source has no steps"))
                    .with_hint("give it at least one"),
            );
        }
        // By the step, so that a second call of fit has an order of its own.
        let begun = self.steps() - state.step as u64;
        let order = match supply {
            _ if steps == 1 => Vec::new(),
            Supply::Data {
                data,
                batch,
                shuffle,
                lengths,
                ..
            } => order(data.samples(), *batch, lengths.as_deref(), &|list| {
                let random = Random::new(self.seed, Domain::Shuffle, list, begun);
                shuffle.then_some(random)
            }),
            Supply::Source { .. } => Vec::new(),
        };
        if state.step == 0 {
            self.reset_states();
        }
        for step in state.step..steps {
            let result = match supply {
                Supply::Data {
                    data,
                    batch,
                    places,
                    sparse,
                    ..
                } => {
                    let (start, end) = (step * *batch, ((step + 1) * *batch).min(data.samples()));
                    self.plan_rows(end - start, data)?;
                    let rows = match order.is_empty() {
                        false => Rows::Scattered(&order[start..end]),
                        true => Rows::Contiguous(start, end - start),
                    };
                    self.step(Batch {
                        inputs: (*data).into(),
                        targets: Some(data),
                        rows,
                        places,
                        sparse: sparse.as_ref(),
                        carried: &[],
                    })?
                }
                Supply::Source {
                    source,
                    class_weights,
                } => self.step_of_source(&mut **source, class_weights.as_deref(), (step, steps))?,
            };
            state.sums.add(result);
            state.step = step + 1;
            let loss = result.loss;
            let step = Step {
                number: state.step,
                steps,
                epoch: number,
                epochs: fit.epochs,
                loss,
                trainer: self,
                position: state.position(settings),
            };
            if tell(&mut fit.callbacks, |callback| callback.on_step_end(&step))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A step on the next batch of a source, number `place.0` of an epoch of `place.1`.
    fn step_of_source(
        &mut self,
        source: &mut dyn Source,
        class_weights: Option<&[f32]>,
        place: (usize, usize),
    ) -> Result<&StepResult, Error> {
        let Some(data) = source.batch(self.steps())? else {
            return Err(Error::data(format!(
                "the source ended after {} of the epoch's {} steps",
                place.0, place.1
            ))
            .with_hint("let it say fewer, or give more"));
        };
        self.check_data(&data)?;
        let places = self.places(&data, class_weights)?;
        self.step_on_all(&data, &places)
    }

    /// What an epoch was measured by.
    fn finish_epoch(
        &self,
        mut sums: StepResult,
        validation: Option<&Dataset>,
        number: usize,
    ) -> Result<EpochLogs, Error> {
        let samples = sums.samples as f64;
        sums.loss /= samples;
        sums.losses.iter_mut().for_each(|loss| *loss /= samples);
        let scores = self.scores(&sums);
        let validation = validation.map(|data| self.validate(data)).transpose()?;
        let logs = EpochLogs::new(number, self.steps(), scores.loss).with_metrics(scores.metrics);
        Ok(match validation {
            Some(scores) => logs
                .with_val_loss(scores.loss)
                .with_val_metrics(scores.metrics),
            None => logs,
        })
    }
}
