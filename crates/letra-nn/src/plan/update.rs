//! From the gradients of shards and leaves to new parameters, piece by piece.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Mutex;

use super::join::for_each;
use super::layout::Layout;
use super::node::Location;
use super::rows::{Batch, CarriedRows, InputColumns, InputRows};
use super::shard::{Buffers, Shard, Worker, worker_of_thread};
use super::tree::{self, Leaf, Leaves};
use crate::Constraint;
use crate::buffer::Buffer;
use crate::graph::WeightSpecification;
use crate::kernels::optimizer::{clip, limit_column_norms, penalize, penalty, scale, square_sum};
use crate::kernels::prefetch_to_write;
use crate::kernels::reduce;
use crate::ops::{ShardGradient, WeightGradient};
use crate::optimizers::{Clipping, Optimizer, SLOTS, Update};

/// Parameters are updated in pieces of about this many numbers.
const BLOCK_VALUES: usize = 8 * 1024;
/// The gradient of a piece is formed from the shards of so many samples at a time, if they are not
/// too many: a sum that is read and written seldom.
const SAMPLES_TOGETHER: usize = 128;
const MOST_TOGETHER: usize = 8;

/// A piece of the parameters and where its gradient comes from.
pub(super) struct Block {
    range: Range<usize>,
    origin: Origin,
    /// Number of the weight that it is a piece of.
    weight: usize,
    /// Factors of the penalties on its values, L1 and L2.
    penalties: Option<[f32; 2]>,
    /// The penalty in this step, part of the loss.
    pub(super) penalty: f64,
    /// Sum of the squares of its gradient, where it is asked for.
    squares: f64,
    /// Whether an op may meet it that skips zeros of a batch: then one must know whether it is
    /// finite.
    meets_zeros: bool,
    /// Whether it was when it was last changed.
    pub(super) finite: bool,
}

enum Origin {
    /// The leaves' arrays, from this index on.
    Leaves(usize),
    /// These rows of the deferred weight of a node.
    Deferred { node: usize, rows: Range<usize> },
}

/// How gradients change parameters in one step.
#[derive(Clone, Copy)]
pub(crate) struct Rule<'a> {
    pub(crate) optimizer: &'a dyn Optimizer,
    pub(crate) clipping: Clipping,
    /// Number of the step, from 0.
    pub(crate) step: u64,
    pub(crate) rate: f32,
    /// What the rate is multiplied by for each weight; nothing where it is that of all.
    pub(crate) factors: &'a [f32],
    /// That of the weights after the step.
    pub(crate) revision: u64,
}

impl Rule<'_> {
    /// At the rate of a weight.
    fn of_weight(self, weight: usize) -> Self {
        match self.factors.get(weight) {
            None => self,
            Some(factor) => Rule {
                rate: self.rate * factor,
                ..self
            },
        }
    }

    fn wants_norm(&self) -> bool {
        self.clipping.wants_norm() || self.optimizer.wants_norm()
    }

    /// Whether the whole gradient must be there before any of it is used. Otherwise each
    /// piece of it is used while it is still in the cache.
    pub(crate) fn wants_all(&self) -> bool {
        self.wants_norm() || self.optimizer.wants_probe()
    }

    pub(super) fn wants_probe(&self) -> bool {
        self.optimizer.wants_probe()
    }

    fn update<'a>(&self, norm: f32, piece: Piece<'a>) -> (Update<'a>, &'a mut [f32]) {
        let [displaced, gradients] = piece.probe;
        let (displaced, probe) = match gradients.is_empty() {
            true => (displaced, [&[][..], &[]]),
            false => (&mut [][..], [&*displaced, &*gradients]),
        };
        let update = Update {
            step: self.step,
            rate: self.rate,
            norm,
            parameters: piece.parameters,
            gradients: piece.gradients,
            probe,
            slots: piece.slots,
        };
        (update, displaced)
    }
}

