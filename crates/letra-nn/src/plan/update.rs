//! From the gradients of shards and lanes to new parameters, piece by piece.

use std::collections::HashSet;
use std::ops::Range;

use super::Layout;
use super::pass::{Buffers, ParameterGradient};
use super::rows::{Batch, inputs};
use super::shard::Shard;
use super::train::Lane;
use crate::kernels::reduce;
use crate::optimizers::SLOTS;

/// Parameters are updated in pieces of about this many numbers.
const TASK_VALUES: usize = 16 * 1024;

/// A piece of the parameters and where its gradient comes from.
pub(super) struct Task {
    range: Range<usize>,
    source: Source,
}

enum Source {
    /// The lanes' arrays, from this index on.
    Lanes(usize),
    /// These rows of the deferred parameter of a node.
    Deferred { node: usize, rows: Range<usize> },
}

/// Parameters, their gradient, and the optimizer's state, or the same piece of each.
pub(crate) struct Piece<'a> {
    pub(crate) parameters: &'a mut [f32],
    pub(crate) gradients: &'a mut [f32],
    pub(crate) slots: [&'a mut [f32]; SLOTS],
}

impl<'a> Piece<'a> {
    fn split_at(self, middle: usize) -> (Piece<'a>, Piece<'a>) {
        let (left_parameters, right_parameters) = self.parameters.split_at_mut(middle);
        let (left_gradients, right_gradients) = self.gradients.split_at_mut(middle);
        let mut right_slots: [&mut [f32]; SLOTS] = Default::default();
        let mut left_slots: [&mut [f32]; SLOTS] = Default::default();
        for (slot, (left, right)) in self
            .slots
            .into_iter()
            .zip(left_slots.iter_mut().zip(&mut right_slots))
        {
            let middle = middle.min(slot.len());
            (*left, *right) = slot.split_at_mut(middle);
        }
        (
            Piece {
                parameters: left_parameters,
                gradients: left_gradients,
                slots: left_slots,
            },
            Piece {
                parameters: right_parameters,
                gradients: right_gradients,
                slots: right_slots,
            },
        )
    }
}

/// Where the gradient of a batch lies before it is put together.
pub(super) struct Gradients<'a> {
    pub(super) layout: &'a Layout,
    pub(super) lanes: &'a [Lane],
    pub(super) shards: &'a [Shard],
    pub(super) batch: Batch<'a>,
}

impl Gradients<'_> {
    pub(super) fn collect(&self, task: &Task, gradient: &mut [f32]) {
        match &task.source {
            Source::Lanes(start) => {
                let range = *start..start + gradient.len();
                gradient.copy_from_slice(&self.lanes[0].gradients[range.clone()]);
                for lane in &self.lanes[1..] {
                    reduce::add(gradient, &lane.gradients[range.clone()]);
                }
            }
            Source::Deferred { node, rows } => self.collect_deferred(*node, rows, gradient),
        }
    }

    fn collect_deferred(&self, node: usize, rows: &Range<usize>, gradient: &mut [f32]) {
        let node = &self.layout.nodes[node];
        let values = node.input_shapes[0].values();
        gradient.fill(0.0);
        for (index, shard) in self.shards.iter().enumerate() {
            let buffers = Buffers {
                input: inputs(self.batch, index * self.layout.shard, &shard.input),
                worker: &[],
                shard: &shard.buffers,
            };
            // Nobody reads the layer's output: its gradient is zero.
            let Some(place) = node.output_gradient else {
                return;
            };
            let keep = node.keep.map_or(&[][..], |(place, values)| {
                buffers.get(place, shard.samples * values)
            });
            node.layer.parameter_gradient(&mut ParameterGradient {
                samples: shard.samples,
                rows: rows.clone(),
                input: buffers.get(node.inputs[0], shard.samples * values),
                input_shape: &node.input_shapes[0],
                output_gradient: buffers.get(place, shard.samples * node.output_values),
                keep,
                gradient,
            });
        }
    }
}

/// Cuts the parameters into pieces, in their order.
pub(super) fn tasks(layout: &Layout) -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut seen = HashSet::new();
    for (number, node) in layout
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| !node.frozen)
    {
        for (index, range) in node.parameters.iter().enumerate() {
            // Another node has the same parameter.
            if !seen.insert(range.start) {
                continue;
            }
            let deferred = node.deferred == Some(index);
            let row = if deferred { node.output_values } else { 1 };
            let step = (TASK_VALUES / row).max(1) * row;
            for start in range.clone().step_by(step) {
                let end = (start + step).min(range.end);
                let offset = start - range.start;
                let source = match deferred {
                    true => Source::Deferred {
                        node: number,
                        rows: offset / row..(end - range.start) / row,
                    },
                    false => Source::Lanes(node.gradients[index].start + offset),
                };
                tasks.push(Task {
                    range: start..end,
                    source,
                });
            }
        }
    }
    tasks.sort_by_key(|task| task.range.start);
    tasks
}

/// Runs the tasks on the pieces of `state`, which starts at parameter number `start`.
pub(super) fn run_tasks<'a>(
    tasks: &[Task],
    start: usize,
    state: Piece<'a>,
    work: &(impl Fn(&Task, Piece<'a>) + Sync),
) {
    match tasks {
        [] => {}
        [task] => {
            let (_, piece) = state.split_at(task.range.start - start);
            let (piece, _) = piece.split_at(task.range.len());
            work(task, piece);
        }
        _ => {
            let (left, right) = tasks.split_at(tasks.len() / 2);
            let middle = right[0].range.start;
            let (left_state, right_state) = state.split_at(middle - start);
            rayon::join(
                || run_tasks(left, start, left_state, work),
                || run_tasks(right, middle, right_state, work),
            );
        }
    }
}
