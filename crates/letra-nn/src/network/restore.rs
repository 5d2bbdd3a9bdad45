//! Reading a model's file. Nothing is read that the architecture does not ask for, and no
//! memory is taken for what the file does not hold.

use std::collections::HashSet;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use super::file::{BEST, FORMAT, Header, STATE, SavedLayer, SavedTraining};
use super::functional::check_outputs;
use super::tensors::TensorFile;
use super::{Network, Reading, Registry, States, Weights, Workers};
use crate::buffer::Buffer;
use crate::graph::{INPUT, WeightSpecification};
use crate::layer_graph::{Graph, MOST_CHARACTERS, MOST_LAYERS, Node};
use crate::layers::ActivationFunction;
use crate::optimizers::Optimizer;
use crate::targets::USUAL_THRESHOLD;
use crate::{Error, Shape};

/// Steps of a training, at most.
const MOST_STEPS: u64 = 1 << 62;

impl Network {
    /// Reads a network that [`Network::save`] or a trainer's wrote. It runs on a thread a core.
    ///
    /// # Errors
    /// When the file cannot be read, is cut short, comes from a later version, names an
    /// unknown layer, or holds tensors of the wrong shape or values that are not numbers.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(path, &Registry::new(), Workers::new(0)?)
    }

    /// As [`Network::load`], with what the program has of its own, and on workers that are there.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn load_with(
        path: impl AsRef<Path>,
        registry: &Registry,
        workers: Workers,
    ) -> Result<Self, Error> {
        Restored::load(path.as_ref(), registry, workers).map(|restored| restored.network)
    }

    /// As [`Network::load`], from the bytes of a file, such as a program carries in itself;
    /// errors call it `name`.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let source = TensorFile::new(Path::new(name), Cursor::new(bytes), bytes.len() as u64)?;
        read(source, &Registry::new(), Workers::new(0)?).map(|restored| restored.network)
    }
}

/// Where a training stood when its checkpoint was written.
pub(crate) struct Checkpoint {
    /// All weights, at their places.
    pub(crate) values: Buffer,
    /// The optimizer's state.
    pub(crate) slots: Vec<Buffer>,
    pub(crate) steps: u64,
    pub(crate) rate_factor: f32,
    /// What the training noted.
    pub(crate) note: serde_json::Value,
    /// All weights at their best so far.
    pub(crate) best: Option<Vec<f32>>,
    /// What is carried from batch to batch.
    pub(crate) states: States,
}

