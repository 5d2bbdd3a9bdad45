//! Which buffer each value and gradient of a plan lives in.

use std::collections::HashMap;
use std::ops::Range;

use super::fuse;
use super::fuse::on_sparse_input;
use super::layout::Layout;
use super::memory::Memory;
use super::node::{
    GradientTarget, Location, OutputGradient, PlacedValue, PlannedNode, PlannedOutput, Purpose,
};
use super::phases::Phases;
use super::tree::{Leaves, MOST_LEAVES, MOST_SMALL_LEAVES};
use crate::Shape;
use crate::buffer::LINE;
use crate::graph::{OpGraph, OpNode};
use crate::ops::Needs;
use crate::targets::units;

/// Values of a shard should take at most about this much memory: three quarters of a usual L2 cache.
const SHARD_BYTES: usize = 768 * 1024;
/// Samples in a shard at most.
const MOST_SAMPLES: usize = 128;
/// A batch is cut into at least this many shards if it has as many samples.
const FEWEST_SHARDS: usize = 4;
/// Where an op wants more samples than this at once, a batch is cut into two shards rather than four.
const FEWEST_SHARED: usize = 8;
/// Weights with fewer values always have their gradients summed shard by shard.
const SMALL_WEIGHT: usize = 16 * 1024;
/// A leaf has few gradients of its own if they are at most this share of all, as a divisor.
const FEW_OWN: usize = 4;

impl Layout {
    /// Lays out `graph` for batches of `batch` samples.
    pub(crate) fn new(mut graph: OpGraph, batch: usize, purpose: Purpose) -> Self {
        if purpose != Purpose::Inspection {
            fuse::fuse(&mut graph);
        }
        let mut needs: Vec<Needs> = Vec::new();
        for node in &graph.nodes {
            let mut own = node.op.needs(&graph.input_shapes(node));
            if let Some(numbers) = own.gathered {
                own.sums = Some([numbers * batch, 0]);
            }
            if purpose == Purpose::Inference {
                own.sums = None;
            }
            needs.push(own);
        }
        let shard = match purpose {
            Purpose::Inspection => batch,
            _ => shard_samples(&graph, &needs, batch),
        };
        let most_leaves = most_leaves(&graph, &needs, batch, shard, purpose);
        lay_out(graph, needs, (batch, shard), most_leaves, purpose)
    }
}

/// Samples in a shard: as many as stay in the cache, but few enough that there is work
/// for several cores.
fn shard_samples(graph: &OpGraph, needs: &[Needs], batch: usize) -> usize {
    let of_value = |value: &usize| graph.shapes[*value].values();
    let inputs: usize = graph.shapes[..graph.inputs].iter().map(Shape::values).sum();
    let carried = graph.carried.iter().map(|known| &known.first);
    let carried: usize = carried.map(of_value).sum();
    let nodes = graph.nodes.iter().zip(needs);
    let values = inputs
        + carried
        + nodes
            .filter(|(_, needs)| !needs.view)
            .map(|(node, needs)| 2 * node.outputs.iter().map(of_value).sum::<usize>() + needs.keep)
            .sum::<usize>();
    let fewest = graph.nodes.iter().map(|node| node.op.fewest_samples());
    let fewest = fewest.max().unwrap_or(1);
    if fewest > FEWEST_SHARED {
        // All shards alike, since there are few of them.
        let shards = batch.div_ceil(fewest).max(2.min(batch));
        return batch.div_ceil(shards).min(MOST_SAMPLES);
    }
    let fitting = SHARD_BYTES / (values * size_of::<f32>());
    let fitting = fitting.max(fewest);
    let shared = batch.div_ceil(FEWEST_SHARDS);
    let samples = fitting.min(shared).clamp(1, MOST_SAMPLES);
    // A power of two suits the vector width and the blocking of matrix products.
    1 << samples.ilog2()
}

/// Leaves at most: more where they would have few gradients of their own.
fn most_leaves(
    graph: &OpGraph,
    needs: &[Needs],
    batch: usize,
    shard: usize,
    purpose: Purpose,
) -> usize {
    let small = Leaves::new(batch.div_ceil(shard), MOST_SMALL_LEAVES);
    let placing = Placing::new(graph, needs, batch, small.count(), purpose);
    let (mut own, mut all) = (0, 0);
    for (number, known) in graph.weights.iter().enumerate() {
        if known.trainable() {
            all += known.values();
            if !placing.defers(number) {
                own += known.values();
            }
        }
    }
    match own * FEW_OWN <= all {
        true => MOST_SMALL_LEAVES,
        false => MOST_LEAVES,
    }
}

