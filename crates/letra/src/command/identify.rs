//! `letra identify`: the typeface of a picture.

mod glyphs;
mod text;

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use letra_nn::prelude::Network;

use super::answers::Pictures;
use crate::action::Run;
use crate::failure::Failure;
use crate::identifier::Identifier;
use crate::interrupt::Interrupt;
use crate::recogniser::Recogniser;

/// Says which typeface a picture of text is set in
///
/// Takes any PNG, JPEG, WebP, GIF or BMP picture and the first page of a TIFF: a screenshot, a scan,
/// a photo; dark on light or light on dark, one line or many, upright, sideways or upside down. Finds
/// the lines of text, leaves out what does not read as text, looks along each, and names the
/// families by probability, "none of these" among them. The picture never leaves this machine.
///
/// Pictures are answered one by one as they are read. One that cannot be is reported on standard
/// error, the others are answered, and the exit code is 1.
///
/// With a model that `letra lab fonts` wrote, the picture is one of a single glyph.
#[derive(Debug, Args)]
pub(super) struct Identify {
    /// Pictures of text; - reads one from standard input
    #[arg(required = true, value_name = "PICTURE")]
    pictures: Vec<PathBuf>,

    /// Model that `letra learn` or `letra lab fonts` wrote; without it, the one that comes with
    /// letra
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// How many families to name, the most probable first
    #[arg(long, value_name = "K")]
    top: Option<NonZero<usize>>,

    /// Print one JSON array, an object a picture: `turned` by how many degrees clockwise the text stands
    /// upright, its typefaces, its lines and words with their boxes in the picture as it was given; one
    /// that cannot be answered has `error` and `hint`
    #[arg(long)]
    json: bool,

    /// Write a page that shows the lines that were found, what each says, and the proposed
    /// typefaces beside the picture
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Where the page finds the fonts of proposed typefaces: folders and files; without it, the
    /// system's
    #[arg(long, value_name = "FONT", requires = "report")]
    fonts: Vec<PathBuf>,

    /// What is written in the picture, for the page to set in the proposed typefaces; without it,
    /// it is read with the font of the best proposal that is there
    #[arg(long, value_name = "WORDS", requires = "report")]
    text: Option<String>,
}

impl Identify {
    fn wanted(&self) -> Pictures<'_> {
        Pictures {
            paths: &self.pictures,
            json: self.json,
            used: self.report.is_some(),
        }
    }
}

impl Run for Identify {
    const NAME: &'static str = "identify";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let Some(file) = &self.model else {
            return text::run(&self, &Recogniser::built_in()?, interrupt);
        };
        let network = Network::load(file).map_err(|error| {
            Failure::new(format!("cannot use the model {error}")).hint(
                "`letra learn FONTS...` makes models of text, `letra lab fonts` models of single \
                 glyphs; without --model, the one that comes with letra is used",
            )
        })?;
        let name = file.display().to_string();
        match Recogniser::is_one(&network) {
            true => text::run(&self, &Recogniser::of_network(&network, &name)?, interrupt),
            false => glyphs::run(&self, &Identifier::of_network(network, &name)?, interrupt),
        }
    }
}
