use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::rows::{GROUP, Group};
use super::{SparseRow, Window, add_row, add_sums};
use crate::simd::mul_add;

/// Samples that are worked on at a time: a word has a bit for each.
const SAMPLES: usize = 64;

/// As [`crate::dense::kernel_gradient`], where the rows of the input come with what is not zero in
/// them: `samples` are those rows, and the gradients of their outputs.
pub(crate) struct KernelGradient<'a, P> {
    pub(crate) units: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) samples: P,
    pub(crate) accumulate: bool,
    pub(crate) gradient: &'a mut [f32],
}

impl<'a, P: Iterator<Item = (SparseRow<'a>, &'a [f32])> + Clone> WithSimd
    for KernelGradient<'_, P>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (units, start) = (self.units, self.rows.start);
        for number in start / GROUP..self.rows.end.div_ceil(GROUP) {
            let first = number * GROUP;
            let columns = start.max(first)..self.rows.end.min(first + GROUP);
            let gradient = (columns.start - start) * units..(columns.end - start) * units;
            let gradient = &mut self.gradient[gradient];
            let columns = columns.start - first..columns.end - first;
            let mut groups = [Group::default(); SAMPLES];
            let mut deltas = Deltas::new(units, self.accumulate);
            for (row, delta) in self.samples.clone() {
                groups[deltas.samples] = row.group(number);
                if deltas.push(delta) {
                    add_groups(simd, &deltas, &groups, columns.clone(), gradient);
                    deltas.clear();
                    groups = [Group::default(); SAMPLES];
                }
            }
            if deltas.is_due() {
                add_groups(simd, &deltas, &groups, columns, gradient);
            }
        }
    }
}

/// Adds the share of some samples to the gradient of some columns of a group.
#[inline(always)]
fn add_groups<S: Simd>(
    simd: S,
    deltas: &Deltas<'_>,
    groups: &[Group<'_>; SAMPLES],
    columns: Range<usize>,
    gradient: &mut [f32],
) {
    let bits = transpose_bits(groups.map(|group| group.mask));
    let first = columns.start;
    let value = |sample: usize, column: usize| groups[sample % SAMPLES].value(first + column);
    deltas.add_to(simd, &bits[columns], value, gradient);
}

/// The transpose of a square of bits, a word a row, lowest bits first: squares of half its size
/// change places, then in each of them squares of a quarter, and so on (Warren, "Hacker's Delight",
/// 2012, section 7-3).
#[inline(always)]
fn transpose_bits(mut rows: [u64; 64]) -> [u64; 64] {
    let (mut half, mut mask) = (32, 0xffff_ffff_u64);
    while half > 0 {
        for pair in rows.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(high) {
                let swapped = (*low >> half ^ *high) & mask;
                *low ^= swapped << half;
                *high ^= swapped;
            }
        }
        half /= 2;
        mask ^= mask << half;
    }
    rows
}

/// The gradients of some samples' outputs.
struct Deltas<'a> {
    units: usize,
    samples: usize,
    rows: [&'a [f32]; SAMPLES],
    /// Whether there is a sum that theirs are added to.
    accumulate: bool,
}

impl<'a> Deltas<'a> {
    fn new(units: usize, accumulate: bool) -> Self {
        Deltas {
            units,
            samples: 0,
            rows: [&[]; SAMPLES],
            accumulate,
        }
    }

    /// Takes one sample more; says whether there is no room for another.
    #[inline(always)]
    fn push(&mut self, row: &'a [f32]) -> bool {
        self.rows[self.samples] = row;
        self.samples += 1;
        self.samples == SAMPLES
    }

    /// Forgets the samples, whose products are there now.
    #[inline(always)]
    fn clear(&mut self) {
        (self.samples, self.accumulate) = (0, true);
    }

    /// Whether there are samples left, or nothing was written at all.
    fn is_due(&self) -> bool {
        self.samples > 0 || !self.accumulate
    }

