//! A model as one file: safetensors, with the architecture in its metadata. Writing; see
//! `restore` for reading.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use half::f16;
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Deserializer, Serialize};

use super::restore::parameters_of;
use super::tensors::MOST_HEADER;
use super::{Network, States};
use crate::layers::{self, ActivationFunction, Layer, TimeDistributed};
use crate::optimizers::Clipping;
use crate::targets::USUAL_THRESHOLD;
use crate::{Error, Shape};

/// Version of the architecture's form; raised when an older reader would misread it: 1 is a chain of
/// layers, none of them frozen, 2 any graph, 3 a network without a training, or one with losses on
/// inner values.
pub(super) const FORMAT: u32 = 3;
/// Key of the architecture in the file's metadata.
pub(super) const KEY: &str = "letra";
/// What precedes the optimizer's state in tensor names.
pub(super) const STATE: &str = "optimizer/";
/// What precedes carried states in tensor names.
pub(super) const CARRIED: &str = "carried/";
/// What precedes the best weights so far in tensor names.
pub(super) const BEST: &str = "best/";

/// What a file tells of a network besides its tensors.
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
    /// What turns each output into a prediction, where no loss tells it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) output_functions: Vec<ActivationFunction>,
    /// What a single value of each output must be above to be a yes, where not always 0.5.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) thresholds: Vec<f32>,
    /// The fields of a [`SavedTraining`], where the file has them.
    #[serde(flatten)]
    pub(super) trained: serde_json::Map<String, serde_json::Value>,
    pub(super) notes: BTreeMap<String, String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "there"
    )]
    pub(super) training: Option<serde_json::Value>,
}

/// A note that is there, also where it says nothing.
fn there<'a, D: Deserializer<'a>>(note: D) -> Result<Option<serde_json::Value>, D::Error> {
    Deserialize::deserialize(note).map(Some)
}

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedTraining {
    pub(crate) loss: Saved,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub(crate) loss_weight: f32,
    pub(crate) optimizer: Saved,
    pub(crate) metrics: Vec<String>,
    #[serde(default, skip_serializing_if = "Clipping::is_none")]
    pub(crate) clipping: Clipping,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) other_outputs: Vec<SavedOutput>,
    pub(crate) seed: u64,
    pub(crate) steps: u64,
    /// Left out where it is 1, as in files from before there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) rate_factor: Option<f32>,
    /// Those of layers by their names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) layer_rates: Vec<(String, f32)>,
}

fn one() -> f32 {
    1.0
}

fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

/// What a further output, or a layer's, is measured by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedOutput {
    pub(crate) loss: Saved,
    pub(crate) weight: f32,
    pub(crate) metrics: Vec<String>,
    /// The layer, where the network does not give what it gives.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) layer: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedLayer {
    pub(super) name: String,
    /// Length of the part of the name that was given.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub(super) named: usize,
    pub(super) inputs: Vec<usize>,
    /// Place of the layer whose parameters it uses.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) shares: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) frozen: bool,
    #[serde(flatten)]
    pub(super) layer: Saved,
}

fn is_zero(length: &usize) -> bool {
    *length == 0
}

/// A layer, loss or optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) kind: String,
    pub(crate) configuration: serde_json::Value,
}

/// Arrays under their names.
type NamedArrays<'a> = Vec<(&'a str, &'a [f32])>;

/// What goes into a file besides the network itself.
#[derive(Default)]
pub(crate) struct Contents<'a> {
    pub(crate) trained: Option<SavedTraining>,
    /// A note on a training that can go on, and the optimizer's state by its names.
    pub(crate) training: Option<(serde_json::Value, NamedArrays<'a>)>,
    /// All values of the weights at their best.
    pub(crate) best: Option<&'a [f32]>,
    /// What is carried from batch to batch.
    pub(crate) states: Option<&'a States>,
    /// Whether the values are rounded to half precision.
    pub(crate) half: bool,
}

