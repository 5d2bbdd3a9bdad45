//! The recogniser: which typeface is a picture of text set in?
//!
//! A network turns a window of a line into an embedding, a point on the unit sphere; each face
//! has a prototype there. How alike a picture is to a face is the mean over the picture's windows
//! of the cosine between embedding and prototype; a [`Calibration`] turns that into probabilities.
//! Faces that were not trained are added from the mean embedding of samples drawn in them, see
//! `enrolment`.

mod calibration;
mod enrolment;
pub mod evaluation;
pub mod evaluation_page;
mod face;
pub mod learning;
mod network;
pub mod page;
mod reading;
mod samples;
mod words;

use std::path::Path;

use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use calibration::Calibration;
use enrolment::Enrolment;
pub use face::KnownFace;
pub use network::EMBEDDING;
pub use reading::{FaceCandidate, FamilyCandidate, LineReading, Reading, Typeface};
use samples::{Drawer, Wanted};

use crate::failure::Failure;

/// The form of a recogniser's notes; raised when an older letra would misread them.
const FORMAT: u32 = 1;

/// Samples whose mean embedding is an enrolled face's prototype.
const ENROLLING: usize = 256;

/// Samples of each trained face whose mean is compared with its prototype.
const COMPARED: usize = 64;

/// Seed of the samples that faces are enrolled with.
const ENROLLING_SEED: u64 = 0x656e_726f_6c6c;

/// How a recogniser was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingFacts {
    /// Steps of the optimizer.
    pub steps: u64,
    /// Samples a step.
    pub batch: usize,
    /// Seed of weights and samples.
    pub seed: u64,
    /// Minutes it was given; `None` where it was given a number of steps.
    pub minutes: Option<f64>,
    /// Mean accuracy on the last samples before they were trained on, by window and face.
    pub accuracy: f64,
    /// Version of letra that trained it.
    pub version: String,
}

/// All that a recogniser keeps beside the network's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Notes {
    format: u32,
    faces: Vec<KnownFace>,
    /// How many of the faces, the first ones, were trained; the others were enrolled.
    trained: usize,
    calibration: Calibration,
    enrolment: Enrolment,
    training: TrainingFacts,
}

/// A trained recogniser of faces.
pub struct Recogniser {
    embedder: Network,
    /// Unit vectors, one behind the other, in the order of the faces.
    prototypes: Vec<f32>,
    notes: Notes,
}

/// The model that comes with letra.
const BUILT_IN: &[u8] = include_bytes!("../../models/libre.letra");

/// The note of a model's file that makes it a recogniser's.
const NOTE: &str = "recogniser";

impl Recogniser {
    /// Makes a recogniser of a trained network: measures, on samples drawn for that alone, how
    /// certain its answers may be.
    pub(crate) fn calibrated(
        network: &Network,
        faces: Vec<KnownFace>,
        training: TrainingFacts,
        sampler: &Sampler,
    ) -> Result<Self, Failure> {
        let failed = |error: Error| Failure::new(format!("cannot calibrate: {error}"));
        let mut recogniser = Self {
            embedder: network::embedder(network).map_err(failed)?,
            prototypes: prototypes(network).map_err(failed)?,
            notes: Notes {
                format: FORMAT,
                trained: faces.len(),
                faces,
                calibration: Calibration::default(),
                enrolment: Enrolment::default(),
                training,
            },
        };
        recogniser.notes.calibration =
            calibration::measure(&recogniser, sampler).map_err(failed)?;
        let means = recogniser.means(sampler, COMPARED).map_err(failed)?;
        recogniser.notes.enrolment = Enrolment::learn(&means, &recogniser.prototypes);
        Ok(recogniser)
    }

    /// The model that comes with letra, of the libre families that `crates/letra/models/README.md`
    /// lists.
    ///
    /// # Errors
    /// None is known.
    pub fn built_in() -> Result<Self, Failure> {
        Self::from_bytes("that comes with letra", BUILT_IN)
    }

