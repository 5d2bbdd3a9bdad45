//! A finder as a model: its network, its notes, and its file.

use std::path::Path;

use letra_nn::prelude::*;
use serde::{Deserialize, Serialize};

use super::network;
use crate::failure::Failure;
use crate::model_file::{self, Kind};
use crate::names;

/// What makes a model a finder.
const KIND: Kind = Kind {
    note: "finder",
    name: "a finder",
    does: "find text",
    format: 1,
};

/// The model that comes with letra.
const BUILT_IN: &[u8] = include_bytes!("../../models/finder.letra");

/// How a finder was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinderFacts {
    /// Steps of the optimizer.
    pub steps: u64,
    /// Scenes a step.
    pub batch: usize,
    /// Seed of weights and scenes.
    pub seed: u64,
    /// Minutes it was given; `None` where it was given a number of steps.
    pub minutes: Option<f64>,
    /// How many faces the scenes' text was set in.
    pub faces: usize,
    /// How many photographs were among the scenes' grounds.
    pub photographs: usize,
    /// The share of cells that were wrong in the last scenes before they were learnt from.
    pub wrong: f64,
    /// Version of letra that trained it.
    pub version: String,
}

/// All that a finder keeps beside the network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Notes {
    format: u32,
    training: FinderFacts,
}

/// A network that finds lines of text at any angle in pictures of any size.
///
/// ```
/// use letra::finder::Finder;
/// use letra_type::{Font, Picture, draw_line};
///
/// let mut picture = Picture::blank(460, 80, 255)?;
/// draw_line(&mut picture, &Font::built_in()[0], "Seven kinds of rye", 40.0, (30.0, 52.0), 0)?;
/// let finder = Finder::built_in()?;
/// let upright = &finder.find(&picture)?[0];
/// assert!((upright.start.1 - 52.0).abs() < 8.0 && upright.direction.0 > 0.95);
/// // Turned clockwise by a quarter, it is read downwards.
/// let sideways = &finder.find(&picture.turned(1))?[0];
/// assert!(sideways.direction.1 > 0.95);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Finder {
    pub(super) network: Network,
    notes: Notes,
}

impl Finder {
    /// A finder of a trained network.
    pub(super) fn new(network: Network, training: FinderFacts) -> Self {
        let format = KIND.format;
        Self {
            network,
            notes: Notes { format, training },
        }
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

    /// Reads a model that `letra learn-to-find` wrote.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or holds something else.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        let network = Network::load(file).map_err(|error| unusable(&error.to_string()))?;
        Self::of_network(network, &file.display().to_string())
    }

    /// The finder of a loaded network; errors call its file by the name given.
    fn of_network(network: Network, file: &str) -> Result<Self, Failure> {
        let wrong = |problem: String| unusable(&format!("{file}: {problem}"));
        let notes: Notes = KIND.read(&network).map_err(wrong)?;
        names::check(&notes.training.version)
            .map_err(|problem| wrong(format!("the version that trained it {problem}")))?;
        if !network::is_one(&network) {
            return Err(wrong(
                "its layers are not those of this version's finder".into(),
            ));
        }
        Ok(Self { network, notes })
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

    /// How it was trained.
    pub fn training(&self) -> &FinderFacts {
        &self.notes.training
    }
}

fn unusable(problem: &str) -> Failure {
    model_file::unusable(problem, "letra learn-to-find FONTS... -o finder.letra")
}
