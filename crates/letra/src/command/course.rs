//! What every verb that learns takes: how long, from which seed, and what becomes of a training that
//! was stopped.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use letra_files::Lock;
use letra_type::{Font, FontLibrary};

use crate::command::fonts::none_in;
use crate::failure::Failure;
use crate::learning::{Budget, Learning, checkpoint_of};
use crate::report::numbers::thousands;
use crate::terminal::say;

/// How long to learn, in minutes, where it is not said.
const MINUTES: f64 = 30.0;

/// How to learn.
#[derive(Debug, Args)]
pub(super) struct Course {
    /// How long to learn; half an hour, if it is not said
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,

    /// Learn for so many steps instead; the result is then the same to the last bit, on any number
    /// of threads and whatever vectors the processor has
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    steps: Option<u64>,

    /// Seed of the initial weights and of the samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Threads; 0 takes one a core
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,

    /// Go on with a training that was stopped
    #[arg(long)]
    resume: bool,

    /// Begin anew where a training that was stopped has left its state, which is then lost
    #[arg(long, conflicts_with = "resume")]
    start_over: bool,
}

impl Course {
    /// Holds the model and the checkpoint for this process and sees that both can be written.
    ///
    /// # Errors
    /// One cannot be written, another process is at work on it, or the checkpoint of a training that
    /// was stopped would be lost without a word.
    pub(super) fn hold(&self, model: &Path, verb: &str) -> Result<[Lock; 2], Failure> {
        let hold = |path: &Path| {
            let lock = letra_files::check(path, 0).and_then(|()| Lock::of_file(path, verb));
            lock.map_err(|error| Failure::unwritable("write", path, &error, "-o FILE"))
        };
        let locks = [hold(model)?, hold(&checkpoint_of(model))?];
        self.spare_the_checkpoint(model)?;
        Ok(locks)
    }

    /// Hours of work are not overwritten for want of a word.
    fn spare_the_checkpoint(&self, model: &Path) -> Result<(), Failure> {
        let checkpoint = checkpoint_of(model);
        let holds_some = fs::metadata(&checkpoint).is_ok_and(|file| file.len() > 0);
        match holds_some && !self.resume && !self.start_over {
            false => Ok(()),
            true => Err(Failure::new(format!(
                "{} holds the state of a training that was stopped",
                checkpoint.display()
            ))
            .hint("--resume goes on with it; --start-over begins anew, and it is lost")),
        }
    }

    /// What a model of some fonts learns from, and how.
    pub(super) fn learning<'a>(
        &self,
        budget: Budget,
        library: &'a FontLibrary,
        model: &'a Path,
    ) -> Learning<'a> {
        Learning {
            fonts: library.fonts(),
            budget,
            seed: self.seed,
            threads: self.threads,
            model,
            resume: self.resume,
        }
    }

    /// How long to learn.
    ///
    /// # Errors
    /// No time, or more than 100,000 minutes.
    pub(super) fn budget(&self) -> Result<Budget, Failure> {
        const LONGEST: f64 = 100_000.0;
        let minutes = self.minutes.unwrap_or(MINUTES);
        match self.steps {
            Some(0) => Err(Failure::usage("0 steps teach nothing").hint("give --steps 1 or more")),
            Some(steps) => Ok(Budget::Steps(steps)),
            None if minutes > 0.0 && minutes <= LONGEST => {
                Ok(Budget::Time(Duration::from_secs_f64(minutes * 60.0)))
            }
            None => Err(
                Failure::usage(format!("cannot learn for {minutes} minutes"))
                    .hint("give --minutes a number above 0, such as 30"),
            ),
        }
    }
}

/// The faces of some folders and files, of which there is at least one.
///
/// # Errors
/// Something cannot be read, or holds no face that sets Latin text.
pub(super) fn fonts_of(paths: &[PathBuf]) -> Result<FontLibrary, Failure> {
    let mut library = FontLibrary::new();
    library.add_paths(paths)?;
    match library.fonts().is_empty() {
        true => Err(none_in(paths, library.left_out())),
        false => {
            announce(&library);
            Ok(library)
        }
    }
}

/// Says what there is to learn from, to who sits before a terminal.
fn announce(library: &FontLibrary) {
    if !io::stderr().is_terminal() {
        return;
    }
    let families: BTreeSet<_> = library.fonts().iter().map(Font::family).collect();
    say(format!(
        "{} faces of {} families; {} left out (`letra fonts` says why)",
        thousands(library.fonts().len() as u64),
        thousands(families.len() as u64),
        thousands(library.left_out().len() as u64)
    ));
}

/// Writes a model that was learnt, and takes its checkpoint away.
///
/// # Errors
/// It cannot be written; the checkpoint is then kept.
pub(super) fn write(
    model: &Path,
    (kept, steps): (u64, u64),
    save: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let checkpoint = checkpoint_of(model);
    save(model).map_err(|failure| {
        failure.hint(format!(
            "{} holds the state after step {} of {}; when the model can be written, give the same command with --resume",
            checkpoint.display(),
            thousands(kept),
            thousands(steps)
        ))
    })?;
    // What is left of it would only be in the way.
    let _ = fs::remove_file(&checkpoint);
    Ok(())
}