impl Network {
    /// Reads the checkpoint of a training of this network, by these settings and this optimizer, whose
    /// states are `slots`. Where it may have changes, all but the layers and the kind of the optimizer
    /// may differ.
    ///
    /// # Errors
    /// As [`Network::load`]; the file is no checkpoint, or that of another training.
    pub(crate) fn read_checkpoint(
        &self,
        path: &Path,
        wanted: &SavedTraining,
        slots: (&[&str], &[Buffer]),
        changes: bool,
    ) -> Result<Checkpoint, Error> {
        let mut source = TensorFile::open(path)?;
        let header = source.header()?;
        let wrong = |error: String| Error::file(path, error);
        let settings = header.training_settings().map_err(wrong)?;
        let (Some(settings), Some(note)) = (settings, header.training.clone()) else {
            return Err(
                Error::file(path, "this is a finished model, not a checkpoint")
                    .with_hint("resume from a file that the Checkpoint callback wrote"),
            );
        };
        let own = self.header(Some(wanted));
        let is_same = match changes {
            false => header.of_training() == own.of_training(),
            true => {
                settings.optimizer.kind == wanted.optimizer.kind
                    && settings.metrics == wanted.metrics
                    && header.of_architecture() == own.of_architecture()
            }
        };
        if !is_same {
            return Err(Error::file(
                path,
                "the checkpoint belongs to another network, loss, optimizer or seed",
            )
            .with_hint(match changes {
                false => "start without it, restore the settings it was made with, or say with Fit::changes that other rates, losses and batches are wanted",
                true => "start without it; the layers, the metrics and the kind of optimizer must stay",
            }));
        }
        let known = &self.ops.weights;
        let prefixes = prefixes(slots.0, Some(&note));
        source
            .check(&self.ops, &prefixes)
            .map_err(|error| match changes {
                false => error,
                true => Error::file(
                    path,
                    "the optimizer's state there is that of other settings",
                )
                .with_hint("keep those that it has arrays for, such as momentum or amsgrad"),
            })?;
        let mut values = self.weights.now().all.clone();
        source.fill(known.iter(), "", &mut values)?;
        let mut states = slots.1.to_vec();
        for (state, values) in slots.0.iter().zip(&mut states) {
            source.fill(parameters_of(known), &state_prefix(state), values)?;
        }
        let mut best = prefixes.contains(&BEST.to_owned()).then(|| values.to_vec());
        if let Some(best) = &mut best {
            source.fill(known.iter(), BEST, best)?;
        }
        Ok(Checkpoint {
            values,
            slots: states,
            steps: settings.steps,
            rate_factor: settings.rate_factor.unwrap_or(1.0),
            note,
            best,
            states: source.states(&self.ops)?,
        })
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
}

impl Restored {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub(crate) fn load(path: &Path, registry: &Registry, workers: Workers) -> Result<Self, Error> {
        read(TensorFile::open(path)?, registry, workers)
    }
}

fn read<R: Read + Seek>(
    mut source: TensorFile<'_, R>,
    registry: &Registry,
    workers: Workers,
) -> Result<Restored, Error> {
    let path = source.path;
    let wrong = |error: String| Error::file(path, error);
    let header = source.header()?;
    let settings = header.training_settings().map_err(wrong)?;
    let inputs = std::iter::once(header.input).chain(header.other_inputs);
    let graph = graph(inputs.collect(), header.layers, header.outputs, registry).map_err(wrong)?;
    let ops = graph.ops().map_err(|error| wrong(error.to_string()))?;
    let optimizer = settings.as_ref().map(|settings| {
        let optimizer = settings.optimizer.clone();
        registry.make_optimizer(&optimizer.kind, optimizer.configuration)
    });
    let optimizer = optimizer.transpose().map_err(wrong)?;
    let states: &[&str] = match (&optimizer, &header.training) {
        (Some(optimizer), Some(_)) => optimizer.slots(),
        _ => &[],
    };
    let prefixes = prefixes(states, header.training.as_ref());
    // All shapes first: what is read then has the length of the file.
    source.check(&ops, &prefixes)?;
    let mut values = Buffer::zeros(ops.value_space());
    source.fill(ops.weights.iter(), "", &mut values)?;
    let weights = Weights::new(&ops, values);
    let mut network = Network::of(graph, ops, weights, workers);
    network.training = settings.clone();
    network.readings = match &settings {
        Some(settings) => readings(settings, registry).map_err(wrong)?,
        None => saved_readings(&header.output_functions, &header.thresholds),
    };
    network.notes = header.notes;
    // Losses on inner values follow those of the outputs.
    network.readings.truncate(network.outputs());
    if network.readings.len() != network.outputs() {
        return Err(wrong(format!(
            "the network has {} outputs but losses for {}: choose a file that letra saved",
            network.outputs(),
            network.readings.len()
        )));
    }
    let trained = settings.zip(optimizer);
    Ok(Restored {
        network,
        trained: trained.map(|(settings, optimizer)| RestoredTraining {
            settings,
            optimizer,
        }),
    })
}

/// What precedes the names of the tensors in a file: nothing, an optimizer's states, the best values.
fn prefixes(states: &[&str], training: Option<&serde_json::Value>) -> Vec<String> {
    let best = training.is_some_and(|training| training.get("best_epoch").is_some());
    std::iter::once(String::new())
        .chain(states.iter().map(|state| state_prefix(state)))
        .chain(best.then(|| BEST.to_owned()))
        .collect()
}

/// How each output is read, where no loss tells it.
fn saved_readings(functions: &[ActivationFunction], thresholds: &[f32]) -> Vec<Reading> {
    let functions = functions.iter().enumerate();
    let reading = |(output, &function)| Reading {
        function,
        threshold: *thresholds.get(output).unwrap_or(&USUAL_THRESHOLD),
    };
    functions.map(reading).collect()
}

fn readings(settings: &SavedTraining, registry: &Registry) -> Result<Vec<Reading>, String> {
    let others = settings.other_outputs.iter().map(|output| &output.loss);
    let losses = std::iter::once(&settings.loss).chain(others).cloned();
    losses
        .map(|loss| registry.make_loss(&loss.kind, loss.configuration))
        .map(|loss| loss.map(|loss| Reading::of(&*loss)))
        .collect()
}

impl Header {
    /// All that decides what training computes, as text.
    fn of_training(mut self) -> String {
        for progress in ["steps", "rate_factor"] {
            self.trained.remove(progress);
        }
        self.notes.clear();
        self.training = None;
        serde_json::json!(self).to_string()
    }

    /// All that decides what the network answers but its weights, as text.
    pub(super) fn of_architecture(mut self) -> String {
        self.trained.clear();
        self.output_functions.clear();
        self.thresholds.clear();
        self.of_training()
    }

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

fn graph(
    inputs: Vec<Shape>,
    saved: Vec<SavedLayer>,
    outputs: Vec<usize>,
    registry: &Registry,
) -> Result<Graph, String> {
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
        inserted: Vec::new(),
        streams: false,
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
        let layer = registry
            .make_layer(&saved.layer.kind, saved.layer.configuration)
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
            named: saved.named.min(saved.name.len()),
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
