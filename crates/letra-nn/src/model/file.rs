//! A model as one file: safetensors, with the architecture in its metadata. Writing; see
//! `restore` for reading.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::Network;
use super::restore::parameters_of;
use crate::optimizers::Clipping;
use crate::{Error, Shape};

/// Version of the architecture's form; raised when an older reader would misread it. A
/// chain of layers, none of them frozen, is still written in format 1.
pub(super) const FORMAT: u32 = 2;
/// Key of the architecture in the file's metadata.
pub(super) const KEY: &str = "letra";
/// What precedes the optimizer's state in tensor names.
pub(super) const STATE: &str = "optimizer/";
/// What precedes the best weights so far in tensor names.
pub(super) const BEST: &str = "best/";

#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) input: Shape,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) other_inputs: Vec<Shape>,
    pub(super) layers: Vec<SavedLayer>,
    /// Empty where it is what the last layer gives.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) outputs: Vec<usize>,
    pub(super) loss: Saved,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub(super) loss_weight: f32,
    pub(super) optimizer: Saved,
    pub(super) metrics: Vec<String>,
    #[serde(default, skip_serializing_if = "Clipping::is_none")]
    pub(super) clipping: Clipping,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) other_outputs: Vec<SavedOutput>,
    pub(super) seed: u64,
    pub(super) steps: u64,
    /// Left out where it is 1, as in files from before there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) rate_factor: Option<f32>,
    pub(super) notes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) training: Option<serde_json::Value>,
}

fn one() -> f32 {
    1.0
}

fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedOutput {
    pub(super) loss: Saved,
    pub(super) weight: f32,
    pub(super) metrics: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedLayer {
    pub(super) name: String,
    pub(super) inputs: Vec<usize>,
    /// Place of the layer whose parameters it uses.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) shares: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) frozen: bool,
    #[serde(flatten)]
    pub(super) layer: Saved,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) kind: String,
    pub(super) configuration: serde_json::Value,
}