    /// Adds Σ value(sample, column) · delta to the gradient of each column. A column's word of
    /// `bits` tells in bit s whether it is non-zero in sample s.
    #[inline(always)]
    fn add_to<S: Simd>(
        &self,
        simd: S,
        bits: &[u64],
        value: impl Fn(usize, usize) -> f32,
        gradient: &mut [f32],
    ) {
        let mut done = 0;
        while done < self.units {
            let window = Window::after(done, self.units);
            done = window.end;
            match window.blocks() {
                1 => window.for_each_part::<S, 1>(
                    #[inline(always)]
                    |part| {
                        self.add_some(simd, &part, bits, &value, &mut *gradient);
                    },
                ),
                2 => self.add::<S, 2>(simd, window, bits, &value, gradient),
                4 => self.add::<S, 4>(simd, window, bits, &value, gradient),
                _ => self.add::<S, 8>(simd, window, bits, &value, gradient),
            }
        }
    }

    /// For a window of `V` blocks.
    #[inline(always)]
    fn add<S: Simd, const V: usize>(
        &self,
        simd: S,
        window: Window,
        bits: &[u64],
        value: &impl Fn(usize, usize) -> f32,
        gradient: &mut [f32],
    ) {
        window.for_each_part::<S, V>(
            #[inline(always)]
            |part| {
                self.add_part::<S, V>(simd, &part, bits, value, &mut *gradient);
            },
        );
    }

    /// For a window of `V` vectors.
    #[inline(always)]
    fn add_part<S: Simd, const V: usize>(
        &self,
        simd: S,
        window: &Window,
        bits: &[u64],
        value: &impl Fn(usize, usize) -> f32,
        gradient: &mut [f32],
    ) {
        let zeros = [simd.splat_f32s(0.0); V];
        // Where each sample's window lies is not to be asked at each non-zero value.
        let mut deltas = [&zeros; SAMPLES];
        for (vectors, delta) in deltas.iter_mut().zip(&self.rows[..self.samples]) {
            let window = S::as_simd_f32s(&delta[window.start..]).0.first_chunk();
            *vectors = window.expect("it lies in the row");
        }
        let gradients = gradient.chunks_exact_mut(self.units);
        for ((column, bits), gradient) in bits.iter().enumerate().zip(gradients) {
            let mut sums = zeros;
            let mut bits = *bits;
            while bits != 0 {
                let sample = bits.trailing_zeros() as usize % SAMPLES;
                bits &= bits - 1;
                let value = simd.splat_f32s(value(sample, column));
                for (sum, delta) in sums.iter_mut().zip(deltas[sample]) {
                    *sum = mul_add(simd, value, *delta, *sum);
                }
            }
            let vectors = S::as_mut_simd_f32s(&mut gradient[window.start..]).0;
            let vectors = vectors.first_chunk_mut::<V>().expect("it lies in the row");
            for (vector, sum) in vectors.iter_mut().zip(sums) {
                *vector = match self.accumulate {
                    true => simd.add_f32s(*vector, sum),
                    false => sum,
                };
            }
        }
    }

    /// For a window of one vector, or of what is left.
    #[inline(always)]
    fn add_some<S: Simd>(
        &self,
        simd: S,
        window: &Window,
        bits: &[u64],
        value: &impl Fn(usize, usize) -> f32,
        gradient: &mut [f32],
    ) {
        let width = window.width::<S, 1>();
        let gradients = gradient.chunks_exact_mut(self.units);
        for ((column, bits), gradient) in bits.iter().enumerate().zip(gradients) {
            let mut sums = [simd.splat_f32s(0.0)];
            let mut bits = *bits;
            while bits != 0 {
                let sample = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let delta = &self.rows[sample][window.start..][..width];
                add_row(simd, value(sample, column), delta, &mut sums);
            }
            let gradient = &mut gradient[window.start..][..width];
            let wanted = window.wanted - window.start;
            if !self.accumulate {
                gradient[wanted..].fill(0.0);
            }
            add_sums(simd, &sums, wanted, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transpose_of_bits_swaps_rows_and_columns() {
        let mut seed = 1_u64;
        let rows: [u64; 64] = std::array::from_fn(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed ^ seed >> 29
        });
        let columns = transpose_bits(rows);
        for (i, row) in rows.iter().enumerate() {
            for (j, column) in columns.iter().enumerate() {
                assert_eq!(row >> j & 1, column >> i & 1);
            }
        }
    }
}
