//! A recogniser as a model: its embedder, its prototypes, its notes, and its file.

use std::collections::BTreeMap;
use std::path::Path;

use letra_nn::prelude::*;
use letra_type::{Distortions, Font, Sampler};
use serde::{Deserialize, Serialize};

use super::about::{ALIKE, FamilyFacts};
use super::background::{Background, Catalogue};
use super::calibration::Calibration;
use super::enrolment::Enrolment;
use super::face::KnownFace;
use super::network::{self, EMBEDDING};
use super::samples::{Drawer, Wanted};
use super::unit::{cosine, is_unit, to_unit};
use crate::failure::Failure;
use crate::model_file::{self, Kind};
use crate::names;

/// What makes a model a recogniser.
const KIND: Kind = Kind {
    note: "recogniser",
    name: "a recogniser",
    does: "tell faces of text apart",
    format: 1,
};

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
    /// How many faces of strangers were trained beside them, whose prototypes stand after those of the faces.
    #[serde(default, skip_serializing_if = "is_zero")]
    strangers: usize,
    /// How many of the faces, the first ones, were trained; the others were enrolled.
    trained: usize,
    calibration: Calibration,
    enrolment: Enrolment,
    training: TrainingFacts,
    /// What is known of each family.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    families: BTreeMap<String, FamilyFacts>,
    /// How strangers are told where few families are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    background: Option<Background>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Notes {
    /// Says what is wrong with notes from a file.
    fn check(&self) -> Result<(), String> {
        for face in &self.faces {
            face.check()?;
        }
        self.families.values().try_for_each(FamilyFacts::check)?;
        if let Some(background) = &self.background {
            background.check(self.faces.len())?;
        }
        self.calibration.check()?;
        names::check(&self.training.version)
            .map_err(|problem| format!("the version that trained it {problem}"))
    }
}

/// A trained recogniser of faces.
pub struct Recogniser {
    embedder: Network,
    /// Unit vectors, one after the other, in the order of the faces.
    prototypes: Vec<f32>,
    /// Those of strangers' faces: what is most like one of these is none of those known.
    strangers: Vec<f32>,
    notes: Notes,
    /// The catalogue that comes with letra, where strangers are told by it.
    catalogue: Option<Box<Catalogue>>,
}

/// The model that comes with letra.
pub(super) const BUILT_IN: &[u8] = include_bytes!("../../models/libre.letra");

impl Recogniser {
    /// A recogniser of a trained network, as certain of its answers as any. What the network has prototypes of
    /// beyond those of the faces are strangers.
    pub(super) fn uncalibrated(
        network: &Network,
        faces: Vec<KnownFace>,
        training: TrainingFacts,
    ) -> Result<Self, Error> {
        let mut prototypes = prototypes(network)?;
        let strangers = prototypes.split_off(faces.len() * EMBEDDING);
        Ok(Self {
            embedder: network::embedder(network)?,
            prototypes,
            notes: Notes {
                format: KIND.format,
                trained: faces.len(),
                strangers: strangers.len() / EMBEDDING,
                faces,
                calibration: Calibration::default(),
                enrolment: Enrolment::default(),
                training,
                families: BTreeMap::new(),
                background: None,
            },
            strangers,
            catalogue: None,
        })
    }

    /// Sets how certain its answers are.
    pub(super) fn set_calibration(&mut self, calibration: Calibration) {
        self.notes.calibration = calibration;
    }

    /// Learns from samples of all trained faces, those of strangers after the others, how the mean of a
    /// face's samples becomes its prototype.
    pub(super) fn learn_enrolment(&mut self, sampler: &Sampler) -> Result<(), Error> {
        let means = self.means(sampler, COMPARED)?;
        let prototypes = [&self.prototypes[..], &self.strangers].concat();
        self.notes.enrolment = Enrolment::learn(&means, &prototypes);
        Ok(())
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
        network.notes().contains_key(KIND.note)
    }

    /// The recogniser of a loaded network.
    ///
    /// # Errors
    /// The network is no recogniser's, or one of another version.
    pub fn of_network(network: &Network, file: &str) -> Result<Self, Failure> {
        let wrong = |problem: String| unusable(&format!("{file}: {problem}"));
        let notes: Notes = KIND.read(network).map_err(wrong)?;
        notes.check().map_err(wrong)?;
        let embedder = network::embedder(network).map_err(|error| wrong(error.to_string()))?;
        let mut prototypes = prototypes(network).map_err(|error| wrong(error.to_string()))?;
        let (rows, faces) = (prototypes.len() / EMBEDDING, notes.faces.len());
        if Some(rows) != faces.checked_add(notes.strangers) || faces == 0 || notes.trained > faces {
            let strangers = notes.strangers;
            return Err(wrong(format!(
                "it has {rows} prototypes but names {faces} faces and {strangers} of strangers"
            )));
        }
        let strangers = prototypes.split_off(faces * EMBEDDING);
        let mut recogniser = Self {
            embedder,
            prototypes,
            strangers,
            notes,
            catalogue: None,
        };
        recogniser.engage()?;
        Ok(recogniser)
    }

