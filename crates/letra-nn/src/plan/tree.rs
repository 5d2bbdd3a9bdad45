//! The fixed order of sums over a batch.
//!
//! Neighbouring shards make a *leaf*, an aligned power of two of them; a leaf adds its shards one
//! after the other, and leaves are added in a binary tree whose nodes are aligned powers of two as
//! well. The tree follows from the number of shards alone: the sum of a node is all that
//! the rest needs of what is below it.

use crate::buffer::Buffer;
use crate::kernels::reduce;
use crate::metrics::MetricState;

/// The gradient sums of a leaf's shards, one after the other.
pub(super) struct Leaf {
    pub(super) gradients: Buffer,
    pub(super) losses: Vec<f64>,
    /// Sum of the penalties on activities over the samples.
    pub(super) penalty: f64,
    pub(super) metrics: Vec<MetricState>,
    /// Room for predictions, where metrics ask for them and the outputs are others.
    pub(super) predictions: Vec<f32>,
}

/// Leaves at most, so that their sums do not take more memory than they are worth; and where most
/// gradients are deferred, so that a leaf has few of its own: more leaves are shared out more evenly.
pub(super) const MOST_LEAVES: usize = 16;
pub(super) const MOST_SMALL_LEAVES: usize = 32;
/// Those of a deferred gradient, at most: a piece of it is shared out to threads by its rows, so that
/// more leaves would only be more to add.
const MOST_DEFERRED: usize = 4;

/// How the shards of a batch are dealt out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaves {
    pub(crate) shards: usize,
    /// Shards a leaf, a power of two; the last may have fewer.
    pub(crate) each: usize,
}

impl Leaves {
    /// As few shards a leaf as so many leaves at most allow.
    pub(crate) fn new(shards: usize, most: usize) -> Self {
        let each = shards.div_ceil(most).next_power_of_two();
        Leaves { shards, each }
    }

    /// The same tree cut off higher, for gradients that are computed for the whole batch: at most
    /// [`MOST_DEFERRED`] leaves, each of at least so many shards, a power of two.
    pub(crate) fn deferred(self, shards: usize) -> Self {
        let each = self.shards.div_ceil(MOST_DEFERRED).next_power_of_two();
        Leaves {
            each: self.each.max(each).max(shards),
            ..self
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.shards.div_ceil(self.each)
    }

    /// The shards of a leaf.
    pub(crate) fn shards_of(&self, leaf: usize) -> std::ops::Range<usize> {
        leaf * self.each..self.shards.min((leaf + 1) * self.each)
    }
}

/// How many of at least two neighbours are on the left of the node above them.
pub(super) fn left(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// The sum of some numbers.
pub(super) fn sum(first: usize, count: usize, number: &impl Fn(usize) -> f64) -> f64 {
    match count {
        0 => 0.0,
        1 => number(first),
        _ => {
            let left = left(count);
            sum(first, left, number) + sum(first + left, count - left, number)
        }
    }
}

/// Values that are added while they are in the first-level cache.
const CHUNK: usize = 512;

/// sum = the sum of at least one list, value by value. `list` gives a part of each.
pub(super) fn sum_lists<'a>(
    count: usize,
    list: &impl Fn(usize, std::ops::Range<usize>) -> &'a [f32],
    sum: &mut [f32],
) {
    let length = sum.len();
    for (number, chunk) in sum.chunks_mut(CHUNK).enumerate() {
        let start = number * CHUNK;
        sum_chunk(0, count, list, start..length.min(start + CHUNK), chunk);
    }
}

fn sum_chunk<'a>(
    first: usize,
    count: usize,
    list: &impl Fn(usize, std::ops::Range<usize>) -> &'a [f32],
    range: std::ops::Range<usize>,
    sum: &mut [f32],
) {
    if count == 1 {
        return sum.copy_from_slice(list(first, range));
    }
    let left = left(count);
    sum_chunk(first, left, list, range.clone(), sum);
    if count - left == 1 {
        return reduce::add(sum, list(first + left, range));
    }
    let mut right = [0.0; CHUNK];
    let right = &mut right[..sum.len()];
    sum_chunk(first + left, count - left, list, range, right);
    reduce::add(sum, right);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds in the order of the tree, and notes it down.
    fn order(leaves: std::ops::Range<usize>) -> String {
        match leaves.len() {
            1 => leaves.start.to_string(),
            count => {
                let middle = leaves.start + left(count);
                format!(
                    "({}+{})",
                    order(leaves.start..middle),
                    order(middle..leaves.end)
                )
            }
        }
    }

    #[test]
    fn a_node_of_the_tree_is_an_aligned_power_of_two() {
        assert_eq!(order(0..1), "0");
        assert_eq!(order(0..3), "((0+1)+2)");
        assert_eq!(order(0..6), "(((0+1)+(2+3))+(4+5))");
        assert_eq!(order(0..7), "(((0+1)+(2+3))+((4+5)+6))");
        for all in 1..70 {
            for most in [MOST_LEAVES, MOST_SMALL_LEAVES] {
                let leaves = Leaves::new(all, most);
                assert!(leaves.each.is_power_of_two() && leaves.count() <= most);
                let shards = (0..leaves.count()).flat_map(|leaf| leaves.shards_of(leaf));
                assert!(shards.eq(0..all));
            }
        }
    }

    #[test]
    fn the_owner_of_a_node_gives_the_sum_that_the_others_expect() {
        let value = |index: usize| ((index * 37 % 101) as f64 + 0.1).recip();
        for count in 5..=16 {
            let halves = sum(0, 4, &value) + 0.0;
            let rest = [
                sum(4, count - 4, &value),
                sum(8, count.saturating_sub(8), &value),
            ];
            let whole = match count > 8 {
                true => (halves + sum(4, 4, &value)) + rest[1],
                false => halves + rest[0],
            };
            assert_eq!(whole, sum(0, count, &value));
        }
    }

    #[test]
    fn lists_are_added_in_the_order_of_the_tree() {
        for count in 1..=16 {
            let lists: Vec<Vec<f32>> = (0..count)
                .map(|list| {
                    (0..1300)
                        .map(|i| ((i * 31 + list * 7) as f32).sin())
                        .collect()
                })
                .collect();
            let mut found = vec![0.0; 1300];
            sum_lists(count, &|list, range| &lists[list][range], &mut found);
            fn wanted(lists: &[Vec<f32>], index: usize) -> f32 {
                match lists.len() {
                    1 => lists[0][index],
                    count => {
                        let (l, r) = lists.split_at(left(count));
                        wanted(l, index) + wanted(r, index)
                    }
                }
            }
            for (index, found) in found.iter().enumerate() {
                assert_eq!(*found, wanted(&lists, index));
            }
        }
    }
}
