//! Learning to tell faces apart, on samples drawn while it goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};
use serde::{Deserialize, Serialize};

use super::samples::{Drawer, Wanted};
use super::{KnownFace, Recogniser, TrainingFacts, network};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
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

/// How far a training is, as its checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Progress {
    faces: Vec<KnownFace>,
    seed: u64,
    seconds: f64,
    /// Mean accuracy over the last samples.
    accuracy: f64,
    loss: f64,
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
        let mut network = network::whole(faces.len(), self.seed, self.threads).map_err(failed)?;
        let mut progress = Progress {
            faces,
            seed: self.seed,
            seconds: 0.0,
            accuracy: 0.0,
            loss: 0.0,
        };
        if self.resume {
            progress = self.resumed(&mut network, progress)?;
        }
        self.check_room(&network)?;
        self.keep(&network, &progress)?;
        let keeping = interrupt.keeping();
        self.check_room_of_the_next()?;
        let mut kept = self.train(&sampler, &mut network, &mut progress, interrupt)?;
        // Once more, for what comes may yet be stopped, or find no room for the model.
        let result = self.keep(&network, &progress);
        if result.is_ok() {
            kept = network.steps();
        }
        if interrupt.requested() {
            let failure = Failure::interrupted(format!(
                "stopped after {} steps; {} holds the state after step {}",
                thousands(network.steps()),
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
            steps: network.steps(),
            batch: BATCH,
            seed: self.seed,
            minutes: match self.budget {
                Budget::Time(time) => Some(time.as_secs_f64() / 60.0),
                Budget::Steps(_) => None,
            },
            accuracy: progress.accuracy,
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let recogniser = Recogniser::calibrated(&network, progress.faces, facts, &sampler)?;
        Ok(Learnt { recogniser, kept })
    }

    fn checkpoint(&self) -> PathBuf {
        checkpoint_of(&self.model)
    }

    /// A folder without room or rights for the model is found out before an hour's work, not after
    /// it.
    fn check_room(&self, network: &Network) -> Result<(), Failure> {
        let bytes = network.to_bytes();
        let size = bytes.map_err(|error| Failure::new(format!("cannot learn: {error}")))?;
        has_room(&self.model, size.len() as u64)
    }

    /// The next checkpoint stands beside the first for a moment.
    fn check_room_of_the_next(&self) -> Result<(), Failure> {
        let checkpoint = self.checkpoint();
        let size = fs::metadata(&checkpoint).map_or(0, |file| file.len());
        has_room(&checkpoint, size)
    }

    /// Trains until the budget is used up or the reader asks to stop; returns the step whose state
    /// was kept last.
    fn train(
        &self,
        sampler: &Sampler,
        network: &mut Network,
        progress: &mut Progress,
        interrupt: &Interrupt,
    ) -> Result<u64, Failure> {
        let failed = |error: Error| Failure::new(format!("cannot learn: {error}"));
        let faces = progress.faces.len();
        let mut drawer = Drawer::new(sampler, self.threads);
        let wanted = [Wanted::Any; BATCH];
        let bar = progress::bar("{prefix} {bar:30.cyan/dim} {msg}", PARTS);
        let (start, before) = (Instant::now(), progress.seconds);
        let (mut kept, mut kept_at) = (network.steps(), Instant::now());
        let mut warned = false;
        loop {
            progress.seconds = before + start.elapsed().as_secs_f64();
            let done = self.done(network.steps(), progress.seconds);
            show(&bar, done, progress, network.steps());
            if done >= 1.0 || interrupt.requested() {
                break;
            }
            network
                .set_learning_rate_factor(network::rate_factor(done))
                .map_err(failed)?;
            let first = network.steps() * BATCH as u64;
            let (windows, labels) = drawer.draw(self.seed, first, &wanted).map_err(failed)?;
            let batch = Dataset::classes(windows, labels, faces).map_err(failed)?;
            let scores = network.train_on_batch(&batch).map_err(failed)?;
            let share = 1.0 / (network.steps() as f64).min(100.0);
            let accuracy = scores.metric("accuracy").unwrap_or(0.0);
            progress.accuracy += share * (accuracy - progress.accuracy);
            progress.loss += share * (scores.loss - progress.loss);
            if kept_at.elapsed() > BETWEEN_CHECKPOINTS {
                kept_at = Instant::now();
                if bar.is_hidden() {
                    let message = message(done, progress, network.steps());
                    say(format!("{:3.0}%  {message}", done * 100.0));
                }
                match self.keep(network, progress) {
                    Ok(()) => kept = network.steps(),
                    // Room may be there again before the end; the older checkpoint still is.
                    Err(failure) if !warned => {
                        warned = true;
                        let mut text: Text = failure.text();
                        text.line("hint: learning goes on; make room");
                        bar.suspend(|| say(text));
                    }
                    Err(_) => {}
                }
            }
        }
        bar.finish_and_clear();
        Ok(kept)
    }

    /// The share of the budget that is used up.
    fn done(&self, steps: u64, seconds: f64) -> f64 {
        match self.budget {
            Budget::Time(time) => seconds / time.as_secs_f64(),
            Budget::Steps(all) => steps as f64 / all as f64,
        }
    }

    fn keep(&self, network: &Network, progress: &Progress) -> Result<(), Failure> {
        network
            .save_checkpoint(self.checkpoint(), serde_json::json!(progress))
            .map_err(|error| {
                Failure::new(format!("cannot keep the state of the training: {error}"))
                    .hint("name a file with -o in a folder that can be written and has room")
            })
    }

    fn resumed(&self, network: &mut Network, wanted: Progress) -> Result<Progress, Failure> {
        let wrong = |problem: String| {
            Failure::new(format!("cannot resume: {problem}"))
                .hint("give the fonts and the seed it was begun with, or leave --resume out")
        };
        let note = network
            .resume_from(self.checkpoint())
            .map_err(|error| wrong(error.to_string()))?;
        let found: Progress = serde_json::from_value(note)
            .map_err(|error| wrong(format!("{}: {error}", self.checkpoint().display())))?;
        match found.faces == wanted.faces && found.seed == wanted.seed {
            true => Ok(found),
            false => Err(wrong(format!(
                "{} belongs to a training of other fonts or another seed",
                self.checkpoint().display()
            ))),
        }
    }
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

fn show(bar: &ProgressBar, done: f64, progress: &Progress, steps: u64) {
    let done = done.min(1.0);
    bar.set_position((done * PARTS as f64) as u64);
    bar.set_prefix(format!("{:3.0}%", done * 100.0));
    bar.set_message(message(done, progress, steps));
}

fn message(done: f64, progress: &Progress, steps: u64) -> String {
    let left = match done > 0.0 {
        true => remaining(progress.seconds * (1.0 / done - 1.0).max(0.0)),
        false => String::new(),
    };
    format!(
        "{left}  step {}  loss {:.3}  accuracy {:4.1}% of windows never seen",
        thousands(steps),
        progress.loss,
        progress.accuracy * 100.0
    )
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