    /// Brings in the catalogue, where strangers are told by it.
    fn engage(&mut self) -> Result<(), Failure> {
        let families: Vec<&str> = self
            .notes
            .faces
            .iter()
            .map(|face| face.family.as_str())
            .collect();
        let background = self.notes.background.as_ref();
        let engaged = background.map(|background| background.engaged(&families));
        self.catalogue = engaged.transpose()?.flatten().map(Box::new);
        Ok(())
    }

    /// Measures how strangers are told, where few families are known.
    pub(super) fn learn_background(
        &mut self,
        fonts: &[Font],
        sampler: &Sampler,
    ) -> Result<(), Failure> {
        self.notes.background = Background::measured(fonts, sampler)?;
        self.engage()
    }

    /// The catalogue that strangers are told by.
    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_deref()
    }

    /// Gives a network that is to be trained what this one has learnt: all that makes embeddings, and the
    /// prototypes of the faces that both know.
    ///
    /// # Errors
    /// None that the caller could cause.
    pub(super) fn found(&self, network: &Network, faces: &[KnownFace]) -> Result<(), Error> {
        network.take_parameters(&self.embedder)?;
        let kernel = network.parameter(&prototype_name());
        let kernel = kernel.ok_or_else(|| Error::configuration("it holds no prototypes"))?;
        let shape = kernel.shape().to_vec();
        let mut kernel = kernel.into_data();
        for (place, face) in faces.iter().enumerate() {
            let known = self.faces().iter().position(|known| known.is_named(face));
            if let Some(known) = known {
                put_column(self.prototype(known), place, &mut kernel);
            }
        }
        network.set_parameter(&prototype_name(), &Tensor::new(shape, kernel)?)
    }

    /// Writes the model's file, its weights in half precision, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), Failure> {
        let failed = |error: Error| Failure::network("cannot write the model", &error);
        let faces = self.notes.faces.len() + self.notes.strangers;
        let mut network =
            network::whole(faces, network::RATE, self.notes.training.seed, 1).map_err(failed)?;
        network.take_parameters(&self.embedder).map_err(failed)?;
        let mut kernel = vec![0.0; EMBEDDING * faces];
        let prototypes = [&self.prototypes[..], &self.strangers].concat();
        for (face, prototype) in prototypes.chunks_exact(EMBEDDING).enumerate() {
            put_column(prototype, face, &mut kernel);
        }
        let kernel = Tensor::new([EMBEDDING, faces], kernel).map_err(failed)?;
        network
            .set_parameter(&prototype_name(), &kernel)
            .map_err(failed)?;
        network.note(KIND.note, model_file::text(&self.notes)?);
        let saved = network.save_in_half_precision(file);
        saved.map_err(model_file::unwritten)
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

    /// The network that makes embeddings, before they are brought to length 1: the base of another, say.
    pub fn embedder(&self) -> &Network {
        &self.embedder
    }

    /// Embeddings of windows, ink 1 on ground 0, `[windows, 40, 160, 1]`: unit vectors of 128
    /// values, one after the other.
    ///
    /// # Errors
    /// The windows have another shape, or the network's answers are not numbers.
    pub fn embed(&self, windows: &Tensor) -> Result<Vec<f32>, Error> {
        let mut embeddings = self.embedder.predict(windows)?.into_data();
        embeddings.chunks_exact_mut(EMBEDDING).for_each(to_unit);
        finite(embeddings, "its answers")
    }

    /// How alike an embedding is to every face: cosines, in the order of the faces.
    pub fn likeness(&self, embedding: &[f32]) -> Vec<f32> {
        let prototypes = self.prototypes.chunks_exact(EMBEDDING);
        prototypes
            .map(|prototype| cosine(prototype, embedding))
            .collect()
    }

    /// The prototype of a face: a unit vector.
    pub fn prototype(&self, face: usize) -> &[f32] {
        &self.prototypes[face * EMBEDDING..][..EMBEDDING]
    }

    /// The prototypes of strangers, one after the other.
    pub(super) fn strangers(&self) -> &[f32] {
        &self.strangers
    }

    /// Takes those from the strangers that are hardly to be told from a face that is known now.
    fn befriend(&mut self, prototype: &[f32]) {
        let strangers = self.strangers.chunks_exact(EMBEDDING);
        let others = strangers.filter(|stranger| cosine(stranger, prototype) < ALIKE);
        self.strangers = others.flatten().copied().collect();
        self.notes.strangers = self.strangers.len() / EMBEDDING;
    }

    /// Notes what the fonts of families say of these.
    pub(super) fn note_facts(&mut self, fonts: &[Font]) {
        for font in fonts {
            let families = self.notes.families.entry(font.family().into());
            families.or_insert_with(|| FamilyFacts::of(font));
        }
    }

    /// What is known of a family.
    pub fn facts_of(&self, family: &str) -> FamilyFacts {
        self.notes.families.get(family).cloned().unwrap_or_default()
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
    /// them: unit vectors, one after the other.
    ///
    /// # Errors
    /// A font cannot be drawn, or the network's answers are not numbers.
    pub fn prototypes_of(&self, fonts: &[Font]) -> Result<Vec<f32>, Failure> {
        let sampler = Sampler::new(fonts, Distortions::default())?;
        let failed = |error: Error| Failure::network("the model cannot be used", &error);
        let means = self.means(&sampler, ENROLLING).map_err(failed)?;
        let means = means.chunks_exact(EMBEDDING);
        let prototypes = means.flat_map(|mean| self.notes.enrolment.prototype(mean));
        finite(prototypes.collect(), "its prototypes").map_err(failed)
    }

    /// Adds faces without training. A face that is known by family and style is replaced.
    /// Returns how many were new.
    ///
    /// # Errors
    /// A font cannot be drawn.
    pub fn enroll(&mut self, fonts: &[Font]) -> Result<usize, Failure> {
        let mut new = 0;
        let prototypes = self.prototypes_of(fonts)?;
        self.note_facts(fonts);
        // Made with another catalogue, it would say nothing of these faces.
        let catalogue = self.catalogue.take();
        let in_catalogue = match &catalogue {
            Some(catalogue) => catalogue.prototypes_of(fonts)?,
            None => {
                self.notes.background = None;
                Vec::new()
            }
        };
        let mut in_catalogue = in_catalogue.chunks_exact(EMBEDDING);
        for (font, prototype) in fonts.iter().zip(prototypes.chunks_exact(EMBEDDING)) {
            let face = KnownFace::of(font);
            self.befriend(prototype);
            let same = |known: &KnownFace| known.is_named(&face);
            let place = self.notes.faces.iter().position(same);
            let end = self.notes.faces.len();
            if let (Some(background), Some(prototype)) =
                (&mut self.notes.background, in_catalogue.next())
            {
                background.put(place.unwrap_or(end), prototype);
            }
            match place {
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
        self.engage()?;
        Ok(new)
    }
}

fn unusable(problem: &str) -> Failure {
    model_file::unusable(problem, "letra learn FONTS... -o model.letra")
}

fn prototype_name() -> String {
    format!("{}/kernel", network::PROTOTYPES)
}

/// Makes a prototype the column of a kernel `[128, faces]`.
fn put_column(prototype: &[f32], column: usize, kernel: &mut [f32]) {
    let rows = kernel.chunks_exact_mut(kernel.len() / EMBEDDING);
    for (row, &value) in rows.zip(prototype) {
        row[column] = value;
    }
}

/// The prototypes of a whole network as unit vectors.
fn prototypes(network: &Network) -> Result<Vec<f32>, Error> {
    let kernel = network.parameter(&prototype_name()).filter(
        |kernel| matches!(kernel.shape(), &[rows, faces] if rows == EMBEDDING && faces > 0),
    );
    let kernel = kernel.ok_or_else(|| Error::configuration("it holds no prototypes"))?;
    let faces = kernel.shape()[1];
    let mut prototypes = vec![0.0; EMBEDDING * faces];
    for (face, prototype) in prototypes.chunks_exact_mut(EMBEDDING).enumerate() {
        for (row, value) in prototype.iter_mut().enumerate() {
            *value = kernel.data()[row * faces + face];
        }
        if !is_unit(prototype) {
            to_unit(prototype);
        }
    }
    finite(prototypes, "its prototypes")
}

/// The values, if they are numbers.
fn finite(values: Vec<f32>, what: &str) -> Result<Vec<f32>, Error> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(Error::configuration(format!(
            "{what} are not numbers, because its weights are too large"
        ))
        .with_hint("make it again")),
    }
}

