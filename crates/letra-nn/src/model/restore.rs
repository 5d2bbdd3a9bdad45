//! Reading a model's file. Nothing is read that the architecture does not ask for, and no
//! memory is taken for what the file does not hold.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, Metadata};

use super::file::{BEST, FORMAT, Header, KEY, STATE, SavedLayer, SavedOutput, check_finite};
use super::functional::check_outputs;
use super::{Compile, Network, initial_slots};
use crate::graph::{Graph, INPUT, Node, WeightSpecification};
use crate::plan::Objective;
use crate::{Error, Shape, layers, losses, metrics, optimizers};

/// Length of a safetensors header, at most; the format's own limit.
const MOST_HEADER: u64 = 100_000_000;
/// Layers of a network, at most.
const MOST_LAYERS: usize = 4096;
/// Characters of a layer's name, at most.
const MOST_CHARACTERS: usize = 256;
/// Steps of a training, at most.
const MOST_STEPS: u64 = 1 << 62;

impl Network {
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
        let source = Source::open(path.as_ref())?;
        read(source, threads).map(|(network, _)| network)
    }

    /// As [`Network::load`], from the bytes of a file, such as a program carries in itself;
    /// errors call it `name`.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let source = Source::new(Path::new(name), Cursor::new(bytes), bytes.len() as u64)?;
        read(source, 0).map(|(network, _)| network)
    }

    /// Brings a network to where [`Network::save_checkpoint`] left one of the same architecture,
    /// loss, optimizer and seed: parameters, the optimizer's state, the step. Returns the note
    /// that was saved with it.
    ///
    /// # Errors
    /// As [`Network::load`]; the file is no checkpoint, or that of another network.
    pub fn resume_from(&mut self, path: impl AsRef<Path>) -> Result<serde_json::Value, Error> {
        let (saved, training) = self.read_training(path.as_ref())?;
        self.take_training(saved);
        Ok(training.note)
    }

    /// Reads what [`Network::save_training`] wrote for the same network: a network with its
    /// parameters, state and step for [`Network::take_training`], and the note with the best
    /// weights so far, if these were kept.
    pub(crate) fn read_training(&self, path: &Path) -> Result<(Self, Training), Error> {
        let (saved, training) = read(Source::open(path)?, 1)?;
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
        Ok((saved, training))
    }

    /// Takes parameters, state and step from a network of the same architecture.
    pub(crate) fn take_training(&mut self, saved: Self) {
        self.parameters = saved.parameters;
        self.slots = saved.slots;
        self.steps = saved.steps;
        self.rate_factor = saved.rate_factor;
        self.revision += 1;
    }
}

/// The note on a training, and the best weights so far.
pub(crate) struct Training {
    pub(crate) note: serde_json::Value,
    pub(crate) best: Option<Vec<f32>>,
}

fn read<R: Read + Seek>(
    mut source: Source<'_, R>,
    threads: usize,
) -> Result<(Network, Option<Training>), Error> {
    let path = source.path;
    let header = source.header()?;
    let inputs = std::iter::once(header.input).chain(header.other_inputs);
    let graph = graph(inputs.collect(), header.layers, header.outputs)
        .map_err(|error| Error::file(path, error))?;
    let built = graph
        .ops()
        .map_err(|error| Error::file(path, error.to_string()))?;
    let optimizer =
        optimizers::from_configuration(&header.optimizer.kind, header.optimizer.configuration)
            .map_err(|error| Error::file(path, error))?;
    let states = match header.training {
        Some(_) => optimizer.slots(),
        None => &[],
    };
    let specifications = &built.weights;
    let keeps_best = |training: &serde_json::Value| training.get("best_epoch").is_some();
    let best = header.training.as_ref().is_some_and(keeps_best);
    let prefixes: Vec<String> = std::iter::once(String::new())
        .chain(states.iter().map(|state| state_prefix(state)))
        .chain(best.then(|| BEST.to_owned()))
        .collect();
    // All shapes first: what is read then has the length of the file.
    source.check(specifications, &prefixes)?;
    let mut parameters = vec![0.0; built.value_space()];
    source.fill(specifications.iter(), "", &mut parameters)?;
    let mut slots = initial_slots(&*optimizer, built.parameter_space())?;
    for (state, values) in states.iter().zip(&mut slots) {
        source.fill(parameters_of(specifications), &state_prefix(state), values)?;
    }
    let best = match best {
        true => {
            let mut values = vec![0.0; parameters.len()];
            source.fill(specifications.iter(), BEST, &mut values)?;
            Some(values)
        }
        false => None,
    };
    let first = SavedOutput {
        loss: header.loss,
        weight: header.loss_weight,
        metrics: header.metrics,
    };
    let compile = Compile {
        optimizer,
        outputs: std::iter::once(first)
            .chain(header.other_outputs)
            .map(objective)
            .collect::<Result<_, _>>()
            .map_err(|error| Error::file(path, error))?,
        clipping: header.clipping,
        seed: header.seed,
        threads,
    };
    let mut network = Network::with_parameters(graph, compile, parameters)
        .map_err(|error| Error::file(path, error.to_string()))?;
    network.slots = slots;
    network.steps = header.steps;
    if let Some(factor) = header.rate_factor {
        network
            .set_learning_rate_factor(factor)
            .map_err(|error| Error::file(path, error.to_string()))?;
    }
    network.notes = header.notes;
    let training = header.training.map(|note| Training { note, best });
    Ok((network, training))
}

/// Those that the optimizer may change, and keeps state of its own for.
pub(super) fn parameters_of(
    specifications: &[WeightSpecification],
) -> impl Iterator<Item = &WeightSpecification> {
    specifications.iter().filter(|known| !known.state)
}

fn objective(saved: SavedOutput) -> Result<Objective, String> {
    let names = saved.metrics.iter();
    Ok(Objective {
        loss: losses::from_configuration(&saved.loss.kind, saved.loss.configuration)?,
        weight: saved.weight,
        metrics: names
            .map(|name| metrics::from_name(name))
            .collect::<Result<_, _>>()?,
    })
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
        // Before it is opened: a pipe would wait for somebody to write.
        let facts = std::fs::metadata(path).map_err(io)?;
        if !facts.is_file() {
            return Err(Error::file(
                path,
                "not a file: choose a file that letra saved",
            ));
        }
        Self::new(path, File::open(path).map_err(io)?, facts.len())
    }
}

impl<'a, R: Read + Seek> Source<'a, R> {
    fn new(path: &'a Path, mut file: R, bytes: u64) -> Result<Self, Error> {
        let io = |error| Error::io(path, error);
        let damaged = |what: &str| {
            Error::file(
                path,
                format!("not a letra model, or cut short ({what}): copy it again or train anew"),
            )
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
        let text = entries.and_then(|entries| entries.get(KEY)).ok_or_else(|| {
            Error::file(
                self.path,
                "a safetensors file without letra's architecture: choose a file that letra saved",
            )
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
                    "written in format {}, but this version of letra reads formats up to {FORMAT}: use a matching version",
                    header.format
                ),
            ));
        }
        if header.steps > MOST_STEPS {
            return Err(Error::file(
                self.path,
                format!(
                    "claims {} steps of training, more than anybody has taken: train anew",
                    header.steps
                ),
            ));
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
                "it holds tensors that its architecture does not ask for: choose a file that letra saved",
            )),
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