/// Parameters, their gradient, the optimizer's state, and the displaced parameters of a probe
/// with their gradient; or the same piece of each.
#[derive(Default)]
pub(crate) struct Piece<'a> {
    pub(crate) parameters: &'a mut [f32],
    pub(crate) gradients: &'a mut [f32],
    pub(crate) slots: [&'a mut [f32]; SLOTS],
    pub(crate) probe: [&'a mut [f32]; 2],
}

impl<'a> Piece<'a> {
    /// The same, for a while.
    pub(super) fn reborrow(&mut self) -> Piece<'_> {
        Piece {
            parameters: self.parameters,
            gradients: self.gradients,
            slots: self.slots.each_mut().map(|slot| &mut **slot),
            probe: self.probe.each_mut().map(|values| &mut **values),
        }
    }

    fn split_at(self, middle: usize) -> (Piece<'a>, Piece<'a>) {
        let (mut left, mut right) = (Piece::default(), Piece::default());
        let split = |values: &'a mut [f32], left: &mut &'a mut [f32], right: &mut &'a mut [f32]| {
            (*left, *right) = values.split_at_mut(middle.min(values.len()));
        };
        split(self.parameters, &mut left.parameters, &mut right.parameters);
        split(self.gradients, &mut left.gradients, &mut right.gradients);
        let halves = left.slots.iter_mut().zip(&mut right.slots);
        for (slot, (left, right)) in self.slots.into_iter().zip(halves) {
            split(slot, left, right);
        }
        let halves = left.probe.iter_mut().zip(&mut right.probe);
        for (values, (left, right)) in self.probe.into_iter().zip(halves) {
            split(values, left, right);
        }
        (left, right)
    }
}

/// Where the gradient of a batch lies before it is put together.
pub(super) struct Gradients<'a> {
    pub(super) layout: &'a Layout,
    /// Those that the batch used.
    pub(super) leaves: &'a [Leaf],
    /// How its shards were dealt out to them.
    pub(super) dealt: Leaves,
    pub(super) shards: &'a [Shard],
    pub(super) workers: &'a [Mutex<Worker>],
    pub(super) learning: &'a [bool],
    pub(super) batch: Batch<'a>,
}

/// Whether a weight learns now.
fn learns(learning: &[bool], weight: usize) -> bool {
    learning.is_empty() || learning[weight]
}

impl Gradients<'_> {
    /// The gradient of a piece, with that of its penalties.
    fn collect_all(&self, block: &mut Block, parameters: &[f32], gradient: &mut [f32]) {
        self.collect(block, gradient);
        if let Some([l1, l2]) = block.penalties {
            block.penalty = penalize(parameters, gradient, l1, l2);
        }
    }

    fn collect(&self, block: &Block, gradient: &mut [f32]) {
        match &block.origin {
            Origin::Leaves(start) => {
                let of_leaf = |leaf: usize, part: Range<usize>| {
                    &self.leaves[leaf].gradients[start + part.start..start + part.end]
                };
                tree::sum_lists(self.leaves.len(), &of_leaf, gradient);
            }
            Origin::Deferred { node, rows } => {
                // Sums of fewer samples would cost more to add than to form.
                let leaves = self.dealt.deferred(together(self.layout));
                let mut worker = worker_of_thread(self.workers);
                let mut columns = std::mem::take(&mut worker.columns);
                let mut partial = std::mem::take(&mut worker.partial);
                drop(worker);
                let levels = levels(leaves.count()).max(partial.len());
                partial.resize_with(levels, Buffer::default);
                let deferred = Deferred {
                    gradients: self,
                    node: *node,
                    rows,
                    leaves,
                };
                deferred.sum(0, leaves.count(), gradient, &mut partial, &mut columns);
                let mut worker = worker_of_thread(self.workers);
                (worker.columns, worker.partial) = (columns, partial);
            }
        }
    }
}

/// Some rows of a gradient that is computed for the whole batch.
struct Deferred<'a> {
    gradients: &'a Gradients<'a>,
    node: usize,
    rows: &'a Range<usize>,
    leaves: Leaves,
}

