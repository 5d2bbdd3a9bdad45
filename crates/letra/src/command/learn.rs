//! `letra learn`: a recogniser of one's own fonts.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use letra_files::Lock;
use letra_type::FontLibrary;

use crate::action::Run;
use crate::command::fonts::none_in;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::recogniser::learning::{Budget, Learning, Learnt, checkpoint_of};
use crate::report::numbers::{percent, thousands};
use crate::terminal::{print, say};

/// Learns to tell the typefaces of your fonts apart, from text that it draws in them
///
/// Every sample is drawn when it is needed: lines of text, worn as screenshots, scans and photos
/// are (`letra specimen --training` shows some). Stop with Ctrl-C; the same command with --resume
/// goes on. Half an hour does for a hundred families on two cores; more is better.
#[derive(Debug, Args)]
pub(super) struct Learn {
    /// Folders, searched at any depth, and font files
    #[arg(value_name = "FONT", required = true)]
    fonts: Vec<PathBuf>,

    /// Model to write
    #[arg(short, long, value_name = "FILE", default_value = "model.letra")]
    output: PathBuf,

    /// How long to learn
    #[arg(long, value_name = "N", default_value_t = 30.0)]
    minutes: f64,

    /// Learn for so many steps of 128 samples instead; the result is then the same to the last
    /// bit, on any number of threads and whatever vectors the processor has
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

impl Run for Learn {
    const NAME: &'static str = "learn";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let budget = self.budget()?;
        let _locks = self.hold()?;
        self.spare_the_checkpoint()?;
        let mut library = FontLibrary::new();
        library.add_paths(&self.fonts)?;
        let fonts = library.fonts();
        if fonts.is_empty() {
            return Err(none_in(&self.fonts, library.left_out()));
        }
        let families: BTreeSet<_> = fonts.iter().map(letra_type::Font::family).collect();
        if io::stderr().is_terminal() {
            say(format!(
                "{} faces of {} families; {} left out (`letra fonts` says why)",
                thousands(fonts.len() as u64),
                thousands(families.len() as u64),
                thousands(library.left_out().len() as u64)
            ));
        }
        let learning = Learning {
            fonts,
            budget,
            seed: self.seed,
            threads: self.threads,
            model: self.output.clone(),
            resume: self.resume,
        };
        let Learnt { recogniser, kept } = learning.run(interrupt)?;
        let checkpoint = checkpoint_of(&self.output);
        recogniser.save(&self.output).map_err(|failure| {
            failure.hint(format!(
                "{} holds the state after step {} of {}; when the model can be written, give the same command with --resume",
                checkpoint.display(),
                thousands(kept),
                thousands(recogniser.training().steps)
            ))
        })?;
        // What is left of it would only be in the way.
        let _ = fs::remove_file(&checkpoint);
        let facts = recogniser.training();
        print(format!(
            "The model is {}: {} faces, {} steps, {} of the last windows named right by face",
            self.output.display(),
            thousands(recogniser.faces().len() as u64),
            thousands(facts.steps),
            percent(facts.accuracy)
        ))
    }
}

impl Learn {
    /// Holds the model and the checkpoint for this process and sees that both can be written.
    fn hold(&self) -> Result<[Lock; 2], Failure> {
        let hold = |path: &Path| {
            let lock =
                letra_files::check(path, 0).and_then(|()| Lock::of_file(path, "letra learn"));
            lock.map_err(|error| Failure::unwritable("write", path, &error, "-o FILE"))
        };
        Ok([hold(&self.output)?, hold(&checkpoint_of(&self.output))?])
    }

    /// Hours of work are not overwritten for want of a word.
    fn spare_the_checkpoint(&self) -> Result<(), Failure> {
        let checkpoint = checkpoint_of(&self.output);
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

    fn budget(&self) -> Result<Budget, Failure> {
        const LONGEST: f64 = 100_000.0;
        match self.steps {
            Some(0) => Err(Failure::usage("0 steps teach nothing").hint("give --steps 1 or more")),
            Some(steps) => Ok(Budget::Steps(steps)),
            None if self.minutes > 0.0 && self.minutes <= LONGEST => {
                Ok(Budget::Time(Duration::from_secs_f64(self.minutes * 60.0)))
            }
            None => Err(
                Failure::usage(format!("cannot learn for {} minutes", self.minutes))
                    .hint("give --minutes a number above 0, such as 30"),
            ),
        }
    }
}
