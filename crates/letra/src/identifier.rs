//! A trained model that names the typeface of a picture of one glyph.

use std::path::Path;

use letra_nn::prelude::*;
use letra_type::{Picture, SIDE, normalise_at_each};
use serde::Serialize;

use crate::failure::Failure;
use crate::names;

/// The most multiply-adds that a picture may take, at all sizes of its glyph together: five times
/// those of the largest network of `letra lab fonts` at every size that there is. The slowest
/// layers take a nanosecond each, and an answer may not take ten seconds.
const MOST_MULTIPLY_ADDS: u64 = 4_000_000_000;

/// The most numbers that a network may hold for a glyph: 64 MiB of them for each thread.
const MOST_ACTIVATIONS: u64 = 1 << 24;

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
    pub fn note(&self, network: &mut Trainer) -> Result<(), Failure> {
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
            .map_err(|error| format!("its note {CLASS_NAMES} is not a list of names: {error}"))?;
        let ink_sides: Vec<(f32, f32)> = serde_json::from_str(note(INK_SIDES)?)
            .map_err(|error| format!("its note {INK_SIDES} is not a list of sizes: {error}"))?;
        let credible = |&(side, share): &(f32, f32)| {
            (1.0..=SIDE as f32).contains(&side) && (0.0..=1.0).contains(&share)
        };
        let all: f32 = ink_sides.iter().map(|(_, share)| share).sum();
        if all <= 0.0 || ink_sides.len() > SIDE || !ink_sides.iter().all(credible) {
            return Err(format!(
                "its note {INK_SIDES} must hold sizes of 1 to {SIDE} pixels with their shares, \
                 which together are 1"
            ));
        }
        for name in &names {
            names::check(name).map_err(|problem| format!("a typeface's name {problem}"))?;
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
        check_work(network, ink_sides.len())?;
        Ok(Self { names, ink_sides })
    }
}