impl Deferred<'_> {
    /// Their sum over some leaves, in the order of the tree.
    fn sum(
        &self,
        first: usize,
        count: usize,
        gradient: &mut [f32],
        partial: &mut [Buffer],
        columns: &mut Buffer,
    ) {
        if count == 1 {
            return self.of_leaf(first, gradient, columns);
        }
        let left = tree::left(count);
        self.sum(first, left, gradient, partial, columns);
        let (right, others) = partial.split_first_mut().expect("a buffer for each level");
        right.resize(gradient.len());
        self.sum(first + left, count - left, right, others, columns);
        reduce::add(gradient, right);
    }

    /// Their sum over one leaf, a few shards at a time.
    fn of_leaf(&self, leaf: usize, gradient: &mut [f32], gathered: &mut Buffer) {
        let Gradients { layout, batch, .. } = self.gradients;
        let node = &layout.nodes[self.node];
        let Some(place) = node.output_gradients.first().map(|first| first.place) else {
            // The op's output is not read.
            return gradient.fill(0.0);
        };
        let (values, each) = (node.outputs[0].values, layout.shard);
        let shards = self.leaves.shards_of(leaf);
        let together = together(layout);
        for start in shards.clone().step_by(together) {
            let end = shards.end.min(start + together);
            let samples = start * each..batch.samples().min(end * each);
            let InputColumns {
                values: columns_of_input,
                columns,
                sparse,
            } = match node.inputs[0] {
                // The columns that count are brought together for all these shards.
                Location::Input(index) => {
                    batch.input_columns(index, samples.clone(), self.rows.clone(), gathered)
                }
                _ => InputColumns {
                    values: &[],
                    columns: 0..node.input_shapes[0].values(),
                    sparse: None,
                },
            };
            let mut of_input = columns_of_input.chunks(each * columns.len());
            let mut parts = [ShardGradient::default(); MOST_TOGETHER];
            let own = self.gradients.shards[start..end].iter();
            for (number, (part, shard)) in parts.iter_mut().zip(own).enumerate() {
                let samples = each.min(samples.len() - number * each);
                let buffers = Buffers {
                    input: sparse.map_or(InputRows::Gathered(&[]), InputRows::Sparse),
                    // A node that reads such a value has no gradient for the whole batch.
                    carried: CarriedRows::default(),
                    worker: &[],
                    shard: &shard.buffers,
                };
                let own = || buffers.get(node.inputs[0], samples * columns.len());
                *part = ShardGradient {
                    samples,
                    input: of_input.next().unwrap_or_else(own),
                    output_gradient: buffers.get(place, samples * values),
                    keep: node
                        .keep
                        .map_or(&[], |kept| buffers.get(kept.place, samples * kept.values)),
                };
            }
            let op = node.op(sparse.is_some());
            op.weight_gradient(&mut WeightGradient {
                rows: self.rows.clone(),
                columns,
                input_shape: &node.input_shapes[0],
                shards: &parts[..end - start],
                sparse,
                accumulate: start > shards.start,
                gradient,
            });
        }
    }
}

/// Shards from which a piece of a deferred gradient is formed at a time.
fn together(layout: &Layout) -> usize {
    (SAMPLES_TOGETHER / layout.shard).clamp(1, MOST_TOGETHER)
}

/// Gives a worker the room that any of the pieces takes, whichever it gets.
pub(super) fn make_room(worker: &mut Worker, blocks: &[Block], layout: &Layout, shards: usize) {
    let longest = |blocks: &mut dyn Iterator<Item = &Block>| {
        blocks.map(|block| block.range.len()).max().unwrap_or(0)
    };
    worker.gradient.resize(longest(&mut blocks.iter()));
    let rows = |block: &Block| match &block.origin {
        Origin::Leaves(_) => None,
        Origin::Deferred { rows, .. } => Some(rows.len()),
    };
    let Some(most) = blocks.iter().filter_map(rows).max() else {
        return;
    };
    worker
        .columns
        .resize(most * layout.shard * together(layout));
    let leaves = Leaves::new(shards, layout.most_leaves);
    let leaves = leaves.deferred(together(layout)).count();
    let deferred = longest(&mut blocks.iter().filter(|block| rows(block).is_some()));
    let room = || Buffer::zeros(deferred);
    worker.partial.resize_with(levels(leaves), room);
}

/// Buffers that it takes to add up so many leaves: one for each level of the tree.
fn levels(leaves: usize) -> usize {
    leaves.ilog2() as usize + 1
}