/// What is known of a graph while its values are placed.
struct Placing<'a> {
    graph: &'a OpGraph,
    purpose: Purpose,
    phases: Phases,
    /// For each value, the value whose buffer it shares.
    roots: Vec<usize>,
    /// For each node, the weight whose gradient is computed for the whole batch.
    deferred: Vec<Option<usize>>,
    /// Whether what a node keeps and gives must outlive the shard's stay with its worker.
    kept: Vec<bool>,
}

fn lay_out(
    graph: OpGraph,
    needs: Vec<Needs>,
    (batch, shard): (usize, usize),
    most_leaves: usize,
    purpose: Purpose,
) -> Layout {
    let leaves = Leaves::new(batch.div_ceil(shard), most_leaves).count();
    let placing = Placing::new(&graph, &needs, batch, leaves, purpose);
    let mut memory = Memory::default();
    let places = placing.values(&mut memory);
    let (gradients, node_gradients) = match purpose {
        Purpose::Inference => (vec![None; graph.shapes.len()], Vec::new()),
        _ => placing.gradients(&mut memory),
    };
    let placed = |value: usize| PlacedValue {
        place: places[placing.roots[value]],
        values: graph.shapes[value].values(),
    };
    let outputs = graph.outputs.iter().map(|&value| PlannedOutput {
        place: placed(value).place,
        values: placed(value).values,
        units: units(&graph.shapes[value]),
        gradient: gradients[placing.roots[value]],
    });
    let outputs = outputs.collect();
    // Gradients of a weight lie in one place, however many nodes have it.
    let mut leaf_ranges: HashMap<usize, Range<usize>> = HashMap::new();
    let (mut leaf_values, mut prepared_values, mut sums) = (0, 0, 0);
    let mut node_gradients = node_gradients.into_iter();
    let mut nodes = Vec::new();
    for (index, (node, needs)) in graph.nodes.iter().zip(&needs).enumerate() {
        let keep = (needs.keep > 0 && purpose != Purpose::Inference).then(|| PlacedValue {
            place: match placing.kept[index] {
                true => memory.shard(needs.keep),
                false => memory.worker(needs.keep),
            },
            values: needs.keep,
        });
        let mut gradients = Vec::new();
        for (number, &weight) in node.weights.iter().enumerate() {
            let known = &graph.weights[weight];
            let own = known.trainable() && placing.deferred[index] != Some(number);
            gradients.push(own.then(|| {
                let place = leaf_ranges.entry(weight);
                place
                    .or_insert_with(|| reserve(&mut leaf_values, known.values()))
                    .clone()
            }));
        }
        let NodeGradients { outputs, inputs } = node_gradients.next().unwrap_or_default();
        let planned = PlannedNode {
            purpose,
            op: node.op.clone(),
            on_sparse_input: on_sparse_input(&*node.op, &graph.shapes[node.inputs[0]]),
            number: node.number,
            inputs: node
                .inputs
                .iter()
                .map(|&value| placed(value).place)
                .collect(),
            input_shapes: graph.input_shapes(node),
            outputs: node.outputs.iter().map(|&value| placed(value)).collect(),
            view: placing.is_view(node),
            keep,
            ranges: node
                .weights
                .iter()
                .map(|&weight| graph.weights[weight].range())
                .collect(),
            trained: placing.trained(node),
            weights: node.weights.clone(),
            gradients,
            prepared: reserve(&mut prepared_values, needs.prepared),
            output_gradients: outputs,
            input_gradients: inputs,
            sums: needs
                .sums
                .unwrap_or_default()
                .map(|count| reserve(&mut sums, count)),
            deferred: placing.deferred[index],
        };
        memory.scratch = memory.scratch.max(planned.scratch_values(shard));
        nodes.push(planned);
    }
    let mut given = vec![None; graph.shapes.len()];
    let inputs = 0..graph.inputs;
    let of_nodes = graph
        .nodes
        .iter()
        .flat_map(|node| node.outputs.iter().copied());
    for value in inputs.chain(of_nodes) {
        given[value] = Some(placed(value));
    }
    let carried = graph.carried.iter();
    let carried: Vec<PlacedValue> = carried.map(|known| placed(known.next)).collect();
    let widest = carried.iter().map(|known| known.values).max();
    Layout {
        zeros: vec![0.0; widest.unwrap_or(0) * shard],
        carried,
        nodes,
        memory,
        shard,
        most_leaves,
        leaf_values,
        prepared_values,
        sums,
        phases: placing.phases.list(),
        outputs,
        values: given,
        gradients,
        weights: graph.weights,
    }
}

