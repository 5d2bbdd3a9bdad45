//! Long trainings on samples that are drawn while they go on: for how long, kept and resumed.

use std::fs;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;
use letra_type::Font;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::interrupt::{Interrupt, Keeping};
use crate::progress;
use crate::report::numbers::thousands;
use crate::terminal::{Text, say};

/// Time between two checkpoints.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(60);

/// Parts of the bar.
const PARTS: u64 = 1000;

/// Epochs that a training is to have, about: after each, the learning rate is turned.
const EPOCHS: u64 = 100;

/// Steps that an epoch has at most.
const MOST_STEPS: u64 = 50;

/// How long to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// So long; how many steps that makes depends on the machine.
    Time(Duration),
    /// So many steps; with the same seed and fonts the result is the same to the last bit.
    Steps(u64),
}

impl Budget {
    /// Minutes, where it is a time.
    pub fn minutes(self) -> Option<f64> {
        match self {
            Self::Time(time) => Some(time.as_secs_f64() / 60.0),
            Self::Steps(_) => None,
        }
    }

    /// Steps of an epoch, but for the last.
    fn each(self) -> u64 {
        let about = match self {
            Self::Steps(all) => all / EPOCHS,
            // Where a step takes a tenth of a second.
            Self::Time(time) => time.as_secs() * 10 / EPOCHS,
        };
        about.clamp(1, MOST_STEPS)
    }

    /// Steps of an epoch, the first of which is 1.
    pub fn steps(self, epoch: usize) -> usize {
        let (each, before) = (self.each(), (epoch as u64 - 1) * self.each());
        let left = match self {
            Self::Steps(all) => all.saturating_sub(before),
            Self::Time(_) => each,
        };
        left.min(each) as usize
    }

    /// Epochs that are to be trained.
    fn epochs(self) -> usize {
        match self {
            Self::Steps(all) => all.div_ceil(self.each()).try_into().unwrap_or(usize::MAX),
            Self::Time(_) => usize::MAX,
        }
    }

    /// The share of it that is used up.
    fn done(self, steps: u64, seconds: f64) -> f64 {
        match self {
            Self::Time(time) => seconds / time.as_secs_f64(),
            Self::Steps(all) => steps as f64 / all as f64,
        }
    }
}

/// What a model learns from, and how.
#[derive(Debug)]
pub struct Learning<'a> {
    /// The faces that samples are drawn in.
    pub fonts: &'a [Font],
    /// How long.
    pub budget: Budget,
    /// Decides the initial weights and every sample.
    pub seed: u64,
    /// Threads; 0 takes one a core.
    pub threads: usize,
    /// Where the model will be written; the state is kept beside it until then.
    pub model: &'a Path,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
}

impl<'a> Learning<'a> {
    /// The training of it: what is learnt, and what says how well it goes.
    pub fn course(
        &self,
        subject: serde_json::Value,
        describe: fn(&History) -> String,
    ) -> Course<'a> {
        Course {
            budget: self.budget,
            model: self.model,
            resume: self.resume,
            subject,
            describe,
        }
    }
}

/// What so many threads draw samples with, one each; 0 takes one a core.
pub fn workbenches<B: Default>(threads: usize) -> Vec<B> {
    let threads = match threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    };
    (0..threads).map(|_| B::default()).collect()
}

/// A training whose state is kept beside the model until that is written.
#[derive(Debug)]
pub struct Course<'a> {
    /// How long.
    pub budget: Budget,
    /// Where the model will be written.
    pub model: &'a Path,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
    /// What is learnt: a checkpoint of anything else is refused.
    pub subject: serde_json::Value,
    /// Says how well it goes, by what was measured so far.
    pub describe: fn(&History) -> String,
}

/// How a training went.
#[derive(Debug)]
pub struct Trained {
    /// What was measured.
    pub history: History,
    /// The step whose state the checkpoint holds: the last, unless there was no room for it.
    pub kept: u64,
}

/// What the checkpoint of a training notes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    subject: serde_json::Value,
    seconds: f64,
}