/// Cuts the parameters into pieces, in their order.
pub(super) fn blocks(layout: &Layout) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut seen = HashSet::new();
    for (number, node) in layout.nodes.iter().enumerate() {
        for (index, (&weight, range)) in node.weights.iter().zip(&node.ranges).enumerate() {
            // Another node may have the same weight.
            if !layout.weights[weight].trainable() || !seen.insert(weight) {
                continue;
            }
            let mut skipping = layout.skipping_nodes();
            let meets_zeros = skipping.any(|node| node.weights.contains(&weight));
            let deferred = node.deferred == Some(index);
            // The rows of a deferred weight are the values of the op's input.
            let rows = if deferred {
                node.input_shapes[0].values()
            } else {
                range.len()
            };
            let row = range.len() / rows.max(1);
            let step = (BLOCK_VALUES / row).max(1) * row;
            for start in range.clone().step_by(step) {
                let end = (start + step).min(range.end);
                let offset = start - range.start;
                let origin = match &node.gradients[index] {
                    Some(place) => Origin::Leaves(place.start + offset),
                    None => Origin::Deferred {
                        node: number,
                        rows: offset / row..(end - range.start) / row,
                    },
                };
                let penalties = layout.demands(weight).kernel_regularizer;
                blocks.push(Block {
                    range: start..end,
                    origin,
                    weight,
                    penalties: penalties.map(|penalty| penalty.factors()),
                    penalty: 0.0,
                    squares: 0.0,
                    meets_zeros,
                    finite: true,
                });
            }
        }
    }
    blocks.sort_by_key(|block| block.range.start);
    blocks
}

/// Collects the gradient of each piece; without a rule that wants all of it first, the piece
/// is updated at once. The state may then have no gradients: they are not read.
pub(super) fn collect(
    blocks: &mut [Block],
    state: Piece<'_>,
    gradients: &Gradients<'_>,
    rule: Option<Rule<'_>>,
) {
    run_blocks(blocks, 0, state, &|block, mut piece: Piece<'_>| {
        if !learns(gradients.learning, block.weight) {
            (block.penalty, block.squares) = (0.0, 0.0);
            return piece.gradients.fill(0.0);
        }
        let mut room = std::mem::take(&mut worker_of_thread(gradients.workers).gradient);
        let mut piece = piece.reborrow();
        if piece.gradients.is_empty() {
            room.resize(piece.parameters.len());
            piece.gradients = &mut room;
        }
        collect_piece(block, piece, gradients, rule);
        worker_of_thread(gradients.workers).gradient = room;
    });
}

fn collect_piece(
    block: &mut Block,
    piece: Piece<'_>,
    gradients: &Gradients<'_>,
    rule: Option<Rule<'_>>,
) {
    let at_once = rule.filter(|rule| !rule.wants_all());
    if at_once.is_some() && rayon::current_num_threads() > 1 {
        // The other threads read them in the forward pass: now they are given back one by one, while
        // the gradient is formed.
        prefetch_to_write(piece.parameters);
    }
    gradients.collect_all(block, piece.parameters, piece.gradients);
    if let Some(rule) = rule {
        measure_piece(block, piece.gradients, rule);
    }
    if let Some(rule) = at_once {
        update_piece(block, rule, 0.0, piece);
    }
}

/// Lets the optimizer change a piece, and sees what became of it while it is still in the cache.
fn update_piece(block: &mut Block, rule: Rule<'_>, norm: f32, piece: Piece<'_>) {
    let rule = rule.of_weight(block.weight);
    let update = rule.update(norm, piece).0;
    block.finite = match block.meets_zeros {
        true => rule.optimizer.update_finite(update),
        false => {
            rule.optimizer.update(update);
            true
        }
    };
}

/// Clips a gradient value by value, and takes its norm, as far as the rule wants it.
fn measure_piece(block: &mut Block, gradient: &mut [f32], rule: Rule<'_>) {
    if let Some(limit) = rule.clipping.value {
        clip(gradient, limit);
    }
    if rule.wants_norm() {
        block.squares = square_sum(gradient);
    }
}