/// Where the gradients of a node's outputs and inputs are.
#[derive(Default)]
struct NodeGradients {
    outputs: Vec<OutputGradient>,
    inputs: Vec<Option<GradientTarget>>,
}

impl<'a> Placing<'a> {
    fn new(
        graph: &'a OpGraph,
        needs: &'a [Needs],
        batch: usize,
        leaves: usize,
        purpose: Purpose,
    ) -> Self {
        let phases = Phases::new(needs);
        let mut placing = Placing {
            graph,
            purpose,
            roots: (0..graph.shapes.len()).collect(),
            deferred: vec![None; needs.len()],
            kept: vec![false; needs.len()],
            phases,
        };
        for (index, (node, needs)) in graph.nodes.iter().zip(needs).enumerate() {
            placing.deferred[index] = needs
                .deferred
                .filter(|_| purpose.trains())
                .filter(|_| !placing.reads_carried(node))
                .filter(|&number| placing.worth_deferring(node, number, batch, leaves));
            // What backward reads in another phase.
            placing.kept[index] = placing.deferred[index].is_some()
                || purpose.trains() && placing.phases.crosses(index);
        }
        // A view shows the gradient at its own output, not at its input's pre-activation.
        if purpose != Purpose::Inspection {
            let views = graph
                .nodes
                .iter()
                .zip(needs)
                .filter(|(_, needs)| needs.view);
            for (node, _) in views {
                let ([input], [output]) = (&node.inputs[..], &node.outputs[..]) else {
                    continue;
                };
                // Each of several outputs has a gradient of its own.
                let apart = graph.outputs.len() > 1 && graph.outputs.contains(output);
                // What is carried on has a buffer of its own, and so has what is carried in.
                let carried = graph.is_carried(*input) || graph.carries_on(*output);
                if !apart && !carried {
                    placing.roots[*output] = placing.roots[*input];
                }
            }
        }
        placing
    }

    /// Whether the gradient of a weight is computed for the whole batch.
    fn defers(&self, weight: usize) -> bool {
        let nodes = self.graph.nodes.iter().zip(&self.deferred);
        let mut deferred =
            nodes.filter_map(|(node, deferred)| deferred.map(|number| node.weights[number]));
        deferred.any(|one| one == weight)
    }

    fn trained(&self, node: &OpNode) -> bool {
        let mut weights = node.weights.iter();
        weights.any(|&weight| self.graph.weights[weight].trainable())
    }

    fn reads_carried(&self, node: &OpNode) -> bool {
        let mut inputs = node.inputs.iter();
        inputs.any(|&value| self.graph.is_carried(value))
    }

    fn is_view(&self, node: &OpNode) -> bool {
        node.outputs.iter().any(|&value| self.roots[value] != value)
    }

    /// A large gradient is formed once for the batch where its own memory traffic, a sum a leaf,
    /// would exceed that of reading the op's input again. A weight that stands at several places
    /// has its gradients added up in the leaves.
    fn worth_deferring(&self, node: &OpNode, number: usize, batch: usize, leaves: usize) -> bool {
        let weight = node.weights[number];
        let known = &self.graph.weights[weight];
        let row: usize = known.shape.iter().skip(1).product();
        let has_it = |node: &&OpNode| node.weights.contains(&weight);
        known.trainable()
            && known.values() >= SMALL_WEIGHT
            && batch <= 2 * leaves * row
            && self.graph.nodes.iter().filter(has_it).count() == 1
    }

    /// Whether a node whose gradient is deferred reads the value.
    fn read_later(&self, value: usize) -> bool {
        let nodes = self.graph.nodes.iter().zip(&self.deferred);
        let mut later = nodes.filter(|(_, deferred)| deferred.is_some());
        later.any(|(node, _)| node.inputs.iter().any(|&input| self.roots[input] == value))
    }

