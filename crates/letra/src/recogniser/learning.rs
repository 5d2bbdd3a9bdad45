//! Learning to tell faces apart, on samples drawn while it goes on.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};
use serde::{Deserialize, Serialize};

use super::samples::Drawn;
use super::{KnownFace, Recogniser, TrainingFacts, network};
use crate::failure::Failure;
use crate::interrupt::{Interrupt, Keeping};
use crate::progress;
use crate::report::numbers::thousands;
use crate::terminal::{Text, say};

/// Samples a step.
pub const BATCH: usize = 128;

/// Time between two checkpoints.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(60);

/// Parts of the bar.
const PARTS: u64 = 1000;

/// How long to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// So long; how many steps that makes depends on the machine.
    Time(Duration),
    /// So many steps; with the same seed and fonts the result is the same to the last bit.
    Steps(u64),
}

/// What to learn, and how.
#[derive(Debug)]
pub struct Learning<'a> {
    /// The faces.
    pub fonts: &'a [Font],
    /// How long.
    pub budget: Budget,
    /// Decides the initial weights and every sample.
    pub seed: u64,
    /// Threads; 0 takes one a core.
    pub threads: usize,
    /// Where the model will be written; the state is kept beside it until then.
    pub model: PathBuf,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
}

/// What was learnt.
pub struct Learnt {
    /// Who can tell the faces apart.
    pub recogniser: Recogniser,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

/// What the checkpoint of a training notes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    faces: Vec<KnownFace>,
    seed: u64,
    seconds: f64,
}

impl Learning<'_> {
    /// Trains and calibrates a recogniser. Asked to stop while it trains, it keeps a checkpoint.
    ///
    /// # Errors
    /// Fonts that cannot be drawn; a checkpoint that cannot be written or read or belongs to
    /// another training; the reader asked to stop.
    pub fn run(&self, interrupt: &Interrupt) -> Result<Learnt, Failure> {
        let failed = |error: Error| Failure::new(format!("cannot learn: {error}"));
        let sampler = Sampler::new(self.fonts, Distortions::default())?;
        let faces: Vec<KnownFace> = self.fonts.iter().map(KnownFace::of).collect();
        let mut trainer = network::whole(faces.len(), self.seed, self.threads).map_err(failed)?;
        self.check_room(&trainer)?;
        let mut drawn = Drawn::new(&sampler, self.seed, self.budget, self.threads);
        let mut watch = Watch::new(self, &faces, interrupt);
        let mut fit = Fit::epochs(drawn.epochs()).callback(&mut watch);
        if self.resume {
            let checkpoint = self.checkpoint();
            fs::metadata(&checkpoint).map_err(|error| {
                Failure::new(format!("cannot resume: {}: {error}", checkpoint.display()))
                    .hint("give the -o FILE it was begun with, or leave --resume out")
            })?;
            fit = fit.resume(checkpoint);
        }
        let fitted = trainer.fit(&mut drawn, fit);
        watch.bar.finish_and_clear();
        let Watch {
            kept,
            failure,
            keeping,
            ..
        } = watch;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let history = fitted.map_err(|error| match self.resume && keeping.is_none() {
            true => wrong_checkpoint(&error.to_string()),
            false => failed(error),
        })?;
        if interrupt.requested() {
            let failure = Failure::interrupted(format!(
                "stopped after {} steps; {} holds the state after step {}",
                thousands(trainer.steps()),
                self.checkpoint().display(),
                thousands(kept)
            ));
            return Err(failure.hint("the same command with --resume goes on from there"));
        }
        interrupt.remains(format!(
            "{} holds the state after step {}; the same command with --resume goes on from there",
            self.checkpoint().display(),
            thousands(kept)
        ));
        drop(keeping);
        let facts = TrainingFacts {
            steps: trainer.steps(),
            batch: BATCH,
            seed: self.seed,
            minutes: match self.budget {
                Budget::Time(time) => Some(time.as_secs_f64() / 60.0),
                Budget::Steps(_) => None,
            },
            accuracy: lately(&history, "accuracy"),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let recogniser = Recogniser::calibrated(&trainer, faces, facts, &sampler)?;
        Ok(Learnt { recogniser, kept })
    }

    fn checkpoint(&self) -> PathBuf {
        checkpoint_of(&self.model)
    }

    /// A folder without room or rights for the model is found out before an hour's work, not after
    /// it.
    fn check_room(&self, trainer: &Trainer) -> Result<(), Failure> {
        let bytes = trainer.to_bytes();
        let size = bytes.map_err(|error| Failure::new(format!("cannot learn: {error}")))?;
        has_room(&self.model, size.len() as u64)
    }

    /// The next checkpoint stands beside the first for a moment.
    fn check_room_of_the_next(&self) -> Result<(), Failure> {
        let checkpoint = self.checkpoint();
        let size = fs::metadata(&checkpoint).map_or(0, |file| file.len());
        has_room(&checkpoint, size)
    }

    /// The share of the budget that is used up.
    fn done(&self, steps: u64, seconds: f64) -> f64 {
        match self.budget {
            Budget::Time(time) => seconds / time.as_secs_f64(),
            Budget::Steps(all) => steps as f64 / all as f64,
        }
    }
}

