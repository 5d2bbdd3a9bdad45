//! Which buffer each value and gradient of a plan lives in.

use std::collections::HashMap;
use std::ops::Range;

use super::pass::Place;
use super::phases::Phases;
use super::{GradientTarget, Layout, PlannedNode, Purpose};
use crate::graph::{BuiltGraph, BuiltNode, INPUT, Value};

/// Ranges in shared arrays start at multiples of this many numbers, a cache line.
const ALIGNMENT: usize = 16;
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
    let deferred: Vec<Option<usize>> = built
        .nodes
        .iter()
        .map(|node| {
            node.build
                .deferred
                .filter(|&index| worth_deferring(node, index, batch, lanes))
        })
        .map(|index| index.filter(|_| purpose == Purpose::Training))
        .collect();
    let roots = match purpose {
        // A view shows the gradient at its own output, not at its input's pre-activation.
        Purpose::Inspection => (0..=built.nodes.len()).collect(),
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
        Purpose::Inference => None,
        _ => Some(place_gradients(
            &built,
            &roots,
            &deferred,
            &phases,
            purpose,
            &mut memory,
        )),
    };
    let input = built.input.clone();
    let output_values = built.output_shape().values();
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
                false => reserve(&mut lane_values, range.len()),
            })
            .collect();
        let (output_gradient, input_gradients) = match &gradients {
            Some(gradients) => gradients[index].clone(),
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
            output: places[roots[index + 1]],
            output_values: built.output_shape.values(),
            view: roots[index + 1] != index + 1,
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
        input,
        output_values,
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
    let mut roots = vec![INPUT];
    for (index, node) in built.nodes.iter().enumerate() {
        roots.push(match node.build.view {
            true => roots[node.node.inputs[0]],
            false => index + 1,
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
    let mut places = vec![Place::Input; roots.len()];
    let last_reader: HashMap<Value, usize> = built
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.node.inputs.iter().map(move |&value| (value, index)))
        .map(|(value, index)| (roots[value], index))
        .collect();
    for (index, node) in built.nodes.iter().enumerate() {
        let value = index + 1;
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
                if last_reader[&input] == index {
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
) -> Vec<NodeGradients> {
    let wanted = match purpose {
        Purpose::Inspection => vec![true; roots.len()],
        _ => wanted_gradients(built),
    };
    let mut places: Vec<Option<Place>> = vec![None; roots.len()];
    // Where the gradient of a value lies that is first written in the given phase.
    let place = |value: Value, phase: usize, values: usize, memory: &mut Memory| match purpose {
        _ if value > 0 && deferred[value - 1].is_some() => memory.shard(values),
        Purpose::Inspection => memory.worker(values),
        _ if value > 0 && phases.backward(value - 1) != phase => memory.shard(values),
        _ => memory.reusable(values),
    };
    let last = built.nodes.len();
    let values = built.output_shape().values();
    places[roots[last]] = Some(place(roots[last], phases.middle(), values, memory));
    let mut gradients = vec![(None, Vec::new()); last];
    for (index, node) in built.nodes.iter().enumerate().rev() {
        let output_gradient = places[roots[index + 1]];
        let mut input_gradients = vec![None; node.node.inputs.len()];
        if let Some(output_gradient) = output_gradient
            && roots[index + 1] == index + 1
        {
            let mut borrowed = Vec::new();
            for (number, &input) in node.node.inputs.iter().enumerate() {
                let (root, values) = (roots[input], node.input_shapes[number].values());
                if !wanted[input] {
                    continue;
                }
                input_gradients[number] = Some(match places[root] {
                    Some(_) => {
                        let place = memory.reusable(values);
                        borrowed.push(place);
                        GradientTarget { place, add: true }
                    }
                    None => {
                        let place = place(root, phases.backward(index), values, memory);
                        places[root] = Some(place);
                        GradientTarget { place, add: false }
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
    gradients
}

/// Values that some parameter has a say in.
fn wanted_gradients(built: &BuiltGraph) -> Vec<bool> {
    let mut wanted = vec![false];
    for node in &built.nodes {
        let inherited = node.node.inputs.iter().any(|&value| wanted[value]);
        wanted.push(inherited || !node.parameters.is_empty());
    }
    wanted
}

fn reserve(end: &mut usize, values: usize) -> Range<usize> {
    let start = *end;
    *end = (start + values).next_multiple_of(ALIGNMENT);
    start..start + values
}
