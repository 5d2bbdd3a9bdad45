//! Few units: vectors run along them, filled up with zeros.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::SparseRow;
use super::rows::GROUP;
use crate::few_units::MOST as UNITS;
use crate::gemm::blocks;
use crate::simd::{Aligned, mul_add};

/// Inputs that are worked on at a time: their part of the kernel stays in the first-level cache.
const INPUTS: usize = 16 * GROUP;
/// Values of a row that are summed separately, so that one addition need not wait for another.
const SUMS: usize = 4;

type Rows = Aligned<[[f32; UNITS]; INPUTS]>;

/// Runs `all` compiled for the number of units: copies of a known length are short.
macro_rules! for_units {
    ($kernel:ident, $simd:ident) => {
        match $kernel.units {
            1 => $kernel.all::<S, 1>($simd),
            2 => $kernel.all::<S, 2>($simd),
            3 => $kernel.all::<S, 3>($simd),
            4 => $kernel.all::<S, 4>($simd),
            5 => $kernel.all::<S, 5>($simd),
            6 => $kernel.all::<S, 6>($simd),
            7 => $kernel.all::<S, 7>($simd),
            _ => $kernel.all::<S, UNITS>($simd),
        }
    };
}

/// output += rows · kernel for at most [`UNITS`] units; shapes as in
/// [`super::Forward`].
pub(crate) struct Forward<'a, R> {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) rows: R,
    pub(crate) kernel: &'a [f32],
    pub(crate) output: &'a mut [f32],
}

impl<'r, R: Iterator<Item = SparseRow<'r>> + Clone> WithSimd for Forward<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for_units!(self, simd)
    }
}

impl<'r, R: Iterator<Item = SparseRow<'r>> + Clone> Forward<'_, R> {
    #[inline(always)]
    fn all<S: Simd, const U: usize>(self, simd: S) {
        let mut kernel = Aligned([[0.0; UNITS]; INPUTS]);
        let (given, _) = self.kernel[..self.inputs * U].as_chunks::<U>();
        for (number, given) in given.chunks(INPUTS).enumerate() {
            for (to, from) in kernel.0.iter_mut().zip(given) {
                to[..U].copy_from_slice(from);
            }
            let first = number * INPUTS / GROUP;
            let groups = first..first + given.len().div_ceil(GROUP);
            let (outputs, _) = self.output.as_chunks_mut::<U>();
            for (row, output) in self.rows.clone().zip(outputs) {
                let sums = match UNITS.div_ceil(S::F32_LANES) {
                    1 => products::<S, 1>(simd, &row, groups.clone(), &kernel),
                    2 => products::<S, 2>(simd, &row, groups.clone(), &kernel),
                    _ => products::<S, UNITS>(simd, &row, groups.clone(), &kernel),
                };
                for (output, sum) in output.iter_mut().zip(sums) {
                    *output += sum;
                }
            }
        }
    }
}

/// The products of a row's values in some groups of columns with their rows of the kernel, in `V`
/// vectors.
#[inline(always)]
fn products<S: Simd, const V: usize>(
    simd: S,
    row: &SparseRow<'_>,
    groups: Range<usize>,
    kernel: &Rows,
) -> [f32; UNITS] {
    let (places, values) = row.within(groups);
    let mut sums = [[simd.splat_f32s(0.0); V]; SUMS];
    let (place_groups, rest) = places.as_chunks::<SUMS>();
    let (value_groups, value_rest) = values.as_chunks::<SUMS>();
    for (places, values) in place_groups.iter().zip(value_groups) {
        for ((sums, place), value) in sums.iter_mut().zip(places).zip(values) {
            add(simd, sums, *value, &kernel.0[usize::from(*place) % INPUTS]);
        }
    }
    for ((sums, place), value) in sums.iter_mut().zip(rest).zip(value_rest) {
        add(simd, sums, *value, &kernel.0[usize::from(*place) % INPUTS]);
    }
    let [mut all, others @ ..] = sums;
    for other in others {
        for (sum, value) in all.iter_mut().zip(other) {
            *sum = simd.add_f32s(*sum, value);
        }
    }
    let mut output = [0.0; UNITS];
    for (to, sum) in S::as_mut_simd_f32s(&mut output).0.iter_mut().zip(all) {
        *to = sum;
    }
    output
}

/// sums += value · row
#[inline(always)]
fn add<S: Simd, const V: usize>(simd: S, sums: &mut [S::f32s; V], value: f32, row: &[f32; UNITS]) {
    let value = simd.splat_f32s(value);
    for (sum, part) in sums.iter_mut().zip(S::as_simd_f32s(row).0) {
        *sum = mul_add(simd, value, *part, *sum);
    }
}

/// gradient += the rows `rows` of Σ inputᵀ · delta for at most [`UNITS`]
/// units, where `samples` are the rows of the input and the gradients of their outputs.
pub(crate) struct KernelGradient<'a, P> {
    pub(crate) units: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) samples: P,
    pub(crate) gradient: &'a mut [f32],
}

impl<'a, P: Iterator<Item = (SparseRow<'a>, &'a [f32])> + Clone> WithSimd
    for KernelGradient<'_, P>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for_units!(self, simd)
    }
}

impl<'a, P: Iterator<Item = (SparseRow<'a>, &'a [f32])> + Clone> KernelGradient<'_, P> {
    #[inline(always)]
    fn all<S: Simd, const U: usize>(self, simd: S) {
        let (gradients, _) = self.gradient.as_chunks_mut::<U>();
        let groups = self.rows.end.div_ceil(GROUP);
        for block in blocks(groups, INPUTS / GROUP) {
            let first = block.start * GROUP;
            let mut sums = Aligned([[0.0; UNITS]; INPUTS]);
            for (row, delta) in self.samples.clone() {
                match UNITS.div_ceil(S::F32_LANES) {
                    1 => scatter::<S, 1>(simd, &row, block.clone(), delta, &mut sums),
                    2 => scatter::<S, 2>(simd, &row, block.clone(), delta, &mut sums),
                    _ => scatter::<S, UNITS>(simd, &row, block.clone(), delta, &mut sums),
                }
            }
            let columns = self.rows.start.max(first)..self.rows.end.min(block.end * GROUP);
            for column in columns {
                let sums = sums.0[column - first];
                for (gradient, sum) in gradients[column - self.rows.start].iter_mut().zip(sums) {
                    *gradient += sum;
                }
            }
        }
    }
}

/// Adds value · delta to the sums of each column of some groups where a row is not zero; delta has
/// room in `V` vectors.
#[inline(always)]
fn scatter<S: Simd, const V: usize>(
    simd: S,
    row: &SparseRow<'_>,
    groups: Range<usize>,
    delta: &[f32],
    sums: &mut Rows,
) {
    let first = groups.start * GROUP;
    let mut padded = [0.0; UNITS];
    padded[..delta.len()].copy_from_slice(delta);
    let delta: [S::f32s; V] = *S::as_simd_f32s(&padded)
        .0
        .first_chunk()
        .expect("it has room");
    let (places, values) = row.within(groups);
    for (place, value) in places.iter().zip(values) {
        let sums = &mut sums.0[(usize::from(*place) - first) % INPUTS];
        let value = simd.splat_f32s(*value);
        for (sum, delta) in S::as_mut_simd_f32s(sums).0.iter_mut().zip(delta) {
            *sum = mul_add(simd, value, delta, *sum);
        }
    }
}