#[cfg(test)]
mod tests {
    use letra_type::{Picture, draw_line, find_lines};
    use serde_json::{Value, json};

    use super::*;

    fn network() -> Network {
        Network::from_bytes("the built-in model", BUILT_IN).unwrap()
    }

    #[track_caller]
    fn refused(network: &Network, words: &str) {
        let Err(failure) = Recogniser::of_network(network, "the file") else {
            panic!("it was taken");
        };
        let failure = failure.to_string();
        assert!(
            failure.contains(words) && failure.contains("hint"),
            "{failure}"
        );
    }

    #[test]
    fn notes_that_letra_did_not_write_are_refused() {
        let mut network = network();
        let notes: Value = serde_json::from_str(&network.notes()[KIND.note]).unwrap();
        for (place, value, words) in [
            (
                "/faces/0/family",
                json!("x".repeat(65_536)),
                "65536 characters",
            ),
            (
                "/faces/3/style",
                json!("\u{1b}[31mRegular"),
                "control character",
            ),
            ("/faces/1/slant", json!("up\nright"), "control character"),
            ("/faces/1/weight", json!(1e30), "the weight"),
            ("/training/version", json!("\u{202e}"), "control character"),
            ("/calibration/none/1", json!(3e38), "calibration"),
            ("/calibration/sharpness/0", json!(1e30), "calibration"),
        ] {
            let mut forged = notes.clone();
            *forged.pointer_mut(place).unwrap() = value;
            network.note(KIND.note, forged.to_string());
            refused(&network, words);
        }
        network.note(KIND.note, notes.to_string());
        assert!(Recogniser::of_network(&network, "the file").is_ok());
    }

