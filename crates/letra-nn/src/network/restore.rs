//! Reading a model's file. Nothing is read that the architecture does not ask for, and no
//! memory is taken for what the file does not hold.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, Metadata};

use super::file::{BEST, FORMAT, Header, KEY, STATE, SavedLayer, SavedTraining, check_finite};
use super::functional::check_outputs;
use super::{Network, Weights, Workers};
use crate::buffer::Buffer;
use crate::graph::{INPUT, WeightSpecification};
use crate::layer_graph::{Graph, Node};
use crate::layers::ActivationFunction;
use crate::optimizers::{Optimizer, initial_slots};
use crate::{Error, Shape, layers, losses, optimizers};

/// Length of a safetensors header, at most; the format's own limit.
const MOST_HEADER: u64 = 100_000_000;
/// Layers of a network, at most.
const MOST_LAYERS: usize = 4096;
/// Characters of a layer's name, at most.
const MOST_CHARACTERS: usize = 256;
/// Steps of a training, at most.
const MOST_STEPS: u64 = 1 << 62;

impl Network {
    /// Reads a network that [`Network::save`] or a trainer's wrote. It runs on a thread a core.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, comes from a later version, names an
    /// unknown layer, or holds tensors of the wrong shape or values that are not numbers.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_on(path, Workers::new(0)?)
    }

    /// As [`Network::load`], on workers that are there.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn load_on(path: impl AsRef<Path>, workers: Workers) -> Result<Self, Error> {
        Restored::load(path.as_ref(), workers).map(|restored| restored.network)
    }

    /// As [`Network::load`], from the bytes of a file, such as a program carries in itself;
    /// errors call it `name`.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let source = Source::new(Path::new(name), Cursor::new(bytes), bytes.len() as u64)?;
        read(source, Workers::new(0)?).map(|restored| restored.network)
    }
}

/// What a file holds.
pub(crate) struct Restored {
    pub(crate) network: Network,
    /// How the network is trained, where the file tells.
    pub(crate) trained: Option<RestoredTraining>,
}

/// How a network is trained, and how far it is.
pub(crate) struct RestoredTraining {
    pub(crate) settings: SavedTraining,
    pub(crate) optimizer: Box<dyn Optimizer>,
    /// The optimizer's state: that before the first step, unless the training can go on.
    pub(crate) slots: Vec<Buffer>,
    /// The note on a training that can go on.
    pub(crate) note: Option<serde_json::Value>,
    /// All values of the weights at their best so far.
    pub(crate) best: Option<Vec<f32>>,
}

impl Restored {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub(crate) fn load(path: &Path, workers: Workers) -> Result<Self, Error> {
        read(Source::open(path)?, workers)
    }
}

fn read<R: Read + Seek>(mut source: Source<'_, R>, workers: Workers) -> Result<Restored, Error> {
    let path = source.path;
    let wrong = |error: String| Error::file(path, error);
    let header = source.header()?;
    let settings = header.training_settings().map_err(wrong)?;
    let inputs = std::iter::once(header.input).chain(header.other_inputs);
    let graph = graph(inputs.collect(), header.layers, header.outputs).map_err(wrong)?;
    let ops = graph.ops().map_err(|error| wrong(error.to_string()))?;
    let optimizer = settings.as_ref().map(|settings| {
        let optimizer = settings.optimizer.clone();
        optimizers::from_configuration(&optimizer.kind, optimizer.configuration)
    });
    let optimizer = optimizer.transpose().map_err(wrong)?;
    let states: &[&str] = match (&optimizer, &header.training) {
        (Some(optimizer), Some(_)) => optimizer.slots(),
        _ => &[],
    };
    let keeps_best = |training: &serde_json::Value| training.get("best_epoch").is_some();
    let has_best = header.training.as_ref().is_some_and(keeps_best);
    let prefixes: Vec<String> = std::iter::once(String::new())
        .chain(states.iter().map(|state| state_prefix(state)))
        .chain(has_best.then(|| BEST.to_owned()))
        .collect();
    // All shapes first: what is read then has the length of the file.
    source.check(&ops.weights, &prefixes)?;
    let mut values = Buffer::zeros(ops.value_space());
    source.fill(ops.weights.iter(), "", &mut values)?;
    let mut slots = match &optimizer {
        Some(optimizer) => initial_slots(&**optimizer, ops.parameter_space())?,
        None => Vec::new(),
    };
    for (state, values) in states.iter().zip(&mut slots) {
        source.fill(parameters_of(&ops.weights), &state_prefix(state), values)?;
    }
    let mut best = has_best.then(|| vec![0.0; values.len()]);
    if let Some(values) = &mut best {
        source.fill(ops.weights.iter(), BEST, values)?;
    }
    let weights = Weights::new(&ops, values);
    let mut network =
        Network::on(graph, weights, workers).map_err(|error| wrong(error.to_string()))?;
    network.notes = header.notes;
    network.training = settings.clone();
    network.output_functions = match &settings {
        Some(settings) => output_functions(settings).map_err(wrong)?,
        None => header.output_functions,
    };
    // Losses on inner values follow those of the outputs.
    network.output_functions.truncate(network.outputs());
    if network.output_functions.len() != network.outputs() {
        return Err(wrong(format!(
            "the network has {} outputs but losses for {}: choose a file that letra saved",
            network.outputs(),
            network.output_functions.len()
        )));
    }
    let trained = settings.zip(optimizer);
    Ok(Restored {
        network,
        trained: trained.map(|(settings, optimizer)| RestoredTraining {
            settings,
            optimizer,
            slots,
            note: header.training,
            best,
        }),
    })
}