/// Watches a training: shows how far it is, turns its rate, keeps its state, and ends it.
struct Watch<'a> {
    learning: &'a Learning<'a>,
    faces: &'a [KnownFace],
    interrupt: &'a Interrupt,
    bar: ProgressBar,
    /// Seconds of trainings that this one goes on from.
    before: f64,
    start: Instant,
    /// The step whose state was kept last, and when.
    kept: u64,
    kept_at: Instant,
    warned: bool,
    /// Whether the last step, whose state was then kept, is to be the end.
    ends: bool,
    /// Why the training cannot begin.
    failure: Option<Failure>,
    keeping: Option<Keeping>,
    loss: f64,
    accuracy: f64,
}

impl<'a> Watch<'a> {
    fn new(learning: &'a Learning<'a>, faces: &'a [KnownFace], interrupt: &'a Interrupt) -> Self {
        Self {
            learning,
            faces,
            interrupt,
            bar: progress::bar("{prefix} {bar:30.cyan/dim} {msg}", PARTS),
            before: 0.0,
            start: Instant::now(),
            kept: 0,
            kept_at: Instant::now(),
            warned: false,
            ends: false,
            failure: None,
            keeping: None,
            loss: 0.0,
            accuracy: 0.0,
        }
    }

    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    fn note(&self) -> serde_json::Value {
        serde_json::json!(Note {
            faces: self.faces.to_vec(),
            seed: self.learning.seed,
            seconds: self.seconds(),
        })
    }

    /// Takes up the checkpoint's note, and keeps the first state.
    fn begin(&mut self, start: &Start<'_>) -> Result<(), Failure> {
        if start.resumed.is_some() {
            let checkpoint = self.learning.checkpoint();
            let wrong =
                |problem: &str| wrong_checkpoint(&format!("{}: {problem}", checkpoint.display()));
            let note: Note = serde_json::from_value(start.note.clone())
                .map_err(|error| wrong(&error.to_string()))?;
            if note.faces != self.faces || note.seed != self.learning.seed {
                return Err(wrong(
                    "it belongs to a training of other fonts or another seed",
                ));
            }
            self.before = note.seconds;
        }
        let kept = start.save_checkpoint(self.learning.checkpoint(), self.note());
        kept.map_err(unkept)?;
        self.kept = start.trainer.steps();
        self.keeping = Some(self.interrupt.keeping());
        self.learning.check_room_of_the_next()
    }

    fn show(&self, done: f64, steps: u64) {
        let done = done.min(1.0);
        self.bar.set_position((done * PARTS as f64) as u64);
        self.bar.set_prefix(format!("{:3.0}%", done * 100.0));
        self.bar.set_message(self.message(done, steps));
    }

