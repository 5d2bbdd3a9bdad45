//! A model as one file: safetensors, with the architecture in its metadata.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::{Compile, Network};
use crate::graph::{Graph, INPUT, Node, ParameterSpecification};
use crate::{Error, Shape, layers, losses, metrics, optimizers};

/// Version of the architecture's form; raised when an older reader would misread it.
const FORMAT: u32 = 1;
/// Key of the architecture in the file's metadata.
const KEY: &str = "letra";
/// What precedes the optimizer's state in tensor names.
const STATE: &str = "optimizer/";

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    input: Shape,
    layers: Vec<SavedLayer>,
    loss: Saved,
    optimizer: Saved,
    metrics: Vec<String>,
    seed: u64,
    steps: u64,
    notes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    training: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct SavedLayer {
    name: String,
    inputs: Vec<usize>,
    #[serde(flatten)]
    layer: Saved,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    kind: String,
    configuration: serde_json::Value,
}

impl Network {
    /// Writes the network to one safetensors file, with the architecture in its metadata;
    /// the file is there whole or not at all. Loading gives the same bits back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_whole(path.as_ref(), &self.serialized(path.as_ref(), None)?)
    }

    /// Reads a network that [`Network::save`] wrote. It runs on a thread a core.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, comes from a later version, names an
    /// unknown layer, or holds tensors of the wrong shape or values that are not numbers.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with_threads(path, 0)
    }

    /// As [`Network::load`], with the given number of threads; 0 takes one a core.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn load_with_threads(path: impl AsRef<Path>, threads: usize) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        Self::deserialized(&bytes, threads)
            .map(|(network, _)| network)
            .map_err(|message| Error::file(path, message))
    }

    /// Writes the network, the optimizer's state and a note on the training.
    pub(crate) fn save_training(
        &self,
        path: &Path,
        training: serde_json::Value,
    ) -> Result<(), Error> {
        write_whole(path, &self.serialized(path, Some(training))?)
    }

    /// Takes parameters, state and step from what [`Network::save_training`] wrote for
    /// the same network, and returns the note on the training.
    pub(crate) fn load_training(&mut self, path: &Path) -> Result<serde_json::Value, Error> {
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        let (saved, training) =
            Self::deserialized(&bytes, 1).map_err(|message| Error::file(path, message))?;
        let Some(training) = training else {
            return Err(Error::file(
                path,
                "this is a finished model, not a checkpoint: resume from a file that the Checkpoint callback wrote",
            ));
        };
        if saved.architecture() != self.architecture() {
            return Err(Error::file(
                path,
                "the checkpoint belongs to another network, loss, optimizer or seed: start without it, or restore the settings it was made with",
            ));
        }
        self.parameters = saved.parameters;
        self.slots = saved.slots;
        self.steps = saved.steps;
        self.revision += 1;
        Ok(training)
    }

    /// All that decides what training computes, as text.
    fn architecture(&self) -> String {
        let mut header = self.header();
        header.steps = 0;
        header.notes.clear();
        serde_json::json!(header).to_string()
    }

    fn header(&self) -> Header {
        Header {
            format: FORMAT,
            input: self.graph.input.clone(),
            layers: self
                .graph
                .nodes
                .iter()
                .map(|node| SavedLayer {
                    name: node.name.clone(),
                    inputs: node.inputs.clone(),
                    layer: Saved {
                        kind: node.layer.kind().into(),
                        configuration: node.layer.configuration(),
                    },
                })
                .collect(),
            loss: Saved {
                kind: self.loss.kind().into(),
                configuration: self.loss.configuration(),
            },
            optimizer: Saved {
                kind: self.optimizer.kind().into(),
                configuration: self.optimizer.configuration(),
            },
            metrics: self.metrics.iter().map(|metric| metric.name()).collect(),
            seed: self.seed,
            steps: self.steps,
            notes: self.notes.clone(),
            training: None,
        }
    }

    fn serialized(
        &self,
        path: &Path,
        training: Option<serde_json::Value>,
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
            for specification in &self.specifications {
                let name = format!("{STATE}{slot}/{}", specification.name);
                tensors.push((name, specification, &values[specification.range()]));
            }
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

    fn deserialized(
        bytes: &[u8],
        threads: usize,
    ) -> Result<(Self, Option<serde_json::Value>), String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| {
            format!("not a letra model, or cut short ({error}): copy it again or train anew")
        })?;
        let header = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(KEY))
            .ok_or(
                "a safetensors file without letra's architecture: choose a file that letra saved",
            )?;
        let header: Header = serde_json::from_str(header)
            .map_err(|error| format!("its architecture cannot be read: {error}"))?;
        if header.format != FORMAT {
            return Err(format!(
                "written in format {}, but this version of letra reads format {FORMAT}: use a matching version",
                header.format
            ));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| {
            format!("its tensors are damaged or cut short ({error}): copy it again or train anew")
        })?;
        restore(header, &tensors, threads)
    }
}