impl Network {
    /// Writes the network to one safetensors file, with the architecture in its metadata;
    /// the file is there whole or not at all. Loading gives the same bits back. Where `path` is a
    /// link, it stays, and the file that it leads to is written; an older file's mode and owner are
    /// kept.
    ///
    /// # Errors
    /// When the file cannot be written or is read-only, or a parameter is no longer a number.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_whole(path.as_ref(), &self.serialized(path.as_ref(), None, None)?)
    }

    /// The contents of the file that [`Network::save`] writes.
    ///
    /// # Errors
    /// When a parameter is no longer a number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.serialized(Path::new("the network"), None, None)
    }

    /// Writes the network with the optimizer's state, so that [`Network::resume_from`] can go on
    /// with the training, and a note of the caller's; the file is there whole or not at all.
    /// For trainings by [`Network::train_on_batch`]; `fit` has the Checkpoint callback.
    ///
    /// # Errors
    /// As [`Network::save`].
    pub fn save_checkpoint(
        &self,
        path: impl AsRef<Path>,
        note: serde_json::Value,
    ) -> Result<(), Error> {
        self.save_training(path.as_ref(), note, None)
    }

    /// Writes the network, the optimizer's state, the best weights so far where they are kept,
    /// and a note on the training.
    pub(crate) fn save_training(
        &self,
        path: &Path,
        training: serde_json::Value,
        best: Option<&[f32]>,
    ) -> Result<(), Error> {
        write_whole(path, &self.serialized(path, Some(training), best)?)
    }

    /// About the size of the network's file, in bytes: with the optimizer's state and the best
    /// weights so far where it is a checkpoint's.
    pub(crate) fn file_size(&self, is_checkpoint: bool) -> u64 {
        const HEADER: usize = 1 << 12;
        const HEADER_OF_A_LAYER: usize = 1 << 10;
        let copies = match is_checkpoint {
            true => 2 + self.optimizer.slots().len(),
            false => 1,
        };
        let header = HEADER + self.graph.nodes.len() * copies * HEADER_OF_A_LAYER;
        (self.parameters.len() * copies * size_of::<f32>() + header) as u64
    }

    /// All that decides what training computes, as text.
    pub(super) fn architecture(&self) -> String {
        let mut header = self.header();
        header.steps = 0;
        header.rate_factor = None;
        header.notes.clear();
        serde_json::json!(header).to_string()
    }

    fn header(&self) -> Header {
        let graph = &self.graph;
        let mut outputs = self.objective.iter().map(|objective| SavedOutput {
            loss: Saved {
                kind: objective.loss.kind().into(),
                configuration: objective.loss.configuration(),
            },
            weight: objective.weight,
            metrics: objective
                .metrics
                .iter()
                .map(|metric| metric.name())
                .collect(),
        });
        let first = outputs.next().expect("a network has an output");
        let other_outputs: Vec<SavedOutput> = outputs.collect();
        let last = graph.value(graph.nodes.len() - 1);
        let given = Some(graph.given()).filter(|given| given[..] != [last]);
        let layers: Vec<SavedLayer> = graph
            .nodes
            .iter()
            .map(|node| SavedLayer {
                name: node.name.clone(),
                inputs: node.inputs.clone(),
                shares: node.shares,
                frozen: node.frozen,
                layer: Saved {
                    kind: node.layer.kind().into(),
                    configuration: node.layer.configuration(),
                },
            })
            .collect();
        let general = graph.inputs.len() > 1
            || given.is_some()
            || first.weight != 1.0
            || layers
                .iter()
                .any(|layer| layer.frozen || layer.shares.is_some());
        Header {
            format: if general { FORMAT } else { 1 },
            input: graph.inputs[0].clone(),
            other_inputs: graph.inputs[1..].to_vec(),
            layers,
            outputs: given.unwrap_or_default(),
            loss: first.loss,
            loss_weight: first.weight,
            optimizer: Saved {
                kind: self.optimizer.kind().into(),
                configuration: self.optimizer.configuration(),
            },
            metrics: first.metrics,
            other_outputs,
            clipping: self.clipping,
            seed: self.seed,
            steps: self.steps,
            rate_factor: (self.rate_factor != 1.0).then_some(self.rate_factor),
            notes: self.notes.clone(),
            training: None,
        }
    }

    fn serialized(
        &self,
        path: &Path,
        training: Option<serde_json::Value>,
        best: Option<&[f32]>,
    ) -> Result<Vec<u8>, Error> {
        let mut tensors = Vec::new();
        for specification in &self.specifications {
            let values = &self.parameters[specification.range()];
            tensors.push((specification.name.clone(), specification, values));
        }
        let states = match training {
            Some(_) => self.optimizer.slots(),
            None => &[],
        };
        for (slot, values) in states.iter().zip(&self.slots) {
            for specification in parameters_of(&self.specifications) {
                let name = format!("{STATE}{slot}/{}", specification.name);
                tensors.push((name, specification, &values[specification.range()]));
            }
        }
        for specification in best.iter().flat_map(|_| &self.specifications) {
            let values = best.map_or(&[][..], |best| &best[specification.range()]);
            tensors.push((
                format!("{BEST}{}", specification.name),
                specification,
                values,
            ));
        }
        for (name, _, values) in &tensors {
            check_finite(name, values).map_err(|error| Error::file(path, error))?;
        }
        let bytes: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, _, values)| {
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect()
            })
            .collect();
        let views = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, specification, _), bytes)| {
                TensorView::new(Dtype::F32, specification.shape.clone(), bytes)
                    .map(|view| (name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::file(path, error.to_string()))?;
        let header = Header {
            training,
            ..self.header()
        };
        // One key only: the order of several would differ from run to run.
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::json!(header).to_string())]);
        serialize(views, Some(metadata)).map_err(|error| Error::file(path, error.to_string()))
    }
}

/// Refuses numbers that are none, which no training can go on from.
pub(super) fn check_finite(name: &str, values: &[f32]) -> Result<(), String> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(format!(
            "tensor {name} holds {} at place {index}: the training had diverged; train again with a lower rate",
            values[index]
        )),
        None => Ok(()),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    letra_files::write_whole(path, bytes).map_err(|error| Error::io(path, error))
}

/// Refuses a file that cannot be written, or for which there is no room, before any work.
pub(crate) fn check_writable(path: &Path, room: u64) -> Result<(), Error> {
    letra_files::check(path, room).map_err(|error| Error::io(path, error))
}