    fn values(&self, memory: &mut Memory) -> Vec<Location> {
        let (graph, roots) = (self.graph, &self.roots);
        let mut places: Vec<Location> = (0..graph.shapes.len()).map(Location::Input).collect();
        for (number, known) in graph.carried.iter().enumerate() {
            places[known.first] = Location::Carried(number);
        }
        let mut last_reader = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            for &value in &node.inputs {
                last_reader.insert(roots[value], index);
            }
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            if self.is_view(node) {
                continue;
            }
            for &value in &node.outputs {
                let values = graph.shapes[value].values();
                places[value] = match self.purpose {
                    Purpose::Inference => memory.reusable(values),
                    _ if self.read_later(value) || self.kept[index] || graph.carries_on(value) => {
                        memory.shard(values)
                    }
                    _ => memory.worker(values),
                };
            }
            if self.purpose == Purpose::Inference {
                let given = |value: usize| graph.outputs.iter().any(|&out| roots[out] == value);
                let mut done: Vec<usize> = node.inputs.iter().map(|&input| roots[input]).collect();
                done.sort_unstable();
                done.dedup();
                // What is not read is done with at once.
                let unread = node.outputs.iter().copied();
                let unread = unread.filter(|value| !last_reader.contains_key(value));
                let read = done.into_iter().filter(|value| last_reader[value] == index);
                for value in read.chain(unread).filter(|&value| !given(value)) {
                    memory.release(places[value]);
                }
            }
        }
        places
    }

    /// Where the gradient of a value lies that is first written in the given phase.
    fn gradient(&self, value: usize, phase: usize, memory: &mut Memory) -> Location {
        let values = self.graph.shapes[value].values();
        let nodes = self.graph.nodes.iter();
        let giver = nodes
            .enumerate()
            .find(|(_, node)| node.outputs.contains(&value));
        match (self.purpose, giver) {
            (_, Some((node, _))) if self.deferred[node].is_some() => memory.shard(values),
            (Purpose::Inspection, _) => memory.worker(values),
            // Of the network's inputs, for the caller to read.
            (_, None) => memory.shard(values),
            (_, Some((node, _))) if self.phases.backward(node) != phase => memory.shard(values),
            _ => memory.reusable(values),
        }
    }

    fn gradients(&self, memory: &mut Memory) -> (Vec<Option<Location>>, Vec<NodeGradients>) {
        let (graph, roots) = (self.graph, &self.roots);
        let wanted = self.wanted();
        let mut places: Vec<Option<Location>> = vec![None; roots.len()];
        for &value in &graph.outputs {
            let root = roots[value];
            if places[root].is_none() {
                places[root] = Some(self.gradient(root, self.phases.middle(), memory));
            }
        }
        let mut all = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            let reached = node
                .outputs
                .iter()
                .any(|&value| places[roots[value]].is_some());
            let mut own = NodeGradients {
                outputs: Vec::new(),
                inputs: vec![None; node.inputs.len()],
            };
            if reached && !self.is_view(node) {
                let mut borrowed = Vec::new();
                for &value in &node.outputs {
                    own.outputs.push(match places[value] {
                        Some(place) => OutputGradient {
                            place,
                            unread: false,
                        },
                        None => {
                            let place = memory.reusable(graph.shapes[value].values());
                            borrowed.push(place);
                            OutputGradient {
                                place,
                                unread: true,
                            }
                        }
                    });
                }
                for (number, &input) in node.inputs.iter().enumerate() {
                    if !wanted[input] {
                        continue;
                    }
                    let root = roots[input];
                    own.inputs[number] = Some(match places[root] {
                        Some(sum) => {
                            let place = memory.reusable(graph.shapes[input].values());
                            borrowed.push(place);
                            GradientTarget {
                                place,
                                sum: Some(sum),
                            }
                        }
                        None => {
                            let place = self.gradient(root, self.phases.backward(index), memory);
                            places[root] = Some(place);
                            GradientTarget { place, sum: None }
                        }
                    });
                }
                borrowed.into_iter().for_each(|place| memory.release(place));
                if self.purpose.trains() {
                    let outputs = own.outputs.iter().filter(|output| !output.unread);
                    outputs.for_each(|output| memory.release(output.place));
                }
            }
            all.push(own);
        }
        all.reverse();
        (places, all)
    }

    /// Values that some weight that learns has a say in, or the inputs, where their gradients are
    /// asked for.
    fn wanted(&self) -> Vec<bool> {
        let all = self.purpose == Purpose::Inspection;
        let inputs = all || self.purpose == Purpose::ToInputs;
        let mut wanted = vec![all; self.graph.shapes.len()];
        wanted[..self.graph.inputs].fill(inputs);
        for node in &self.graph.nodes {
            let inherited = node.inputs.iter().any(|&value| wanted[value]);
            if inherited || self.trained(node) {
                node.outputs.iter().for_each(|&value| wanted[value] = true);
            }
        }
        wanted
    }
}

/// The next range of a shared array, which begins a cache line.
fn reserve(end: &mut usize, values: usize) -> Range<usize> {
    let start = *end;
    *end = (start + values).next_multiple_of(LINE);
    start..start + values
}
