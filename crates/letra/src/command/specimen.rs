//! `letra specimen`: a sheet of what a font looks like.

use std::path::PathBuf;

use clap::Args;

use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Draws a sheet of what fonts look like; without fonts, of the built-in ones
#[derive(Debug, Args)]
pub(super) struct Specimen {
    /// Font files (TrueType or OpenType)
    #[arg(value_name = "FONT")]
    fonts: Vec<PathBuf>,

    /// PNG file to write
    #[arg(short, long = "out", value_name = "FILE.png", default_value = "specimen.png")]
    out: PathBuf,
}

impl Run for Specimen {
    const NAME: &'static str = "specimen";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        Ok(())
    }
}