impl Course<'_> {
    /// Trains on a source whose epochs are the budget's. Asked to stop, it keeps a checkpoint.
    ///
    /// # Errors
    /// A checkpoint that cannot be written or read or belongs to another training; the reader asked
    /// to stop.
    pub fn train(
        &self,
        trainer: &mut Trainer,
        source: &mut impl Source,
        interrupt: &Interrupt,
    ) -> Result<Trained, Failure> {
        self.check_room(trainer)?;
        let mut watch = Watch::new(self, interrupt);
        let mut fit = Fit::epochs(self.budget.epochs()).callback(&mut watch);
        if self.resume {
            let checkpoint = self.checkpoint();
            fs::metadata(&checkpoint).map_err(|error| {
                Failure::new(format!("cannot resume: {}: {error}", checkpoint.display()))
                    .hint("give the -o FILE it was begun with, or leave --resume out")
            })?;
            fit = fit.resume(checkpoint);
        }
        let fitted = trainer.fit(source, fit);
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
            false => unlearnt(&error),
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
        Ok(Trained { history, kept })
    }

    fn checkpoint(&self) -> PathBuf {
        checkpoint_of(self.model)
    }

    /// A folder without room or rights for the model is found out before an hour's work, not after
    /// it.
    fn check_room(&self, trainer: &Trainer) -> Result<(), Failure> {
        let size = trainer.to_bytes().map_err(|error| unlearnt(&error))?;
        has_room(self.model, size.len() as u64)
    }

    /// The next checkpoint stands beside the first for a moment.
    fn check_room_of_the_next(&self) -> Result<(), Failure> {
        let checkpoint = self.checkpoint();
        let size = fs::metadata(&checkpoint).map_or(0, |file| file.len());
        has_room(&checkpoint, size)
    }
}

/// Watches a training: shows how far it is, turns its rate, keeps its state, and ends it.
struct Watch<'a> {
    course: &'a Course<'a>,
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
    described: String,
}

impl<'a> Watch<'a> {
    fn new(course: &'a Course<'a>, interrupt: &'a Interrupt) -> Self {
        Self {
            course,
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
            described: String::new(),
        }
    }

    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    fn note(&self) -> serde_json::Value {
        serde_json::json!(Note {
            subject: self.course.subject.clone(),
            seconds: self.seconds(),
        })
    }

    /// Takes up the checkpoint's note, and keeps the first state.
    fn begin(&mut self, start: &Start<'_>) -> Result<(), Failure> {
        if start.resumed.is_some() {
            let checkpoint = self.course.checkpoint();
            let wrong =
                |problem: &str| wrong_checkpoint(&format!("{}: {problem}", checkpoint.display()));
            let note: Note = serde_json::from_value(start.note.clone())
                .map_err(|error| wrong(&error.to_string()))?;
            if note.subject != self.course.subject {
                return Err(wrong(
                    "it belongs to a training of other fonts or another seed",
                ));
            }
            self.before = note.seconds;
        }
        let kept = start.save_checkpoint(self.course.checkpoint(), self.note());
        kept.map_err(unkept)?;
        self.kept = start.trainer.steps();
        self.keeping = Some(self.interrupt.keeping());
        self.course.check_room_of_the_next()
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
        format!("{left}  step {}  {}", thousands(steps), self.described)
    }

    /// Keeps the state; without room for it, the training goes on, with a warning.
    fn keep(&mut self, step: &Step<'_>) {
        self.kept_at = Instant::now();
        match step.save_checkpoint(self.course.checkpoint(), self.note()) {
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
        let done = self.course.budget.done(steps, self.seconds());
        Ok(Some(rate_factor(done)))
    }

    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        let steps = step.trainer.steps();
        let done = self.course.budget.done(steps, self.seconds());
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
        self.described = (self.course.describe)(epoch.history());
        // Not by what has come since: the state of this step was not kept then.
        Ok(match self.ends {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

/// Mean of a value over the last epochs.
pub fn lately(history: &History, name: &str) -> f64 {
    const EPOCHS: usize = 20;
    let first = history.epochs().len().saturating_sub(EPOCHS);
    let values = history.epochs()[first..].iter();
    let values: Vec<f64> = values.filter_map(|logs| logs.get(name)).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The share of the highest learning rate after a share of the training: it rises over the first
/// hundredth and a half, then falls as half a cosine does (Loshchilov and Hutter 2017, eq. 5).
fn rate_factor(progress: f64) -> f32 {
    const WARM_UP: f64 = 0.015;
    let progress = progress.clamp(0.0, 1.0);
    let fallen = ((progress - WARM_UP) / (1.0 - WARM_UP)).max(0.0);
    let factor =
        (progress / WARM_UP).min(1.0) * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * fallen));
    factor.max(1e-3) as f32
}

/// What a training that the engine ended says.
pub fn unlearnt(error: &Error) -> Failure {
    Failure::new(format!("cannot learn: {error}"))
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
            .map(|p| rate_factor(f64::from(p) / 100.0))
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
