//! Which buffer each value and gradient of a plan lives in.

use std::collections::HashMap;
use std::ops::Range;

use super::pass::Place;
use super::phases::Phases;
use super::{GradientTarget, Layout, PlannedNode, PlannedOutput, Purpose};
use crate::buffer::LINE;
use crate::graph::{BuiltGraph, BuiltNode, Value};

/// Parameters with fewer values are always summed shard by shard.
const SMALL_PARAMETER: usize = 16 * 1024;

/// Sizes of the buffers, in numbers a sample.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Buffers that each worker has, reused for each shard.
    pub(crate) worker: Vec<usize>,
    /// Buffers that each shard has, kept until the batch is done.
    pub(crate) shard: Vec<usize>,
    /// Scratch space of a worker, in numbers for a whole shard.
    pub(crate) scratch: usize,
    free: Vec<usize>,
}

impl Memory {
    fn worker(&mut self, values: usize) -> Place {
        self.worker.push(values);
        Place::Worker(self.worker.len() - 1)
    }

    fn shard(&mut self, values: usize) -> Place {
        self.shard.push(values);
        Place::Shard(self.shard.len() - 1)
    }

    /// A worker's buffer that nobody uses now, grown as needed.
    fn reusable(&mut self, values: usize) -> Place {
        match self.free.pop() {
            Some(index) => {
                self.worker[index] = self.worker[index].max(values);
                Place::Worker(index)
            }
            None => self.worker(values),
        }
    }

    fn release(&mut self, place: Place) {
        if let Place::Worker(index) = place {
            self.free.push(index);
        }
    }
}

/// Where a node's parameters and states lie in the flat array of all of them.
pub(super) struct Values {
    pub(super) parameters: Vec<Range<usize>>,
    pub(super) states: Vec<Range<usize>>,
}

