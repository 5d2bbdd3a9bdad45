//! `letra enroll`: faces added to a model without training.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use letra_files::Lock;
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
/// that were trained are told apart better; faces of the same family and style are replaced. Where
/// another process is writing the model, waits up to ten seconds for it to finish.
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

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let output = self.output.as_ref().unwrap_or(&self.model);
        // From before the model is read until it is written: what another adds is not lost.
        let _lock = hold(output, interrupt)?;
        let mut recogniser = Recogniser::load(&self.model)?;
        let mut library = FontLibrary::new();
        library.add_paths(&self.fonts)?;
        if library.fonts().is_empty() {
            return Err(none_in(&self.fonts, library.left_out()));
        }
        let new = recogniser.enroll(library.fonts())?;
        recogniser.save(output)?;
        print(format!(
            "{} knows {} faces now, {} of them new",
            output.display(),
            thousands(recogniser.faces().len() as u64),
            thousands(new as u64)
        ))
    }
}

/// Holds the model for this process and sees that it can be written. Waits a little where another
/// enrolment is under way.
fn hold(model: &Path, interrupt: &Interrupt) -> Result<Lock, Failure> {
    const PATIENCE: Duration = Duration::from_secs(10);
    const ROOM_OF_FACES: u64 = 1 << 16;
    let room = fs::metadata(model).map_or(0, |file| file.len()) + ROOM_OF_FACES;
    let patient = |waited| waited < PATIENCE && !interrupt.requested();
    let lock = letra_files::check(model, room)
        .and_then(|()| Lock::wait_for_file(model, "letra enroll", patient));
    lock.map_err(|error| Failure::unwritable("write the model", model, &error, "-o FILE"))
}
