//! A trained model that names the typeface of a picture of one glyph.

use std::path::Path;

use letra_nn::prelude::*;
use letra_type::{Picture, SIDE, normalise_at_each};
use serde::Serialize;

use crate::failure::Failure;

/// The note of a model's file that names its classes, a JSON array.
const CLASS_NAMES: &str = "class_names";
/// The note of a model's file that says how large glyphs were, a JSON array of pairs: the longer
/// side in pixels, and the share of the glyphs that had it.
const INK_SIDES: &str = "ink_sides";

/// What a model learnt from, kept in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Typefaces {
    /// Names of the typefaces, in the order of the network's outputs.
    pub names: Vec<String>,
    /// Lengths in pixels of the longer side of the ink of the glyphs it was trained on, and the
    /// share of the glyphs that had each.
    pub ink_sides: Vec<(f32, f32)>,
}

impl Typefaces {
    /// Writes them into the network's notes, which its file keeps.
    pub fn note(&self, network: &mut Network) -> Result<(), Failure> {
        let names = serde_json::to_string(&self.names)
            .map_err(|error| Failure::new(format!("cannot note the typefaces: {error}")))?;
        network.note(CLASS_NAMES, names);
        let sides = serde_json::to_string(&self.ink_sides)
            .map_err(|error| Failure::new(format!("cannot note the sizes: {error}")))?;
        network.note(INK_SIDES, sides);
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
        let ink_sides: Vec<(f32, f32)> = serde_json::from_str(note(INK_SIDES)?)
            .map_err(|error| format!("its note {INK_SIDES} is no list of sizes: {error}"))?;
        let credible = |&(side, share): &(f32, f32)| {
            (1.0..=SIDE as f32).contains(&side) && (0.0..=1.0).contains(&share)
        };
        if ink_sides.is_empty() || ink_sides.len() > SIDE || !ink_sides.iter().all(credible) {
            return Err(format!(
                "its note {INK_SIDES} must hold sizes of 1 to {SIDE} pixels with their shares"
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
        Ok(Self { names, ink_sides })
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
        let network = Network::load(file).map_err(|error| unusable(&error.to_string()))?;
        Self::of_network(network, &file.display().to_string())
    }

    /// The identifier of a loaded network; errors call its file by the name given.
    pub fn of_network(network: Network, file: &str) -> Result<Self, Failure> {
        let typefaces =
            Typefaces::of(&network).map_err(|problem| unusable(&format!("{file}: {problem}")))?;
        Ok(Self { network, typefaces })
    }

    /// How many typefaces it knows.
    pub fn count(&self) -> usize {
        self.typefaces.names.len()
    }

    /// The typefaces of a picture of one glyph, the most probable first. The picture may have any
    /// size and be dark on light or light on dark.
    ///
    /// A glyph alone does not tell how large it stands beside the others of its typeface, so
    /// P(typeface | picture) = Σ P(size) P(typeface | picture at that size), over the sizes that
    /// the training glyphs had.
    pub fn identify(&self, picture: &Picture) -> Result<Vec<Candidate>, Failure> {
        let inks = normalise_at_each(picture, &self.typefaces.ink_sides)?;
        let pixels = inks.iter().flat_map(|(ink, _)| ink);
        let pixels = pixels.map(|&ink| f32::from(ink) / 255.0).collect();
        let failed = |error: Error| Failure::new(format!("the model cannot be used: {error}"));
        let input = Tensor::new([inks.len(), SIDE, SIDE, 1], pixels).map_err(failed)?;
        let predictions = self.network.predict(&input).map_err(failed)?;
        let all: f32 = inks.iter().map(|(_, share)| share).sum();
        let mut probabilities = vec![0.0; self.count()];
        for (sample, (_, share)) in inks.iter().enumerate() {
            for (sum, probability) in probabilities.iter_mut().zip(predictions.sample(sample)) {
                *sum += share / all * probability;
            }
        }
        let mut candidates: Vec<_> = self
            .typefaces
            .names
            .iter()
            .zip(probabilities)
            .map(|(name, probability)| Candidate {
                typeface: name.clone(),
                probability,
            })
            .collect();
        candidates.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Ok(candidates)
    }
}

fn unusable(problem: &str) -> Failure {
    Failure::new(format!("cannot use the model {problem}"))
        .hint("`letra lab fonts` writes models, such as letra-report/fonts/cnn.letra")
}
