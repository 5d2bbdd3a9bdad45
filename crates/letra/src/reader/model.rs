//! A reader as a model: its network, its notes, and its file.

use std::path::Path;

use letra_nn::decoding::Alphabet;
use letra_nn::prelude::*;
use letra_type::LINE_HEIGHT;
use serde::{Deserialize, Serialize};

use super::network;
use crate::failure::Failure;
use crate::finder::Finder;
use crate::model_file::{self, Kind};
use crate::names;

/// What makes a model a reader.
const KIND: Kind = Kind {
    note: "reader",
    name: "a reader",
    does: "read",
    format: 1,
};

/// The model that comes with letra.
const BUILT_IN: &[u8] = include_bytes!("../../models/reader.letra");

/// How a reader was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReaderFacts {
    /// Steps of the optimizer.
    pub steps: u64,
    /// Lines a step.
    pub batch: usize,
    /// Seed of weights and lines.
    pub seed: u64,
    /// Minutes it was given; `None` where it was given a number of steps.
    pub minutes: Option<f64>,
    /// How many faces the lines were drawn in.
    pub faces: usize,
    /// The share of characters that were wrong in the last lines before they were learnt from.
    pub wrong: f64,
    /// Version of letra that trained it.
    pub version: String,
}

/// All that a reader keeps beside the network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Notes {
    format: u32,
    characters: String,
    training: ReaderFacts,
}

/// A network that reads lines of text.
///
/// ```
/// use letra::reader::Reader;
/// use letra_type::{Font, Picture, draw_line};
///
/// let mut picture = Picture::blank(460, 80, 255)?;
/// draw_line(&mut picture, &Font::built_in()[0], "Seven kinds of rye", 40.0, (30.0, 52.0), 0)?;
/// let lines = Reader::built_in()?.read(&picture)?.lines;
/// assert_eq!(lines[0].text(), "Seven kinds of rye");
/// assert_eq!(lines[0].words[3].text, "rye");
/// let [left, _, right, _] = lines[0].words[0].bounds;
/// assert!(left > 20.0 && right < 180.0 && lines[0].confidence() > 0.9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    pub(super) network: Network,
    pub(super) alphabet: Alphabet,
    pub(super) finder: Finder,
    notes: Notes,
}

impl Reader {
    /// A reader of a trained network, which tells apart these characters and the blank.
    pub(super) fn new(
        network: Network,
        characters: String,
        training: ReaderFacts,
    ) -> Result<Self, Failure> {
        let alphabet = Alphabet::new(&characters).map_err(|error| unusable(&error.to_string()))?;
        Ok(Self {
            network,
            alphabet,
            finder: Finder::built_in()?,
            notes: Notes {
                format: KIND.format,
                characters,
                training,
            },
        })
    }

    /// The model that comes with letra; `crates/letra/models/README.md` says what it learnt from.
    ///
    /// # Errors
    /// None is known.
    pub fn built_in() -> Result<Self, Failure> {
        let network = Network::from_bytes("that comes with letra", BUILT_IN);
        Self::of_network(
            network.map_err(|error| unusable(&error.to_string()))?,
            "that comes with letra",
        )
    }

    /// Reads a model that `letra learn-to-read` wrote.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or holds something else.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        let network = Network::load(file).map_err(|error| unusable(&error.to_string()))?;
        Self::of_network(network, &file.display().to_string())
    }

    /// The reader of a loaded network; errors call its file by the name given.
    fn of_network(network: Network, file: &str) -> Result<Self, Failure> {
        let wrong = |problem: String| unusable(&format!("{file}: {problem}"));
        let notes: Notes = KIND.read(&network).map_err(wrong)?;
        names::check(&notes.training.version)
            .map_err(|problem| wrong(format!("the version that trained it {problem}")))?;
        if notes.characters.chars().any(char::is_control) {
            return Err(wrong("it reads control characters".into()));
        }
        let alphabet =
            Alphabet::new(&notes.characters).map_err(|error| wrong(error.to_string()))?;
        let [_, rows, channels] = *network.input_shape() else {
            return Err(wrong("it takes no pictures of lines".into()));
        };
        let reads = (rows, channels) == (LINE_HEIGHT, 1);
        if !reads || !network::is_one(&network, alphabet.classes()) {
            return Err(wrong(
                "its layers are not those of this version's reader".into(),
            ));
        }
        Ok(Self {
            network,
            alphabet,
            finder: Finder::built_in()?,
            notes,
        })
    }

    /// Writes the model's file, its weights in half precision, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, file: &Path) -> Result<(), Failure> {
        let note = model_file::text(&self.notes)?;
        self.network.note(KIND.note, note);
        let saved = self.network.save_in_half_precision(file);
        saved.map_err(model_file::unwritten)
    }

    /// The characters that it tells apart.
    pub fn characters(&self) -> &str {
        &self.notes.characters
    }

    /// How it was trained.
    pub fn training(&self) -> &ReaderFacts {
        &self.notes.training
    }
}

fn unusable(problem: &str) -> Failure {
    model_file::unusable(problem, "letra learn-to-read FONTS... -o reader.letra")
}