pub(super) fn lay_out(
    built: BuiltGraph,
    numbers: Vec<usize>,
    values: Vec<Values>,
    batch: usize,
    shard: usize,
    lanes: usize,
    purpose: Purpose,
) -> Layout {
    let frozen = |node: &BuiltNode| node.node.frozen;
    // A layer that stands at several places adds its gradients up in the lanes.
    let places_of = |node: &BuiltNode| {
        let others = built.nodes.iter();
        others
            .filter(|other| other.parameters == node.parameters)
            .count()
    };
    let deferred: Vec<Option<usize>> = built
        .nodes
        .iter()
        .map(|node| {
            node.build
                .deferred
                .filter(|_| purpose == Purpose::Training && !frozen(node))
                .filter(|&index| worth_deferring(node, index, batch, lanes))
                .filter(|_| places_of(node) == 1)
        })
        .collect();
    let inputs = built.inputs.len();
    let roots = match purpose {
        // A view shows the gradient at its own output, not at its input's pre-activation.
        Purpose::Inspection => (0..inputs + built.nodes.len()).collect(),
        _ => roots(&built),
    };
    let phases = Phases::new(&built);
    // What backward reads in another phase must outlive the shard's stay with its worker.
    let kept: Vec<bool> = (0..built.nodes.len())
        .map(|node| {
            deferred[node].is_some() || purpose == Purpose::Training && phases.crosses(node)
        })
        .collect();
    let mut memory = Memory::default();
    let places = place_values(&built, &roots, &deferred, &kept, purpose, &mut memory);
    let gradients = match purpose {
        Purpose::Inference => (Vec::new(), Vec::new()),
        _ => place_gradients(&built, &roots, &deferred, &phases, purpose, &mut memory),
    };
    let (output_gradients, mut node_gradients) = gradients;
    let outputs = built
        .outputs
        .iter()
        .enumerate()
        .map(|(number, &value)| PlannedOutput {
            place: places[roots[value]],
            values: built.shape(value).values(),
            gradient: output_gradients.get(number).copied(),
        })
        .collect();
    // Gradients of a parameter lie in one place, however many nodes have it.
    let mut lane_ranges: HashMap<usize, Range<usize>> = HashMap::new();
    let (mut lane_values, mut prepared_values, mut sums) = (0, 0, 0);
    let mut nodes = Vec::new();
    for (index, (built, values)) in built.nodes.into_iter().zip(values).enumerate() {
        let keep = (built.build.keep > 0 && purpose != Purpose::Inference).then(|| {
            let place = match kept[index] {
                true => memory.shard(built.build.keep),
                false => memory.worker(built.build.keep),
            };
            (place, built.build.keep)
        });
        let lane_gradients = values
            .parameters
            .iter()
            .enumerate()
            .map(|(number, range)| match deferred[index] == Some(number) {
                true => 0..0,
                false => lane_ranges
                    .entry(range.start)
                    .or_insert_with(|| reserve(&mut lane_values, range.len()))
                    .clone(),
            })
            .collect();
        let (output_gradient, input_gradients) = match node_gradients.get_mut(index) {
            Some(gradients) => std::mem::take(gradients),
            None => (None, Vec::new()),
        };
        let node = PlannedNode {
            layer: built.node.layer,
            number: numbers[index],
            inputs: built
                .node
                .inputs
                .iter()
                .map(|&value| places[roots[value]])
                .collect(),
            input_shapes: built.input_shapes,
            output: places[roots[inputs + index]],
            output_values: built.output_shape.values(),
            view: roots[inputs + index] != inputs + index,
            keep,
            scratch: built.build.scratch,
            built: built.build.built,
            parameters: values.parameters,
            states: values.states,
            gradients: lane_gradients,
            prepared: reserve(&mut prepared_values, built.build.prepared),
            output_gradient,
            input_gradients,
            sums: built
                .build
                .whole_batch
                .unwrap_or_default()
                .map(|count| reserve(&mut sums, count)),
            deferred: deferred[index],
            frozen: built.node.frozen,
        };
        memory.scratch = memory.scratch.max(node.scratch_values(shard));
        nodes.push(node);
    }
    Layout {
        nodes,
        memory,
        shard,
        lanes,
        lane_values,
        prepared_values,
        sums,
        phases: phases.list(),
        outputs,
        parameters: Vec::new(),
    }
}

/// A large gradient is formed once for the batch where its own memory traffic, a sum a
/// lane, would exceed that of reading the layer's input again.
fn worth_deferring(node: &BuiltNode, index: usize, batch: usize, lanes: usize) -> bool {
    let shape = &node.build.parameters[index].shape;
    let row: usize = shape.iter().skip(1).product();
    shape[0] * row >= SMALL_PARAMETER && batch <= 2 * lanes * row
}

/// For each value, the value whose buffer it shares: views share their input's.
fn roots(built: &BuiltGraph) -> Vec<Value> {
    let mut roots: Vec<Value> = (0..built.inputs.len()).collect();
    for node in &built.nodes {
        let value = roots.len();
        // Each of several outputs has a gradient of its own.
        let apart = built.outputs.len() > 1 && built.outputs.contains(&value);
        roots.push(match node.build.view && !apart {
            true => roots[node.node.inputs[0]],
            false => value,
        });
    }
    roots
}