impl Network {
    /// Writes the network to one safetensors file, with the architecture in its metadata;
    /// the file is there whole or not at all. Loading gives the same bits back. Where `path` is a
    /// link, it stays, and the file that it leads to is written; an older file's mode and owner are
    /// kept. How the network is trained is in it, where it was in the file that the network was
    /// loaded from; [`Trainer::save`](crate::Trainer::save) writes how it is trained now.
    ///
    /// # Errors
    /// When the file cannot be written or is read-only, or a parameter is no longer a number.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_whole(path.as_ref(), &self.bytes(path.as_ref(), self.contents())?)
    }

    /// As [`Network::save`], with the weights rounded to half precision (IEEE 754 binary16: 11 bits
    /// instead of 24), in half the space. A network that is loaded from it computes in single precision
    /// with the rounded weights.
    ///
    /// Of numbers from 2⁻¹⁴, 6.1·10⁻⁵, to 65,504 eleven bits stay, a share of 2⁻¹¹ (0.05 %) of each at
    /// most is lost. Of smaller ones 2⁻²⁵, 3·10⁻⁸, at most is lost: those up to that size, such as a moving
    /// variance of 10⁻⁹, become 0. What would be rounded beyond 65,504, from 65,520 up, is refused.
    ///
    /// # Errors
    /// As [`Network::save`]; a weight is larger than half precision goes.
    pub fn save_in_half_precision(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let contents = Contents {
            half: true,
            ..self.contents()
        };
        write_whole(path.as_ref(), &self.bytes(path.as_ref(), contents)?)
    }

    /// The contents of the file that [`Network::save`] writes.
    ///
    /// # Errors
    /// When a parameter is no longer a number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.bytes(Path::new("the network"), self.contents())
    }

    fn contents(&self) -> Contents<'_> {
        Contents {
            trained: self.training.clone(),
            ..Contents::default()
        }
    }

    /// About the size of the network's file, in bytes, where it holds each tensor so often.
    pub(crate) fn file_size(&self, copies: usize) -> u64 {
        const HEADER: usize = 1 << 12;
        const HEADER_OF_A_LAYER: usize = 1 << 10;
        let header = HEADER + self.graph.nodes.len() * copies * HEADER_OF_A_LAYER;
        let values: usize = self.ops.weights.iter().map(|known| known.values()).sum();
        (values * copies * size_of::<f32>() + header) as u64
    }

    /// Whether both have the same layers, in the same places, by the same names and with the same
    /// settings, frozen or not, whatever they are trained by.
    pub fn has_architecture_of(&self, other: &Network) -> bool {
        self.architecture() == other.architecture()
    }

    /// The architecture, as text.
    pub(crate) fn architecture(&self) -> String {
        self.header(None).of_architecture()
    }

    pub(super) fn header(&self, trained: Option<&SavedTraining>) -> Header {
        let graph = &self.graph;
        let last = graph.value(graph.nodes.len() - 1);
        let given = Some(graph.given()).filter(|given| given[..] != [last]);
        let layers: Vec<SavedLayer> = graph
            .nodes
            .iter()
            .map(|node| SavedLayer {
                name: node.name.clone(),
                named: node.named,
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
            || trained.is_some_and(|trained| trained.loss_weight != 1.0)
            || layers
                .iter()
                .any(|layer| layer.frozen || layer.shares.is_some());
        let inner = |trained: &SavedTraining| {
            trained
                .other_outputs
                .iter()
                .any(|output| output.layer.is_some())
        };
        let fields = |trained| match serde_json::json!(trained) {
            serde_json::Value::Object(fields) => fields,
            _ => serde_json::Map::new(),
        };
        Header {
            format: match trained {
                Some(trained) if !inner(trained) => 1 + u32::from(general),
                _ => FORMAT,
            },
            input: graph.inputs[0].clone(),
            other_inputs: graph.inputs[1..].to_vec(),
            layers,
            outputs: given.unwrap_or_default(),
            output_functions: match trained {
                Some(_) => Vec::new(),
                None => self.readings.iter().map(|known| known.function).collect(),
            },
            thresholds: match self
                .readings
                .iter()
                .all(|known| known.threshold == USUAL_THRESHOLD)
            {
                false if trained.is_none() => {
                    self.readings.iter().map(|known| known.threshold).collect()
                }
                _ => Vec::new(),
            },
            trained: trained.map(fields).unwrap_or_default(),
            notes: self.notes.clone(),
            training: None,
        }
    }

    /// The contents of a file that errors call `path`.
    pub(crate) fn bytes(&self, path: &Path, contents: Contents<'_>) -> Result<Vec<u8>, Error> {
        self.check_kinds()?;
        let mut header = self.header(contents.trained.as_ref());
        let weights = self.weights.now();
        let mut tensors = Vec::new();
        for known in &self.ops.weights {
            tensors.push((
                known.name.clone(),
                known.shape.clone(),
                weights.of(known.range()),
            ));
        }
        if let Some((note, states)) = contents.training {
            header.training = Some(note);
            for (state, values) in states {
                for known in parameters_of(&self.ops.weights) {
                    let name = format!("{STATE}{state}/{}", known.name);
                    tensors.push((name, known.shape.clone(), &values[known.range()]));
                }
            }
        }
        if let Some(best) = contents.best {
            for known in &self.ops.weights {
                let name = format!("{BEST}{}", known.name);
                tensors.push((name, known.shape.clone(), &best[known.range()]));
            }
        }
        let states = contents.states.into_iter();
        for (name, shape, values) in states.flat_map(|states| states.all(&self.ops)) {
            tensors.push((format!("{CARRIED}{name}"), shape, values));
        }
        for (name, _, values) in &tensors {
            check_finite(name, values).map_err(|error| Error::file(path, error))?;
        }
        let kind = if contents.half {
            Dtype::F16
        } else {
            Dtype::F32
        };
        let bytes = tensors.iter().map(|(name, _, values)| match contents.half {
            false => Ok(values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()),
            true => halves(name, values).map_err(|error| Error::file(path, error)),
        });
        let bytes: Vec<Vec<u8>> = bytes.collect::<Result<_, _>>()?;
        let views = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, shape, _), bytes)| {
                TensorView::new(kind, shape.clone(), bytes).map(|view| (name.as_str(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::file(path, error.to_string()))?;
        // One key only: the order of several would differ from run to run.
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::json!(header).to_string())]);
        let bytes = serialize(views, Some(metadata))
            .map_err(|error| Error::file(path, error.to_string()))?;
        let header = bytes.first_chunk().copied().map_or(0, u64::from_le_bytes);
        match header <= MOST_HEADER {
            true => Ok(bytes),
            false => Err(Error::file(
                path,
                "the description of the network and its training takes more than 16 MiB",
            )
            .with_hint("train for fewer epochs of more steps, or leave notes out")),
        }
    }

    /// Refuses a layer that no file can hold, and one that calls itself as one of letra's own does,
    /// and would be read as that.
    pub(crate) fn check_kinds(&self) -> Result<(), Error> {
        for node in &self.graph.nodes {
            let kind = node.layer.kind();
            if !node.layer.is_saved() {
                return Err(Error::configuration(format!(
                    "layer {} is a {kind}, made of what no file can hold, and is not saved",
                    node.name
                ))
                .with_hint("write a layer of your own in its place and tell a Registry of it"));
            }
            check_kind(&node.name, &*node.layer)?;
        }
        Ok(())
    }
}

