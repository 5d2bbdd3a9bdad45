//! `letra learn-to-read`: a reader of lines.

use std::path::PathBuf;

use clap::Args;

use super::course::{self, Course, fonts_of};
use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::reader::learning::{Learnt, learn};
use crate::report::numbers::{percent, thousands};
use crate::terminal::print;

/// Learns to read lines of text, from lines that it draws in your fonts
///
/// Every line is drawn when it is needed, in words of thirteen languages, worn as screenshots, scans
/// and photos are. `letra read --model FILE` reads with what was learnt; the model that comes with
/// letra took an hour on two cores. Stop with Ctrl-C; the same command with --resume goes on.
#[derive(Debug, Args)]
pub(super) struct LearnToRead {
    /// Folders, searched at any depth, and font files
    #[arg(value_name = "FONT", required = true)]
    fonts: Vec<PathBuf>,

    /// Model to write
    #[arg(short, long, value_name = "FILE", default_value = "reader.letra")]
    output: PathBuf,

    #[command(flatten)]
    course: Course,
}

impl Run for LearnToRead {
    const NAME: &'static str = "learn-to-read";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let budget = self.course.budget()?;
        let _locks = self.course.hold(&self.output, "letra learn-to-read")?;
        let library = fonts_of(&self.fonts)?;
        let learning = self.course.learning(budget, &library, &self.output);
        let Learnt { mut reader, kept } = learn(&learning, interrupt)?;
        let facts = reader.training().clone();
        course::write(&self.output, (kept, facts.steps), |model| {
            reader.save(model)
        })?;
        print(format!(
            "The model is {}: {} faces, {} steps, {} of characters wrong in the last lines",
            self.output.display(),
            thousands(facts.faces as u64),
            thousands(facts.steps),
            percent(facts.wrong)
        ))
    }
}