    /// Reads a model that `letra learn` wrote.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or holds something else.
    pub fn load(file: &Path) -> Result<Self, Failure> {
        let network = Network::load(file).map_err(|error| unusable(&error.to_string()))?;
        Self::of_network(&network, &file.display().to_string())
    }

    /// Reads a model from the bytes of its file.
    ///
    /// # Errors
    /// As [`Recogniser::load`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let network =
            Network::from_bytes(name, bytes).map_err(|error| unusable(&error.to_string()))?;
        Self::of_network(&network, name)
    }

    /// Whether a loaded network is a recogniser's.
    pub fn is_one(network: &Network) -> bool {
        network.notes().contains_key(NOTE)
    }

    /// The recogniser of a loaded network.
    ///
    /// # Errors
    /// The network is no recogniser's, or one of another version.
    pub fn of_network(network: &Network, file: &str) -> Result<Self, Failure> {
        let wrong = |problem: String| unusable(&format!("{file}: {problem}"));
        let text = network.notes().get(NOTE).ok_or_else(|| {
            wrong(format!(
                "it has no note {NOTE}, so it does not tell faces of text apart"
            ))
        })?;
        let format: Format = read(text).map_err(wrong)?;
        if format.format != FORMAT {
            return Err(wrong(format!(
                "it is a recogniser of format {}, but this version of letra reads format {FORMAT}",
                format.format
            )));
        }
        let notes: Notes = read(text).map_err(wrong)?;
        notes.calibration.check().map_err(wrong)?;
        let embedder = network::embedder(network).map_err(|error| wrong(error.to_string()))?;
        let prototypes = prototypes(network).map_err(|error| wrong(error.to_string()))?;
        let (rows, faces) = (prototypes.len() / EMBEDDING, notes.faces.len());
        if rows != faces || faces == 0 || notes.trained > faces {
            return Err(wrong(format!(
                "it has {rows} prototypes but names {faces} faces"
            )));
        }
        Ok(Self {
            embedder,
            prototypes,
            notes,
        })
    }

    /// Writes the model's file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), Failure> {
        let failed = |error: Error| Failure::new(format!("cannot write the model: {error}"));
        let faces = self.notes.faces.len();
        let mut network = network::whole(faces, self.notes.training.seed, 1).map_err(failed)?;
        network.take_parameters(&self.embedder).map_err(failed)?;
        let mut kernel = vec![0.0; EMBEDDING * faces];
        for (face, prototype) in self.prototypes.chunks_exact(EMBEDDING).enumerate() {
            for (row, &value) in prototype.iter().enumerate() {
                kernel[row * faces + face] = value;
            }
        }
        let kernel = Tensor::new([EMBEDDING, faces], kernel).map_err(failed)?;
        network
            .set_parameter(&prototype_name(), &kernel)
            .map_err(failed)?;
        let note = serde_json::to_string(&self.notes)
            .map_err(|error| Failure::new(format!("cannot write the model: {error}")))?;
        network.note(NOTE, note);
        network.save(file).map_err(|error| match error {
            Error::Io { path, source } => {
                Failure::unwritable("write the model", &path, &source, "-o FILE")
            }
            error => failed(error),
        })
    }

    /// The faces it knows.
    pub fn faces(&self) -> &[KnownFace] {
        &self.notes.faces
    }

    /// How many of the faces, the first ones, were trained; the others were enrolled.
    pub fn trained(&self) -> usize {
        self.notes.trained
    }

    /// How it was trained.
    pub fn training(&self) -> &TrainingFacts {
        &self.notes.training
    }

    /// How its answers become probabilities.
    pub fn calibration(&self) -> &Calibration {
        &self.notes.calibration
    }

    /// Embeddings of windows, ink 1 on ground 0, `[windows, 40, 160, 1]`: unit vectors of 128
    /// values, one behind the other.
    ///
    /// # Errors
    /// The windows have another shape.
    pub fn embed(&self, windows: &Tensor) -> Result<Vec<f32>, Error> {
        let mut embeddings = self.embedder.predict(windows)?.into_data();
        embeddings.chunks_exact_mut(EMBEDDING).for_each(to_unit);
        Ok(embeddings)
    }

    /// How alike an embedding is to every face: cosines, in the order of the faces.
    pub fn likeness(&self, embedding: &[f32]) -> Vec<f32> {
        let cosine = |prototype: &[f32]| prototype.iter().zip(embedding).map(|(a, b)| a * b).sum();
        self.prototypes
            .chunks_exact(EMBEDDING)
            .map(cosine)
            .collect()
    }

    /// The mean embeddings of so many samples of each face of a sampler, as unit vectors.
    fn means(&self, sampler: &Sampler, samples: usize) -> Result<Vec<f32>, Error> {
        let mut drawer = Drawer::new(sampler, 0);
        let mut means = vec![0.0; sampler.fonts().len() * EMBEDDING];
        for (face, mean) in means.chunks_exact_mut(EMBEDDING).enumerate() {
            let wanted = vec![Wanted::Face(face); samples];
            let (windows, _) = drawer.draw(ENROLLING_SEED, 0, &wanted)?;
            for embedding in self.embed(&windows)?.chunks_exact(EMBEDDING) {
                mean.iter_mut()
                    .zip(embedding)
                    .for_each(|(sum, value)| *sum += value);
            }
            to_unit(mean);
        }
        Ok(means)
    }

    /// The prototypes of fonts that were not trained, from the mean embeddings of samples drawn in
    /// them: unit vectors, one behind the other.
    ///
    /// # Errors
    /// A font cannot be drawn.
    pub fn prototypes_of(&self, fonts: &[Font]) -> Result<Vec<f32>, Failure> {
        let sampler = Sampler::new(fonts, Distortions::default())?;
        let means = self
            .means(&sampler, ENROLLING)
            .map_err(|error| Failure::new(format!("cannot draw samples: {error}")))?;
        let means = means.chunks_exact(EMBEDDING);
        Ok(means
            .flat_map(|mean| self.notes.enrolment.prototype(mean))
            .collect())
    }

    /// Adds faces without training. A face that is known by family and style is replaced.
    /// Returns how many were new.
    ///
    /// # Errors
    /// A font cannot be drawn.
    pub fn enroll(&mut self, fonts: &[Font]) -> Result<usize, Failure> {
        let mut new = 0;
        let prototypes = self.prototypes_of(fonts)?;
        for (font, prototype) in fonts.iter().zip(prototypes.chunks_exact(EMBEDDING)) {
            let face = KnownFace::of(font);
            let same =
                |known: &KnownFace| (&known.family, &known.style) == (&face.family, &face.style);
            match self.notes.faces.iter().position(same) {
                Some(index) => {
                    self.prototypes[index * EMBEDDING..][..EMBEDDING].copy_from_slice(prototype);
                    self.notes.faces[index] = face;
                }
                None => {
                    new += 1;
                    self.prototypes.extend(prototype);
                    self.notes.faces.push(face);
                }
            }
        }
        Ok(new)
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("its note {NOTE} cannot be read: {error}"))
}

fn unusable(problem: &str) -> Failure {
    Failure::new(format!("cannot use the model {problem}"))
        .hint("`letra learn FONTS... -o model.letra` makes one; a model of another version must be made again")
}

fn prototype_name() -> String {
    format!("{}/kernel", network::PROTOTYPES)
}

/// The prototypes of a whole network as unit vectors.
fn prototypes(network: &Network) -> Result<Vec<f32>, Error> {
    let kernel = network.parameter(&prototype_name()).filter(
        |kernel| matches!(kernel.shape(), &[rows, faces] if rows == EMBEDDING && faces > 0),
    );
    let kernel = kernel.ok_or_else(|| Error::Configuration("it holds no prototypes".into()))?;
    let faces = kernel.shape()[1];
    let mut prototypes = vec![0.0; EMBEDDING * faces];
    for (face, prototype) in prototypes.chunks_exact_mut(EMBEDDING).enumerate() {
        for (row, value) in prototype.iter_mut().enumerate() {
            *value = kernel.data()[row * faces + face];
        }
        to_unit(prototype);
    }
    Ok(prototypes)
}

fn to_unit(values: &mut [f32]) {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|value| *value /= length);
    }
}