/// Refuses a network that would take for ever for a picture, whose glyph it is given at so many
/// sizes, or more memory than there is.
fn check_work(network: &Network, sizes: usize) -> Result<(), String> {
    let work = network.multiply_adds().saturating_mul(sizes as u64);
    if work > MOST_MULTIPLY_ADDS {
        return Err(format!(
            "it takes {work} multiply-adds a picture, more than {MOST_MULTIPLY_ADDS}"
        ));
    }
    let numbers = network.activations();
    match numbers > MOST_ACTIVATIONS {
        true => Err(format!(
            "it holds {numbers} numbers for a glyph, more than {MOST_ACTIVATIONS}"
        )),
        false => Ok(()),
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
    ///
    /// # Errors
    /// The network's notes do not say what it tells apart, or are not credible; an answer would
    /// take more than 10¹⁰ multiply-adds, or 2²⁴ numbers in memory.
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
    ///
    /// # Errors
    /// The picture shows no ink, or the network's answers are not numbers.
    pub fn identify(&self, picture: &Picture) -> Result<Vec<Candidate>, Failure> {
        let inks = normalise_at_each(picture, &self.typefaces.ink_sides)?;
        let pixels = inks.iter().flat_map(|(ink, _)| ink);
        let pixels = pixels.map(|&ink| f32::from(ink) / 255.0).collect();
        let failed = |error: Error| Failure::network("the model cannot be used", &error);
        let input = Tensor::new([inks.len(), SIDE, SIDE, 1], pixels).map_err(failed)?;
        let predictions = self.network.predict(&input).map_err(failed)?;
        let all: f32 = inks.iter().map(|(_, share)| share).sum();
        let mut probabilities = vec![0.0; self.count()];
        for (sample, (_, share)) in inks.iter().enumerate() {
            for (sum, probability) in probabilities.iter_mut().zip(predictions.sample(sample)) {
                *sum += share / all * probability;
            }
        }
        if !probabilities.iter().all(|one| one.is_finite()) {
            return Err(Failure::new(
                "the model cannot be used: its answers are not numbers, because its weights are \
                 too large",
            )
            .hint("train it anew, at a lower rate"));
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: &str = "[[20.0,0.25],[24.0,0.75]]";

    /// A network of layers, of two typefaces, with notes of their names and sizes.
    fn identifier(layers: Sequential, names: &str, sides: &str) -> Result<Identifier, Failure> {
        let mut network = layers
            .add(Flatten)
            .add(Dense::new(2))
            .compile(Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits()))
            .unwrap();
        network.note(CLASS_NAMES, names);
        network.note(INK_SIDES, sides);
        Identifier::of_network(network.into_network(), "the file")
    }

    fn small() -> Sequential {
        Sequential::new([SIDE, SIDE, 1])
    }

    #[track_caller]
    fn refused(layers: Sequential, names: &str, sides: &str, words: &str) {
        let Err(failure) = identifier(layers, names, sides) else {
            panic!("it was taken");
        };
        let failure = failure.to_string();
        assert!(
            failure.contains(words) && failure.contains("hint"),
            "{failure}"
        );
    }

    /// A picture of a glyph: a bar.
    fn bar() -> Picture {
        let ink = |pixel: usize| {
            if (14..22).contains(&(pixel % 36)) {
                0
            } else {
                255
            }
        };
        Picture::new(36, 36, (0..36 * 36).map(ink).collect()).unwrap()
    }

    #[test]
    fn notes_that_no_training_wrote_are_refused() {
        assert!(identifier(small(), r#"["a","b"]"#, SIDES).is_ok());
        let long = format!(r#"["a","{}"]"#, "x".repeat(65_536));
        refused(small(), &long, SIDES, "65536 characters");
        refused(
            small(),
            r#"["a","\u001b]0;b\u0007"]"#,
            SIDES,
            "control character",
        );
        for sides in [
            "[[20.0,0.0]]",
            "[]",
            "[[20.0,-0.5],[21.0,0.5]]",
            "[[99.0,1.0]]",
        ] {
            refused(small(), r#"["a","b"]"#, sides, INK_SIDES);
        }
    }

    #[test]
    fn networks_that_would_take_for_ever_are_refused() {
        // One channel of 2,160 × 2,160 pixels under a kernel of 31 × 31: few weights, much work.
        let slow = small()
            .add(UpSampling2d::new(60))
            .add(DepthwiseConv2d::new(31).same())
            .add(DepthwiseConv2d::new(31).same())
            .add(GlobalAveragePool2d::new());
        refused(slow, r#"["a","b"]"#, SIDES, "multiply-adds a picture");
        // Nine thousand million at one size: ten seconds of one core.
        let slow = small()
            .add(UpSampling2d::new(60))
            .add(DepthwiseConv2d::new(31).same())
            .add(DepthwiseConv2d::new(31).same())
            .add(GlobalAveragePool2d::new());
        let side = "[[20.0,1.0]]";
        refused(slow, r#"["a","b"]"#, side, "multiply-adds a picture");
        let pooled = small()
            .add(UpSampling2d::new(20))
            .add(MaxPool2d::new(301).stride(1));
        refused(pooled, r#"["a","b"]"#, SIDES, "multiply-adds a picture");
        let large = small().add(UpSampling2d::new(120)).add(MaxPool2d::new(100));
        refused(large, r#"["a","b"]"#, SIDES, "numbers for a glyph");
    }

    #[test]
    fn answers_that_are_not_numbers_are_errors() {
        let identifier = identifier(small(), r#"["a","b"]"#, SIDES).unwrap();
        assert!(identifier.identify(&bar()).is_ok());
        let kernel: Vec<f32> = (0..2 * SIDE * SIDE)
            .map(|index| if index % 4 < 2 { 3e38 } else { -3e38 })
            .collect();
        let kernel = Tensor::new([SIDE * SIDE, 2], kernel).unwrap();
        identifier
            .network
            .set_parameter("dense/kernel", &kernel)
            .unwrap();
        let failure = identifier.identify(&bar()).unwrap_err().to_string();
        assert!(
            failure.contains("not numbers") && failure.contains("hint"),
            "{failure}"
        );
    }
}