fn restore(
    header: Header,
    tensors: &SafeTensors<'_>,
    threads: usize,
) -> Result<(Network, Option<serde_json::Value>), String> {
    let mut graph = Graph::new(header.input);
    for (index, saved) in header.layers.into_iter().enumerate() {
        let place = format!("layer {} ({})", index + 1, saved.name);
        if saved.inputs.iter().any(|&value| value > index) || saved.inputs.is_empty() {
            return Err(format!(
                "{place} reads a layer that does not come before it"
            ));
        }
        let layer = layers::from_configuration(&saved.layer.kind, saved.layer.configuration)
            .map_err(|message| format!("{place}: {message}"))?;
        graph.nodes.push(Node {
            name: saved.name,
            layer: Arc::from(layer),
            inputs: saved.inputs,
        });
    }
    if graph
        .nodes
        .last()
        .is_some_and(|node| node.inputs == [INPUT])
        && graph.nodes.len() > 1
    {
        return Err("its last layer reads the input past the others".into());
    }
    let built = graph.build().map_err(|error| error.to_string())?;
    let specifications = &built.parameters;
    // Shapes first: memory is only taken for tensors that are really in the file.
    for specification in specifications {
        check_tensor(tensors, &specification.name, specification)?;
    }
    let mut parameters = vec![0.0; built.parameter_space()];
    for specification in specifications {
        read_tensor(
            tensors,
            &specification.name,
            &mut parameters[specification.range()],
        )?;
    }
    let optimizer =
        optimizers::from_configuration(&header.optimizer.kind, header.optimizer.configuration)?;
    let mut slots = vec![vec![0.0; parameters.len()]; optimizer.slots().len()];
    if header.training.is_some() {
        for (slot, values) in optimizer.slots().iter().zip(&mut slots) {
            for specification in specifications {
                let name = format!("{STATE}{slot}/{}", specification.name);
                check_tensor(tensors, &name, specification)?;
                read_tensor(tensors, &name, &mut values[specification.range()])?;
            }
        }
    }
    let compile = Compile {
        optimizer,
        loss: losses::from_configuration(&header.loss.kind, header.loss.configuration)?,
        metrics: header
            .metrics
            .iter()
            .map(|name| metrics::from_name(name))
            .collect::<Result<_, _>>()?,
        seed: header.seed,
        threads,
    };
    let mut network =
        Network::with_parameters(graph, compile, parameters).map_err(|error| error.to_string())?;
    network.slots = slots;
    network.steps = header.steps;
    network.notes = header.notes;
    Ok((network, header.training))
}

fn check_tensor(
    tensors: &SafeTensors<'_>,
    name: &str,
    specification: &ParameterSpecification,
) -> Result<(), String> {
    let tensor = tensors
        .tensor(name)
        .map_err(|_| format!("tensor {name} is missing: the file was not written whole"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != specification.shape {
        return Err(format!(
            "tensor {name} is {:?} {:?} where the architecture asks for F32 {:?}",
            tensor.dtype(),
            tensor.shape(),
            specification.shape
        ));
    }
    Ok(())
}

fn read_tensor(tensors: &SafeTensors<'_>, name: &str, values: &mut [f32]) -> Result<(), String> {
    let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
    for (value, bytes) in values.iter_mut().zip(tensor.data().chunks_exact(4)) {
        *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(format!(
            "tensor {name} holds {} at place {index}: the training that wrote it had diverged; train again with a lower rate",
            values[index]
        )),
        None => Ok(()),
    }
}

/// Writes a file whole or not at all: a temporary file beside it, synced, then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = new_file().tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error: std::io::Error| Error::io(path, error))
}

/// What makes temporary files that, once renamed, can be read by whom the user's umask
/// allows, like any other file.
fn new_file() -> tempfile::Builder<'static, 'static> {
    #[allow(unused_mut, reason = "only Unix has such permissions")]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
