//! `letra enroll`: faces added to a model without training.

use std::path::PathBuf;

use clap::Args;
use letra_type::FontLibrary;

use crate::action::Run;
use crate::command::fonts::none_in;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::recogniser::Recogniser;
use crate::report::numbers::thousands;
use crate::terminal::print;

/// Adds faces to a model without training, in a second or so each
///
/// Draws samples of text in each face and keeps the mean of what the network makes of them. Faces
/// that were trained are told apart better; faces of the same family and style are replaced.
#[derive(Debug, Args)]
pub(super) struct Enroll {
    /// Model that `letra learn` wrote
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Folders, searched at any depth, and font files
    #[arg(value_name = "FONT", required = true)]
    fonts: Vec<PathBuf>,

    /// Model to write; without it, the model itself is replaced
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Run for Enroll {
    const NAME: &'static str = "enroll";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        let mut recogniser = Recogniser::load(&self.model)?;
        let mut library = FontLibrary::new();
        library.add_paths(&self.fonts)?;
        if library.fonts().is_empty() {
            return Err(none_in(&self.fonts, library.left_out().len()));
        }
        let new = recogniser.enroll(library.fonts())?;
        let output = self.output.as_ref().unwrap_or(&self.model);
        recogniser.save(output)?;
        print(format!(
            "{} knows {} faces now, {} of them new",
            output.display(),
            thousands(recogniser.faces().len() as u64),
            thousands(new as u64)
        ))
    }
}
