#[cfg(target_arch = "x86_64")]
use std::any::Any;
use std::array;
use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Simd, WithSimd};

use super::rows::GROUP;
use super::{COLUMNS, SparseRow, Window, add_row, add_sums};
use crate::dense::Sum;
use crate::gemm::blocks;
#[cfg(target_arch = "x86_64")]
use crate::simd::load;

/// Samples that are worked on at a time, at most.
const SAMPLES: usize = 64;
/// Entries of the list of places that are not zero: room for several samples.
const LIST: usize = 4096;
/// Room behind them for what one store writes beyond its last entry.
const MARGIN: usize = 16;

/// For each byte the places of its bits, lowest first.
const BITS_OF_BYTE: [[u16; 8]; 256] = {
    let mut places = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                places[byte][count] = bit;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    places
};

/// output += input · kernel, skipping zeros of the input.
pub(crate) struct Forward<'a>(pub(crate) Sum<'a>);

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut list = [0; LIST + MARGIN];
        let mut ends = [0; SAMPLES];
        for columns in blocks(self.0.inputs, COLUMNS) {
            let mut sample = 0;
            while sample < self.0.samples {
                let first = sample;
                let mut end = 0;
                while sample < self.0.samples
                    && sample - first < SAMPLES
                    && end + columns.len() < LIST
                {
                    let row = &self.0.input[sample * self.0.inputs..][columns.clone()];
                    end = list_places(simd, row, &mut list, end);
                    ends[sample - first] = end;
                    sample += 1;
                }
                self.multiply(simd, first, columns.clone(), &list, &ends[..sample - first]);
            }
        }
    }
}

/// Appends to `list` from `end` on the places where `row` is not zero, in their order; returns the new
/// end.
#[inline(always)]
fn list_places<S: Simd>(
    simd: S,
    row: &[f32],
    list: &mut [u16; LIST + MARGIN],
    mut end: usize,
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = (&simd as &dyn Any).downcast_ref::<V4>() {
        return list_places_v4(*simd, row, list, end);
    }
    let (groups, rest) = row.as_chunks::<8>();
    let mut start = 0;
    for group in groups {
        end = list_byte(not_zero(simd, group), start, list, end);
        start += 8;
    }
    if !rest.is_empty() {
        let mut group = [0.0; 8];
        group[..rest.len()].copy_from_slice(rest);
        end = list_byte(not_zero(simd, &group), start, list, end);
    }
    end
}

/// A byte whose bit i tells whether value i is not zero.
#[inline(always)]
fn not_zero<S: Simd>(simd: S, values: &[f32; 8]) -> u8 {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = (&simd as &dyn Any).downcast_ref::<V3>() {
        const UNEQUAL: i32 = std::arch::x86_64::_CMP_NEQ_UQ;
        let zeros = simd.avx._mm256_setzero_ps();
        let unequal = simd
            .avx
            ._mm256_cmp_ps::<UNEQUAL>(pulp::cast(*values), zeros);
        return simd.avx._mm256_movemask_ps(unequal) as u8;
    }
    let _ = simd;
    let bits = values.iter().enumerate();
    bits.fold(0, |byte, (i, value)| byte | u8::from(*value != 0.0) << i)
}

/// Appends the places of a byte's bits, the first of which has place `start`.
#[inline(always)]
fn list_byte(byte: u8, start: u16, list: &mut [u16; LIST + MARGIN], end: usize) -> usize {
    let places = BITS_OF_BYTE[usize::from(byte)].map(|bit| bit + start);
    list[end % LIST..][..8].copy_from_slice(&places);
    end + byte.count_ones() as usize
}

/// [`list_places`] with AVX-512's instruction that moves chosen lanes together, four times as fast.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn list_places_v4(simd: V4, row: &[f32], list: &mut [u16; LIST + MARGIN], mut end: usize) -> usize {
    const LANES: usize = V4::F32_LANES;
    let mut places = pulp::cast(array::from_fn::<i32, LANES, _>(|lane| lane as i32));
    let step = simd.avx512f._mm512_set1_epi32(LANES as i32);
    for values in row.chunks(LANES) {
        let bits = pulp::cast(load(simd, values));
        // Doubled, the bits lose the sign, and -0 counts as zero.
        let bits = simd.avx512f._mm512_slli_epi32::<1>(bits);
        let chosen = simd.avx512f._mm512_test_epi32_mask(bits, bits);
        let kept = simd.avx512f._mm512_maskz_compress_epi32(chosen, places);
        let kept: [u16; LANES] = pulp::cast(simd.avx512f._mm512_cvtepi32_epi16(kept));
        list[end % LIST..][..LANES].copy_from_slice(&kept);
        end += chosen.count_ones() as usize;
        places = simd.avx512f._mm512_add_epi32(places, step);
    }
    end
}

impl Forward<'_> {
    /// Adds the products of some columns to the outputs of the samples whose lists end at `ends`.
    #[inline(always)]
    fn multiply<S: Simd>(
        &mut self,
        simd: S,
        first: usize,
        columns: Range<usize>,
        list: &[u16],
        ends: &[usize],
    ) {
        let (inputs, units) = (self.0.inputs, self.0.units);
        let block = Block {
            inputs,
            input: &self.0.input[first * inputs + columns.start..],
            units,
            kernel: &self.0.kernel[columns.start * units..],
            list,
            ends,
        };
        let output = &mut self.0.output[first * units..];
        let mut done = 0;
        while done < units {
            let window = Window::after(done, units);
            done = window.end;
            match window.blocks() {
                1 => block.add::<S, 1, 4>(simd, window, output),
                2 => block.add::<S, 2, 4>(simd, window, output),
                4 => block.add::<S, 4, 2>(simd, window, output),
                _ => block.add::<S, 8, 1>(simd, window, output),
            }
        }
    }
}