    #[test]
    fn answers_that_are_not_numbers_are_errors_in_all_that_asks_for_them() {
        let mut picture = Picture::blank(400, 90, 255).unwrap();
        let font = &Font::built_in()[0];
        draw_line(&mut picture, font, "Whistling past", 40.0, (30.0, 58.0), 0).unwrap();
        let network = network();
        let name = "dense/kernel";
        let shape = network.parameter(name).unwrap().shape().to_vec();
        let huge = vec![3e38; shape.iter().product()];
        network
            .set_parameter(name, &Tensor::new(shape, huge).unwrap())
            .unwrap();
        let mut recogniser = Recogniser::of_network(&network, "the file").unwrap();
        let failures = [
            recogniser
                .read_lines(find_lines(&picture), &picture)
                .map(drop),
            recogniser.enroll(std::slice::from_ref(font)).map(drop),
        ];
        for failure in failures {
            let failure = failure.unwrap_err().to_string();
            assert!(failure.contains("not numbers"), "{failure}");
        }
    }

    #[test]
    fn a_model_that_is_read_and_written_again_keeps_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        Recogniser::built_in().unwrap().save(&first).unwrap();
        for _ in 0..3 {
            Recogniser::load(&first).unwrap().save(&second).unwrap();
            assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap());
            std::fs::rename(&second, &first).unwrap();
        }
    }

    #[test]
    fn strangers_are_kept_in_the_file_until_they_are_known() {
        let built_in = Recogniser::built_in().unwrap();
        let (known, strangers) = built_in.faces().split_at(built_in.faces().len() - 3);
        let training = built_in.training().clone();
        let with_strangers = Recogniser::uncalibrated(&network(), known.to_vec(), training);
        let with_strangers = with_strangers.unwrap();
        let before = built_in.strangers().len() / EMBEDDING;
        assert_eq!(
            with_strangers.strangers().len() / EMBEDDING,
            before + strangers.len()
        );

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.letra");
        with_strangers.save(&file).unwrap();
        let mut read = Recogniser::load(&file).unwrap();
        assert_eq!(read.faces(), known);
        assert_eq!(read.strangers(), with_strangers.strangers());

        let stranger = built_in.prototype(known.len());
        let evidence = read.evidence(&read.likeness(stranger), stranger, 1);
        assert!(evidence.stranger > 0.99 && evidence.known < evidence.stranger);
        read.befriend(stranger);
        let left = read.strangers().chunks_exact(EMBEDDING);
        assert!(left.clone().all(|left| cosine(left, stranger) < ALIKE));
        assert!(left.len() < before + strangers.len());
        read.save(&file).unwrap();
        assert_eq!(
            Recogniser::load(&file).unwrap().strangers(),
            read.strangers()
        );
    }

    #[test]
    fn prototypes_that_are_too_large_are_refused() {
        let network = network();
        let kernel = network.parameter(&prototype_name()).unwrap();
        let huge = vec![3e38; kernel.data().len()];
        let huge = Tensor::new(kernel.shape(), huge).unwrap();
        network.set_parameter(&prototype_name(), &huge).unwrap();
        refused(&network, "not numbers");
    }
}
