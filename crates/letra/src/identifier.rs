//! A trained model that names the typeface of a picture of one glyph.

use std::path::Path;

use letra_nn::prelude::*;
use letra_type::{Picture, SIDE, normalise};
use serde::Serialize;

use crate::failure::Failure;

/// The note of a model's file that names its classes, a JSON array.
const CLASS_NAMES: &str = "class_names";
/// The note of a model's file that says how large a typical glyph was, in pixels.
const INK_SIDE: &str = "ink_side";

/// What a model learnt from, kept in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Typefaces {
    /// Names of the typefaces, in the order of the network's outputs.
    pub names: Vec<String>,
    /// Length in pixels of the longer side of the ink of a typical glyph it was trained on.
    pub ink_side: f32,
}

impl Typefaces {
    /// Writes them into the network's notes, which its file keeps.
    pub fn note(&self, network: &mut Network) -> Result<(), Failure> {
        let names = serde_json::to_string(&self.names)
            .map_err(|error| Failure::new(format!("cannot note the typefaces: {error}")))?;
        network.note(CLASS_NAMES, names);
        network.note(INK_SIDE, self.ink_side.to_string());
        Ok(())
    }

    /// Reads them from the network's notes; otherwise says what is wrong with the notes.
    fn of(network: &Network) -> Result<Self, String> {
        let note = |name| {
            network.notes().get(name).ok_or_else(|| {
                format!("it has no note {name}, so it does not tell typefaces apart")
            })
        };
        let names: Vec<String> = serde_json::from_str(note(CLASS_NAMES)?)
            .map_err(|error| format!("its note {CLASS_NAMES} is no list of names: {error}"))?;
        let ink_side: f32 = note(INK_SIDE)?
            .parse()
            .map_err(|error| format!("its note {INK_SIDE} is no number: {error}"))?;
        if !(1.0..=SIDE as f32).contains(&ink_side) {
            return Err(format!(
                "its note {INK_SIDE} is {ink_side}, which is not 1 to {SIDE} pixels"
            ));
        }
        if network.input_shape() != [SIDE, SIDE, 1] {
            let shape = network.input_shape();
            return Err(format!(
                "it takes pictures of shape {shape:?}, not [{SIDE}, {SIDE}, 1]"
            ));
        }
        if network.output_shape() != [names.len()] {
            let shape = network.output_shape();
            return Err(format!(
                "it gives {shape:?} answers but names {} typefaces",
                names.len()
            ));
        }
        Ok(Self { names, ink_side })
    }
}

/// A typeface and how probable it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Name of the typeface.
    pub typeface: String,
    /// Probability, 0 to 1.
    pub probability: f32,
}

/// A network with the names of its typefaces.
pub struct Identifier {
    network: Network,
    typefaces: Typefaces,
}

impl Identifier {
    /// Reads a model that `letra lab fonts` wrote.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        let wrong = |problem: String| {
            Failure::new(format!("cannot use the model {problem}"))
                .hint("`letra lab fonts` writes models, such as letra-report/fonts/cnn.letra")
        };
        let network = Network::load(file).map_err(|error| wrong(error.to_string()))?;
        let typefaces = Typefaces::of(&network)
            .map_err(|problem| wrong(format!("{}: {problem}", file.display())))?;
        Ok(Self { network, typefaces })
    }

    /// How many typefaces it knows.
    pub fn count(&self) -> usize {
        self.typefaces.names.len()
    }

    /// The typefaces of a picture of one glyph, the most probable first. The picture may have any
    /// size and be dark on light or light on dark.
    pub fn identify(&self, picture: &Picture) -> Result<Vec<Candidate>, Failure> {
        let ink = normalise(picture, self.typefaces.ink_side)?;
        let shares = ink.iter().map(|&ink| f32::from(ink) / 255.0).collect();
        let failed = |error: Error| Failure::new(format!("the model cannot be used: {error}"));
        let input = Tensor::new([1, SIDE, SIDE, 1], shares).map_err(failed)?;
        let probabilities = self.network.predict(&input).map_err(failed)?;
        let mut candidates: Vec<_> = self
            .typefaces
            .names
            .iter()
            .zip(probabilities.data())
            .map(|(name, &probability)| Candidate {
                typeface: name.clone(),
                probability,
            })
            .collect();
        candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Ok(candidates)
    }
}