/// Some columns of the input of some samples.
struct Block<'a> {
    inputs: usize,
    input: &'a [f32],
    units: usize,
    kernel: &'a [f32],
    list: &'a [u16],
    ends: &'a [usize],
}

impl Block<'_> {
    /// Adds the products to a window of `V` blocks of each sample's output, every `C`-th summed
    /// separately so that one addition need not wait for another.
    #[inline(always)]
    fn add<S: Simd, const V: usize, const C: usize>(
        &self,
        simd: S,
        window: Window,
        output: &mut [f32],
    ) {
        for part in window.parts::<S, V>() {
            self.add_part::<S, V, C>(simd, &part, output);
        }
    }

    /// The same for a window of `V` vectors.
    #[inline(always)]
    fn add_part<S: Simd, const V: usize, const C: usize>(
        &self,
        simd: S,
        window: &Window,
        output: &mut [f32],
    ) {
        let rows = self.input.chunks(self.inputs);
        let outputs = output.chunks_mut(self.units);
        let mut start = 0;
        for ((input, output), end) in rows.zip(outputs).zip(self.ends) {
            let places = &self.list[start..*end];
            let value = |_, place: usize| input[place];
            add_products::<S, V, C>(simd, places, value, self.kernel, window, output);
            start = *end;
        }
    }
}

/// [`add_products`] for a window of `V` blocks.
#[inline(always)]
fn add_window<S: Simd, const V: usize, const C: usize>(
    simd: S,
    places: &[u16],
    value: impl Fn(usize, usize) -> f32 + Copy,
    kernel: &[f32],
    window: Window,
    output: &mut [f32],
) {
    for part in window.parts::<S, V>() {
        add_products::<S, V, C>(simd, places, value, kernel, &part, output);
    }
}

/// output += Σ value · row of the kernel, over the places of some rows, in a window of `V` vectors;
/// a value is asked for by its number among the places, and its place.
#[inline(always)]
fn add_products<S: Simd, const V: usize, const C: usize>(
    simd: S,
    places: &[u16],
    value: impl Fn(usize, usize) -> f32,
    kernel: &[f32],
    window: &Window,
    output: &mut [f32],
) {
    let (units, width) = (output.len(), window.width::<S, V>());
    let mut sums = [[simd.splat_f32s(0.0); V]; C];
    let (groups, rest) = places.as_chunks::<C>();
    for (number, group) in groups.iter().enumerate() {
        for ((i, place), sums) in group.iter().enumerate().zip(&mut sums) {
            let place = usize::from(*place);
            let row = &kernel[place * units + window.start..][..width];
            add_row(simd, value(number * C + i, place), row, sums);
        }
    }
    for ((i, place), sums) in rest.iter().enumerate().zip(&mut sums) {
        let place = usize::from(*place);
        let row = &kernel[place * units + window.start..][..width];
        add_row(simd, value(groups.len() * C + i, place), row, sums);
    }
    let (sum, others) = sums.split_first_mut().expect("C > 0");
    for other in others {
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum = simd.add_f32s(*sum, *other);
        }
    }
    let output = &mut output[window.start..][..width];
    add_sums(simd, sum, window.wanted - window.start, output);
}

/// Kernel rows that are multiplied with at a time take so many values: a part of the second-level
/// cache.
const KERNEL_BLOCK: usize = 64 * 1024;
/// Rows between the one that is worked on and the one that is fetched: they may lie anywhere.
const AHEAD: usize = 2;

/// output += rows · kernel; `kernel` is `[inputs, units]`, `output` has a row of `units` for each.
pub(crate) struct ForwardRows<'a, R> {
    pub(crate) inputs: usize,
    pub(crate) units: usize,
    pub(crate) rows: R,
    pub(crate) kernel: &'a [f32],
    pub(crate) output: &'a mut [f32],
}

impl<'r, R: Iterator<Item = SparseRow<'r>> + Clone> WithSimd for ForwardRows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (kernel, units) = (self.kernel, self.units);
        let groups = self.inputs.div_ceil(GROUP);
        for groups in blocks(groups, (KERNEL_BLOCK / units / GROUP).max(1)) {
            let outputs = self.output.chunks_exact_mut(units);
            let mut ahead = self.rows.clone().skip(AHEAD);
            for (row, output) in self.rows.clone().zip(outputs) {
                if groups.start == 0
                    && let Some(ahead) = ahead.next()
                {
                    ahead.prefetch();
                }
                let (places, values) = row.within(groups.clone());
                let value = |number: usize, _| values[number];
                let mut done = 0;
                while done < units {
                    let window = Window::after(done, units);
                    done = window.end;
                    match window.blocks() {
                        1 => add_window::<S, 1, 4>(simd, places, value, kernel, window, output),
                        2 => add_window::<S, 2, 4>(simd, places, value, kernel, window, output),
                        4 => add_window::<S, 4, 2>(simd, places, value, kernel, window, output),
                        _ => add_window::<S, 8, 1>(simd, places, value, kernel, window, output),
                    }
                }
            }
        }
    }
}
