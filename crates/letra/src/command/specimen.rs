//! `letra specimen`: a sheet of what fonts look like.

use std::path::PathBuf;

use clap::Args;
use letra_type::{
    Distortions, Font, FontLibrary, MOST_SAMPLES, Picture, Sampler, specimen, training_sheet,
};

use crate::action::Run;
use crate::command::fonts::none_in;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal::print;

/// Room that a sheet takes, about, in bytes.
const ROOM: u64 = 1 << 20;

/// Draws a sheet of what fonts look like; without fonts, of the built-in ones
#[derive(Debug, Args)]
pub(super) struct Specimen {
    /// Font files (TrueType or OpenType); with --training folders too
    #[arg(value_name = "FONT")]
    fonts: Vec<PathBuf>,

    /// Show what training sees instead: samples of text, each as the picture it comes from, worn
    /// like a screenshot, scan or photo, and as the window of it that a network is shown
    #[arg(long)]
    training: bool,

    /// How many samples to show, at most 180
    #[arg(long, value_name = "N", default_value_t = 36, requires = "training")]
    samples: usize,

    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 1, requires = "training")]
    seed: u64,

    /// PNG file to write
    #[arg(short, long, value_name = "FILE.png", default_value = "specimen.png")]
    output: PathBuf,
}

impl Run for Specimen {
    const NAME: &'static str = "specimen";

    fn run(self, _interrupt: &Interrupt) -> Result<(), Failure> {
        letra_files::check(&self.output, ROOM).map_err(|error| {
            Failure::unwritable("write the sheet", &self.output, &error, "-o FILE.png")
        })?;
        if self.training {
            self.training()?.save_png(&self.output)?;
            return print(format!("The sheet is {}", self.output.display()));
        }
        let fonts = match self.fonts.as_slice() {
            [] => Font::built_in(),
            files => files
                .iter()
                .map(|file| Font::from_file(file))
                .collect::<Result<_, _>>()?,
        };
        specimen(&fonts)?.save_png(&self.output)?;
        print(format!("The specimen is {}", self.output.display()))
    }
}

impl Specimen {
    fn training(&self) -> Result<Picture, Failure> {
        if !(1..=MOST_SAMPLES).contains(&self.samples) {
            let problem = format!("a sheet cannot show {} samples", self.samples);
            return Err(Failure::usage(problem).hint("give 1 to 180"));
        }
        let mut library = FontLibrary::new();
        match self.fonts.as_slice() {
            [] => library.add_built_in(),
            paths => library.add_paths(paths)?,
        }
        if library.fonts().is_empty() {
            return Err(none_in(&self.fonts, library.left_out()));
        }
        let sampler = Sampler::new(library.fonts(), Distortions::default())?;
        Ok(training_sheet(&sampler, self.seed, self.samples)?)
    }
}