/// What [`collect`] does with gradients that are there already.
pub(super) fn measure(blocks: &mut [Block], state: Piece<'_>, rule: Rule<'_>, learning: &[bool]) {
    run_blocks(
        blocks,
        0,
        state,
        &|block, piece: Piece<'_>| match learns(learning, block.weight) {
            true => measure_piece(block, piece.gradients, rule),
            false => block.squares = 0.0,
        },
    );
}

/// Lets the optimizer say where it wants a second gradient.
pub(super) fn displace(
    blocks: &mut [Block],
    mut state: Piece<'_>,
    rule: Rule<'_>,
    learning: &[bool],
) {
    // What no block covers, such as a layer's own values, stays.
    state.probe[0].copy_from_slice(state.parameters);
    state.probe[1] = &mut [];
    run_blocks(blocks, 0, state, &|block, piece: Piece<'_>| {
        if learns(learning, block.weight) {
            let rule = rule.of_weight(block.weight);
            let (update, displaced) = rule.update(0.0, piece);
            rule.optimizer.displace(update, displaced);
        }
    });
}

/// Updates all pieces, whose gradients are collected; with a second gradient, if there is one.
/// `norms` is room for a number a weight.
pub(super) fn update(
    blocks: &mut [Block],
    state: Piece<'_>,
    probe: Option<&Gradients<'_>>,
    norms: &mut [f64],
    rule: Rule<'_>,
    learning: &[bool],
) {
    norms.fill(0.0);
    for block in &*blocks {
        norms[block.weight] += block.squares;
    }
    let global = norms.iter().sum::<f64>().sqrt();
    let norms = &*norms;
    run_blocks(blocks, 0, state, &|block, mut piece: Piece<'_>| {
        if !learns(learning, block.weight) {
            return;
        }
        if let Some(gradients) = probe {
            let [displaced, gradient] = piece.reborrow().probe;
            let penalty = block.penalty;
            gradients.collect_all(block, displaced, gradient);
            block.penalty = penalty;
        }
        let norm = norms[block.weight].sqrt();
        let factor = rule.clipping.scale(norm, global);
        if factor != 1.0 {
            scale(piece.gradients, factor);
        }
        let norm = (norm * f64::from(factor)) as f32;
        update_piece(block, rule, norm, piece);
    });
}

/// The penalties on parameters that do not learn: part of the loss all the same.
pub(super) fn still_penalty(layout: &Layout, parameters: &[f32], learning: &[bool]) -> f64 {
    let penalty = |(weight, known): (usize, &WeightSpecification)| {
        let [l1, l2] = known.demands.kernel_regularizer?.factors();
        let still = !known.trainable() || !learns(learning, weight);
        still.then(|| penalty(&parameters[known.range()], l1, l2))
    };
    layout.weights.iter().enumerate().filter_map(penalty).sum()
}

/// Brings parameters back to their limits. `sums` is room for a number a unit.
pub(super) fn constrain(
    layout: &Layout,
    parameters: &mut [f32],
    sums: &mut [f32],
    learning: &[bool],
) {
    for (weight, known) in layout.weights.iter().enumerate() {
        if !known.trainable() || !learns(learning, weight) {
            continue;
        }
        if let Some(Constraint::MaxNorm(limit)) = known.demands.kernel_constraint {
            let sums = &mut sums[..known.units];
            limit_column_norms(&mut parameters[known.range()], limit, sums);
        }
    }
}

/// Runs the blocks on the pieces of `state`, which starts at parameter number `start`.
fn run_blocks<'a>(
    blocks: &mut [Block],
    start: usize,
    state: Piece<'a>,
    work: &(impl Fn(&mut Block, Piece<'a>) + Sync),
) {
    for_each(
        blocks.len(),
        (blocks, start, state),
        &|(blocks, start, state), count| {
            let (left, right) = blocks.split_at_mut(count);
            let middle = right[0].range.start;
            let (left_state, right_state) = state.split_at(middle - start);
            ((left, start, left_state), (right, middle, right_state))
        },
        &|(blocks, start, state)| {
            let block = &mut blocks[0];
            let (_, piece) = state.split_at(block.range.start - start);
            let (piece, _) = piece.split_at(block.range.len());
            work(block, piece);
        },
    );
}
