//! The sums of a depthwise convolution and of its gradients, on pictures that were laid out.

use crate::convolution::vector::{load_unchecked, relu, store_unchecked};
use crate::gemm::blocks;
use crate::simd::mul_add;
use pulp::{Simd, WithSimd};

/// Sums that are held in registers together, at most: all taps of a 3×3 kernel.
const SUMS: usize = 9;

/// The place farthest away.
fn farthest(places: &[u32]) -> usize {
    places.iter().max().map_or(0, |&place| place as usize)
}

/// Fails unless a whole cell lies after each place that a kernel reaches.
fn assert_inside(values: &[f32], places: &[u32], taps: &[u32], cell: usize) {
    assert!(
        places.is_empty() || farthest(places) + farthest(taps) + cell <= values.len(),
        "a cell lies outside of the picture"
    );
}

/// Runs `$block::<S, N>` for blocks of `0..$count` of at most [`SUMS`].
macro_rules! for_each_block {
    ($simd:ident, $self:ident, $count:expr, $block:ident, $channel:expr) => {
        for range in blocks($count, SUMS) {
            match range.len() {
                1 => $self.$block::<S, 1>($simd, range.start, $channel),
                2 => $self.$block::<S, 2>($simd, range.start, $channel),
                3 => $self.$block::<S, 3>($simd, range.start, $channel),
                4 => $self.$block::<S, 4>($simd, range.start, $channel),
                5 => $self.$block::<S, 5>($simd, range.start, $channel),
                6 => $self.$block::<S, 6>($simd, range.start, $channel),
                7 => $self.$block::<S, 7>($simd, range.start, $channel),
                8 => $self.$block::<S, 8>($simd, range.start, $channel),
                _ => $self.$block::<S, SUMS>($simd, range.start, $channel),
            }
        }
    };
}

/// `output[p, f]` = `start[f]` + Σ over taps t of `picture[p + t, f]` · `weights[t, f]`.
pub(super) struct Outputs<'a> {
    pub(super) picture: &'a [f32],
    /// `[taps, cell]`
    pub(super) weights: &'a [f32],
    /// `[cell]`; zeros if there is none.
    pub(super) start: Option<&'a [f32]>,
    pub(super) relu: bool,
    pub(super) taps: &'a [u32],
    pub(super) positions: &'a [u32],
    /// Elements of a cell of the picture: a multiple of the vectors' lanes.
    pub(super) cell: usize,
    /// Elements of a cell of the output.
    pub(super) filters: usize,
    /// `[positions, filters]`
    pub(super) output: &'a mut [f32],
}

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        assert_inside(self.picture, self.positions, self.taps, self.cell);
        assert!(self.taps.len() * self.cell <= self.weights.len());
        assert!(self.filters <= self.cell && self.cell.is_multiple_of(S::F32_LANES));
        assert!(self.start.is_none_or(|start| start.len() == self.cell));
        assert!(self.positions.len() * self.filters <= self.output.len());
        for channel in (0..self.filters).step_by(S::F32_LANES) {
            for_each_block!(simd, self, self.positions.len(), block, channel);
        }
    }
}

impl Outputs<'_> {
    #[inline(always)]
    fn block<S: Simd, const N: usize>(&mut self, simd: S, first: usize, channel: usize) {
        let positions = self.positions[first..].first_chunk::<N>();
        let positions = positions.expect("the block lies inside");
        let start = match self.start {
            // SAFETY: `start` is a cell, and a whole vector of it lies after `channel`.
            Some(start) => unsafe { load_unchecked::<S>(start, channel) },
            None => simd.splat_f32s(0.0),
        };
        let mut sums = [start; N];
        for (tap, &offset) in self.taps.iter().enumerate() {
            // SAFETY: there are `taps` rows of `cell` weights, as asserted.
            let weight = unsafe { load_unchecked::<S>(self.weights, tap * self.cell + channel) };
            for (sum, &position) in sums.iter_mut().zip(positions) {
                let at = position as usize + offset as usize + channel;
                // SAFETY: a whole cell lies after each tap of each position, as asserted.
                let value = unsafe { load_unchecked::<S>(self.picture, at) };
                *sum = mul_add(simd, weight, value, *sum);
            }
        }
        let count = S::F32_LANES.min(self.filters - channel);
        for (row, &sum) in sums.iter().enumerate() {
            let sum = if self.relu { relu(simd, sum) } else { sum };
            let at = (first + row) * self.filters + channel;
            if count == S::F32_LANES {
                // SAFETY: the output has a cell for each position, as asserted.
                unsafe { store_unchecked::<S>(self.output, at, sum) };
            } else {
                simd.partial_store_f32s(&mut self.output[at..][..count], sum);
            }
        }
    }
}

/// `sums[t, f]` += Σ over positions p of `picture[p + t, f]` · `delta[p, f]`.
pub(super) struct KernelGradient<'a> {
    pub(super) picture: &'a [f32],
    pub(super) delta: &'a [f32],
    pub(super) taps: &'a [u32],
    pub(super) positions: &'a [u32],
    /// Where the same positions lie in `delta`.
    pub(super) delta_positions: &'a [u32],
    /// Elements of a cell: a multiple of the vectors' lanes.
    pub(super) cell: usize,
    /// `[taps, cell]`
    pub(super) sums: &'a mut [f32],
}

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        assert_inside(self.picture, self.positions, self.taps, self.cell);
        assert_inside(self.delta, self.delta_positions, &[], self.cell);
        assert!(self.cell.is_multiple_of(S::F32_LANES));
        assert!(self.taps.len() * self.cell <= self.sums.len());
        for channel in (0..self.cell).step_by(S::F32_LANES) {
            for_each_block!(simd, self, self.taps.len(), block, channel);
        }
    }
}

impl KernelGradient<'_> {
    #[inline(always)]
    fn block<S: Simd, const N: usize>(&mut self, simd: S, first: usize, channel: usize) {
        let taps = self.taps[first..].first_chunk::<N>();
        let taps = taps.expect("the block lies inside");
        let mut sums = [simd.splat_f32s(0.0); N];
        for (&position, &delta) in self.positions.iter().zip(self.delta_positions) {
            // SAFETY: a whole cell lies after each position in δ, as asserted.
            let delta = unsafe { load_unchecked::<S>(self.delta, delta as usize + channel) };
            for (sum, &tap) in sums.iter_mut().zip(taps) {
                let at = position as usize + tap as usize + channel;
                // SAFETY: a whole cell lies after each tap of each position, as asserted.
                let value = unsafe { load_unchecked::<S>(self.picture, at) };
                *sum = mul_add(simd, value, delta, *sum);
            }
        }
        for (row, &sum) in sums.iter().enumerate() {
            let at = (first + row) * self.cell + channel;
            // SAFETY: there are `taps` rows of `cell` sums, as asserted.
            unsafe {
                let before = load_unchecked::<S>(self.sums, at);
                store_unchecked::<S>(self.sums, at, simd.add_f32s(before, sum));
            }
        }
    }
}
