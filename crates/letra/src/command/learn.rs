//! `letra learn`: a recogniser of one's own fonts.

use std::path::PathBuf;

use clap::Args;
use letra_type::FontLibrary;

use super::course::{self, Course, fonts_of};
use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::recogniser::Recogniser;
use crate::recogniser::learning::{Beside, Learnt, learn};
use crate::report::numbers::{percent, thousands};
use crate::terminal::print;

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

    /// Fonts of families that are not to be known: text in them is "none of these". The more there are,
    /// the better strangers are told
    #[arg(long, value_name = "FONT", num_args = 1..)]
    strangers: Vec<PathBuf>,

    /// Begin with what this model has learnt, of these faces or of others
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    #[command(flatten)]
    course: Course,
}

impl Run for Learn {
    const NAME: &'static str = "learn";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let budget = self.course.budget()?;
        let _locks = self.course.hold(&self.output, "letra learn")?;
        let library = fonts_of(&self.fonts)?;
        let learning = self.course.learning(budget, &library, &self.output);
        let base = self.from.as_deref().map(Recogniser::load).transpose()?;
        let strangers = match self.strangers.is_empty() {
            true => FontLibrary::new(),
            false => fonts_of(&self.strangers)?,
        };
        let beside = Beside {
            strangers: strangers.fonts(),
            base: base.as_ref(),
        };
        let Learnt { recogniser, kept } = learn(&learning, &beside, interrupt)?;
        let facts = recogniser.training();
        course::write(&self.output, (kept, facts.steps), |model| {
            recogniser.save(model)
        })?;
        print(format!(
            "The model is {}: {} faces, {} steps, {} of the last windows named right by face",
            self.output.display(),
            thousands(recogniser.faces().len() as u64),
            thousands(facts.steps),
            percent(facts.accuracy)
        ))
    }
}