/// Refuses a layer of one's own, here or in another, that calls itself as one of letra's does.
fn check_kind(name: &str, layer: &dyn Layer) -> Result<(), Error> {
    let kind = layer.kind();
    let of = |layer: &dyn Layer| (layer as &dyn Any).type_id();
    let is_letras = || match layer.wrapped() {
        Some(_) => (layer as &dyn Any).is::<TimeDistributed>(),
        None => layers::from_configuration(kind, layer.configuration())
            .is_ok_and(|own| of(&*own) == of(layer)),
    };
    if layers::KINDS.contains(&kind) && !is_letras() {
        return Err(Error::configuration(format!(
            "layer {name} is of a kind of its own, but calls itself \"{kind}\" as one of letra's layers does"
        ))
        .with_hint("give it another kind, so that its file can be read"));
    }
    layer
        .wrapped()
        .map_or(Ok(()), |inner| check_kind(name, inner))
}

/// The bytes of values in half precision.
fn halves(name: &str, values: &[f32]) -> Result<Vec<u8>, String> {
    let halves = || values.iter().map(|value| f16::from_f32(*value));
    match halves().position(|half| !half.is_finite()) {
        None => Ok(halves().flat_map(f16::to_le_bytes).collect()),
        Some(index) => Err(format!(
            "tensor {name} holds {} at place {index}, beyond half precision: save it in single precision",
            values[index]
        )),
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