    fn message(&self, done: f64, steps: u64) -> String {
        let left = match done > 0.0 {
            true => remaining(self.seconds() * (1.0 / done - 1.0).max(0.0)),
            false => String::new(),
        };
        format!(
            "{left}  step {}  loss {:.3}  accuracy {:4.1}% of windows never seen",
            thousands(steps),
            self.loss,
            self.accuracy * 100.0
        )
    }

    /// Keeps the state; without room for it, the training goes on, with a warning.
    fn keep(&mut self, step: &Step<'_>) {
        self.kept_at = Instant::now();
        match step.save_checkpoint(self.learning.checkpoint(), self.note()) {
            Ok(()) => self.kept = step.trainer.steps(),
            // Room may be there again before the end; the older checkpoint still is.
            Err(error) if !self.warned => {
                self.warned = true;
                let mut text: Text = unkept(error).text();
                text.line("hint: learning goes on; make room");
                self.bar.suspend(|| say(text));
            }
            Err(_) => {}
        }
    }
}

impl Callback for Watch<'_> {
    fn on_train_begin(&mut self, start: &Start<'_>) -> Result<(), Error> {
        self.begin(start).map_err(|failure| {
            let error = Error::callback(failure.to_string());
            self.failure = Some(failure);
            error
        })
    }

    fn learning_rate_factor(&self, history: &History) -> Result<Option<f32>, Error> {
        let steps = history.last().map_or(0, |logs| logs.steps());
        let done = self.learning.done(steps, self.seconds());
        Ok(Some(network::rate_factor(done)))
    }

    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        let steps = step.trainer.steps();
        let done = self.learning.done(steps, self.seconds());
        self.show(done, steps);
        self.ends = done >= 1.0 || self.interrupt.requested();
        if !self.ends && self.kept_at.elapsed() > BETWEEN_CHECKPOINTS && self.bar.is_hidden() {
            let message = self.message(done, steps);
            say(format!("{:3.0}%  {message}", done * 100.0));
        }
        // At the end once more, for what comes may yet be stopped, or find no room for the model.
        if self.ends || self.kept_at.elapsed() > BETWEEN_CHECKPOINTS {
            self.keep(step);
        }
        let is_last = step.number == step.steps;
        Ok(match self.ends && !is_last {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        self.accuracy = lately(epoch.history(), "accuracy");
        self.loss = lately(epoch.history(), "loss");
        // Not by what has come since: the state of this step was not kept then.
        Ok(match self.ends {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

/// Mean of a value over the last epochs.
fn lately(history: &History, name: &str) -> f64 {
    const EPOCHS: usize = 20;
    let first = history.epochs().len().saturating_sub(EPOCHS);
    let values = history.epochs()[first..].iter();
    let values: Vec<f64> = values.filter_map(|logs| logs.get(name)).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn wrong_checkpoint(problem: &str) -> Failure {
    Failure::new(format!("cannot resume: {problem}")).hint(
        "give the fonts and the seed it was begun with, or begin anew with --start-over in place \
         of --resume",
    )
}

fn unkept(error: Error) -> Failure {
    Failure::new(format!("cannot keep the state of the training: {error}"))
        .hint("name a file with -o in a folder that can be written and has room")
}

/// Where the state of a training is kept until its model is written.
pub fn checkpoint_of(model: &Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}

fn has_room(path: &Path, size: u64) -> Result<(), Failure> {
    letra_files::check(path, size)
        .map_err(|error| Failure::unwritable("write", path, &error, "-o FILE"))
}

/// Seconds as a person says them.
fn remaining(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds if seconds < 60 => format!("{seconds} s left"),
        seconds => format!("{}:{:02} min left", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let rates: Vec<f32> = (0..=100)
            .map(|p| network::rate_factor(f64::from(p) / 100.0))
            .collect();
        assert!(rates[0] < 0.1 && rates[2] > 0.99 && rates[100] < 0.01);
        assert!(rates[2..].windows(2).all(|pair| pair[1] <= pair[0]));
    }

    #[test]
    fn time_left_is_said_in_minutes_where_there_are_some() {
        assert_eq!(remaining(59.4), "59 s left");
        assert_eq!(remaining(125.0), "2:05 min left");
    }
}