fn output_functions(settings: &SavedTraining) -> Result<Vec<ActivationFunction>, String> {
    let others = settings.other_outputs.iter().map(|output| &output.loss);
    let losses = std::iter::once(&settings.loss).chain(others).cloned();
    losses
        .map(|loss| losses::from_configuration(&loss.kind, loss.configuration))
        .map(|loss| loss.map(|loss| loss.output_function()))
        .collect()
}

impl Header {
    /// How the network is trained, where the file tells.
    fn training_settings(&self) -> Result<Option<SavedTraining>, String> {
        if self.trained.is_empty() && self.format == FORMAT {
            return Ok(None);
        }
        serde_json::from_value(self.trained.clone().into())
            .map_err(|error| format!("its architecture cannot be read: {error}"))
            .and_then(
                |settings: SavedTraining| match settings.steps > MOST_STEPS {
                    false => Ok(Some(settings)),
                    true => Err(format!(
                        "claims {} steps of training, more than any training takes: train anew",
                        settings.steps
                    )),
                },
            )
    }
}

/// Those that the optimizer may change, and keeps state of its own for.
pub(super) fn parameters_of(
    specifications: &[WeightSpecification],
) -> impl Iterator<Item = &WeightSpecification> {
    specifications.iter().filter(|known| !known.state)
}

fn state_prefix(state: &str) -> String {
    format!("{STATE}{state}/")
}

fn graph(inputs: Vec<Shape>, saved: Vec<SavedLayer>, outputs: Vec<usize>) -> Result<Graph, String> {
    if saved.len() > MOST_LAYERS {
        return Err(format!(
            "its architecture has {} layers, more than {MOST_LAYERS}: choose a file that letra saved",
            saved.len()
        ));
    }
    if inputs.len() > MOST_LAYERS {
        return Err(format!(
            "its architecture has {} inputs, more than {MOST_LAYERS}: choose a file that letra saved",
            inputs.len()
        ));
    }
    let mut graph = Graph {
        inputs,
        nodes: Vec::new(),
        outputs,
    };
    let mut names = HashSet::new();
    for (index, saved) in saved.into_iter().enumerate() {
        if saved.name.chars().count() > MOST_CHARACTERS || saved.name.contains(char::is_control) {
            return Err(format!(
                "the name of layer {} has control characters or more than {MOST_CHARACTERS} in all, as no layer's has: choose a file that letra saved",
                index + 1
            ));
        }
        let place = format!("layer {} ({})", index + 1, saved.name);
        let known = graph.values();
        if saved.inputs.iter().any(|&value| value >= known) || saved.inputs.is_empty() {
            return Err(format!(
                "{place} reads a layer that does not come before it"
            ));
        }
        if !names.insert(saved.name.clone()) {
            return Err(format!(
                "{place} is not the only layer called \"{}\"",
                saved.name
            ));
        }
        let layer = layers::from_configuration(&saved.layer.kind, saved.layer.configuration)
            .map_err(|message| format!("{place}: {message}"))?;
        if let Some(owner) = saved.shares {
            let owner: Option<&Node> = graph.nodes.get(owner);
            let fits = |owner: &Node| {
                owner.shares.is_none()
                    && owner.frozen == saved.frozen
                    && owner.layer.kind() == layer.kind()
                    && owner.layer.configuration() == layer.configuration()
            };
            if !owner.is_some_and(fits) {
                return Err(format!(
                    "{place} shares the parameters of a layer that is not the same"
                ));
            }
        }
        graph.nodes.push(Node {
            name: saved.name,
            layer: Arc::from(layer),
            inputs: saved.inputs,
            shares: saved.shares,
            frozen: saved.frozen,
        });
    }
    if !graph.nodes.is_empty() {
        check_outputs(&graph)?;
    }
    let last = graph.nodes.last();
    let single = graph.inputs.len() == 1 && graph.outputs.is_empty();
    if single && last.is_some_and(|node| node.inputs == [INPUT]) && graph.nodes.len() > 1 {
        return Err("its last layer reads the input past the others".into());
    }
    Ok(graph)
}

