//! `letra specimen`: a sheet of what fonts look like.

use std::path::PathBuf;

use clap::Args;
use letra_type::{Font, specimen};

use crate::action::Run;
use crate::command::print;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Draws a sheet of what fonts look like; without fonts, of the built-in ones
#[derive(Debug, Args)]
pub(super) struct Specimen {
    /// Font files (TrueType or OpenType)
    #[arg(value_name = "FONT")]
    fonts: Vec<PathBuf>,

    /// PNG file to write
    #[arg(short, long, value_name = "FILE.png", default_value = "specimen.png")]
    output: PathBuf,
}

impl Run for Specimen {
    const NAME: &'static str = "specimen";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        let fonts = match self.fonts.as_slice() {
            [] => Font::built_in(),
            files => files
                .iter()
                .map(|file| Font::from_file(file))
                .collect::<Result<_, _>>()?,
        };
        specimen(&fonts)?.save_png(&self.output)?;
        print(&format!("The specimen is {}", self.output.display()))
    }
}