fn place_values(
    built: &BuiltGraph,
    roots: &[Value],
    deferred: &[Option<usize>],
    kept: &[bool],
    purpose: Purpose,
    memory: &mut Memory,
) -> Vec<Place> {
    let inputs = built.inputs.len();
    let mut places: Vec<Place> = (0..roots.len()).map(Place::Input).collect();
    let last_reader: HashMap<Value, usize> = built
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.node.inputs.iter().map(move |&value| (value, index)))
        .map(|(value, index)| (roots[value], index))
        .collect();
    for (index, node) in built.nodes.iter().enumerate() {
        let value = inputs + index;
        if roots[value] != value {
            continue;
        }
        let values = node.output_shape.values();
        let read_later = built.nodes.iter().zip(deferred).any(|(reader, deferred)| {
            deferred.is_some()
                && reader
                    .node
                    .inputs
                    .iter()
                    .any(|&input| roots[input] == value)
        });
        places[value] = match purpose {
            Purpose::Inference => memory.reusable(values),
            _ if read_later || kept[index] => memory.shard(values),
            _ => memory.worker(values),
        };
        if purpose == Purpose::Inference {
            let mut done: Vec<Value> = node.node.inputs.iter().map(|&input| roots[input]).collect();
            done.dedup();
            for input in done {
                let given = built.outputs.iter().any(|&value| roots[value] == input);
                if last_reader[&input] == index && !given {
                    memory.release(places[input]);
                }
            }
        }
    }
    places
}

type NodeGradients = (Option<Place>, Vec<Option<GradientTarget>>);

fn place_gradients(
    built: &BuiltGraph,
    roots: &[Value],
    deferred: &[Option<usize>],
    phases: &Phases,
    purpose: Purpose,
    memory: &mut Memory,
) -> (Vec<Place>, Vec<NodeGradients>) {
    let inputs = built.inputs.len();
    let wanted = match purpose {
        Purpose::Inspection => vec![true; roots.len()],
        _ => wanted_gradients(built),
    };
    let mut places: Vec<Option<Place>> = vec![None; roots.len()];
    // Where the gradient of a value lies that is first written in the given phase.
    let place = |value: Value, phase: usize, values: usize, memory: &mut Memory| match purpose {
        _ if value >= inputs && deferred[value - inputs].is_some() => memory.shard(values),
        Purpose::Inspection => memory.worker(values),
        _ if value >= inputs && phases.backward(value - inputs) != phase => memory.shard(values),
        _ => memory.reusable(values),
    };
    let mut outputs = Vec::new();
    for &value in &built.outputs {
        let values = built.shape(value).values();
        let place = place(roots[value], phases.middle(), values, memory);
        places[roots[value]] = Some(place);
        outputs.push(place);
    }
    let mut gradients = vec![(None, Vec::new()); built.nodes.len()];
    for (index, node) in built.nodes.iter().enumerate().rev() {
        let value = inputs + index;
        let output_gradient = places[roots[value]];
        let mut input_gradients = vec![None; node.node.inputs.len()];
        if let Some(output_gradient) = output_gradient
            && roots[value] == value
        {
            let mut borrowed = Vec::new();
            for (number, &input) in node.node.inputs.iter().enumerate() {
                let (root, values) = (roots[input], node.input_shapes[number].values());
                if !wanted[input] {
                    continue;
                }
                input_gradients[number] = Some(match places[root] {
                    Some(sum) => {
                        let place = memory.reusable(values);
                        borrowed.push(place);
                        GradientTarget {
                            place,
                            sum: Some(sum),
                        }
                    }
                    None => {
                        let place = place(root, phases.backward(index), values, memory);
                        places[root] = Some(place);
                        GradientTarget { place, sum: None }
                    }
                });
            }
            borrowed.into_iter().for_each(|place| memory.release(place));
            if purpose == Purpose::Training {
                memory.release(output_gradient);
            }
        }
        gradients[index] = (output_gradient, input_gradients);
    }
    (outputs, gradients)
}

/// Values that some parameter has a say in.
fn wanted_gradients(built: &BuiltGraph) -> Vec<bool> {
    let mut wanted = vec![false; built.inputs.len()];
    for node in &built.nodes {
        let inherited = node.node.inputs.iter().any(|&value| wanted[value]);
        wanted.push(inherited || !node.parameters.is_empty() && !node.node.frozen);
    }
    wanted
}

/// The next range of a shared array, which begins a cache line.
fn reserve(end: &mut usize, values: usize) -> Range<usize> {
    let start = *end;
    *end = (start + values).next_multiple_of(LINE);
    start..start + values
}