/// A safetensors file whose header is read and whose length is right.
struct Source<'a, R> {
    path: &'a Path,
    file: R,
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
}

impl<'a> Source<'a, File> {
    fn open(path: &'a Path) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        // Before it is opened: a pipe would wait for a writer.
        let facts = std::fs::metadata(path).map_err(io)?;
        if !facts.is_file() {
            return Err(Error::file(path, "not a file").with_hint("choose a file that letra saved"));
        }
        Self::new(path, File::open(path).map_err(io)?, facts.len())
    }
}

impl<'a, R: Read + Seek> Source<'a, R> {
    fn new(path: &'a Path, mut file: R, bytes: u64) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        let damaged = |what: &str| {
            Error::file(path, format!("not a letra model, or cut short ({what})"))
                .with_hint("copy it again or train anew")
        };
        let mut length = [0; 8];
        if bytes < 8 {
            return Err(damaged("it has no header"));
        }
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER || length > bytes - 8 {
            return Err(damaged("its header does not end"));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).map_err(io)?;
        let metadata: Metadata =
            serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
        let start = 8 + length;
        if metadata.data_len() as u64 != bytes - start {
            return Err(damaged("its length is not that of its tensors"));
        }
        Ok(Source {
            path,
            file,
            metadata,
            start,
        })
    }

    fn header(&self) -> Result<Header, Error> {
        let entries = self.metadata.metadata().as_ref();
        let text = entries
            .and_then(|entries| entries.get(KEY))
            .ok_or_else(|| {
                Error::file(self.path, "a safetensors file without letra's architecture")
                    .with_hint("choose a file that letra saved")
            })?;
        let header: Header = serde_json::from_str(text).map_err(|error| {
            Error::file(
                self.path,
                format!("its architecture cannot be read: {error}"),
            )
        })?;
        if !(1..=FORMAT).contains(&header.format) {
            return Err(Error::file(
                self.path,
                format!(
                    "written in format {}, but this version of letra reads formats up to {FORMAT}",
                    header.format
                ),
            )
            .with_hint("use a matching version"));
        }
        Ok(header)
    }

    /// Checks that the file holds the parameters with each of these prefixes, and nothing else.
    fn check(
        &self,
        specifications: &[WeightSpecification],
        prefixes: &[String],
    ) -> Result<(), Error> {
        let mut bytes = 0;
        for prefix in prefixes {
            let all = !prefix.starts_with(STATE);
            for specification in specifications.iter().filter(|known| all || !known.state) {
                let name = format!("{prefix}{}", specification.name);
                let info = self.metadata.info(&name).ok_or_else(|| {
                    let message =
                        format!("tensor {name} is missing: the file was not written whole");
                    Error::file(self.path, message)
                })?;
                if info.dtype != Dtype::F32 || info.shape != specification.shape {
                    let message = format!(
                        "tensor {name} is {:?} {:?} where the architecture asks for F32 {:?}",
                        info.dtype, info.shape, specification.shape
                    );
                    return Err(Error::file(self.path, message));
                }
                bytes += info.data_offsets.1 - info.data_offsets.0;
            }
        }
        match bytes == self.metadata.data_len() {
            true => Ok(()),
            false => Err(Error::file(
                self.path,
                "it holds tensors that its architecture does not ask for",
            )
            .with_hint("choose a file that letra saved")),
        }
    }

    /// Reads the tensors with this prefix, which [`Source::check`] has seen.
    fn fill<'b>(
        &mut self,
        specifications: impl Iterator<Item = &'b WeightSpecification>,
        prefix: &str,
        values: &mut [f32],
    ) -> Result<(), Error> {
        for specification in specifications {
            let name = format!("{prefix}{}", specification.name);
            let info = self.metadata.info(&name).expect("check came first");
            let (start, end) = info.data_offsets;
            let mut bytes = vec![0; end - start];
            self.file
                .seek(SeekFrom::Start(self.start + start as u64))
                .and_then(|_| self.file.read_exact(&mut bytes))
                .map_err(|error| Error::io(self.path, error))?;
            let values = &mut values[specification.range()];
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            check_finite(&name, values).map_err(|error| Error::file(self.path, error))?;
        }
        Ok(())
    }
}
