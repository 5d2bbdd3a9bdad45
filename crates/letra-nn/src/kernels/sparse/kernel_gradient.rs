use std::ops::Range;

use pulp::bytemuck::cast_slice;
use pulp::{Simd, WithSimd};

use super::{COLUMNS, Window, add_row, add_sums, one_unless_zero};
use crate::kernels::dense::GradientSum;
use crate::kernels::gemm::{PANEL_ROWS_ACROSS, blocks};
use crate::kernels::simd::load;

/// gradient += inputᵀ · delta, skipping zeros of the input; the bits are those that
/// [`crate::kernels::gemm::gemm`] gives.
pub(crate) struct KernelGradient<'a>(pub(crate) GradientSum<'a>);

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut bits = [0; COLUMNS];
        for samples in blocks(self.0.samples, PANEL_ROWS_ACROSS) {
            for rows in blocks(self.0.rows.len(), COLUMNS) {
                self.find(simd, samples.clone(), rows.clone(), &mut bits);
                self.multiply(simd, samples.clone(), rows, &bits);
            }
        }
    }
}

impl KernelGradient<'_> {
    /// Writes for each of `rows` a word whose bit s tells whether sample s of `samples` is not
    /// zero there.
    #[inline(always)]
    fn find<S: Simd>(
        &self,
        simd: S,
        samples: Range<usize>,
        rows: Range<usize>,
        bits: &mut [u64; COLUMNS],
    ) {
        let row = rows.start + self.0.rows.start;
        let lanes = bits[..rows.len()].chunks_mut(S::F32_LANES);
        for (group, words) in lanes.enumerate() {
            let column = row + group * S::F32_LANES;
            let middle = samples.end.min(samples.start + 32);
            let low = [self.find_half(simd, samples.start..middle, column, words.len())];
            let high = [self.find_half(simd, middle..samples.end, column, words.len())];
            let low = cast_slice::<S::u32s, u32>(&low);
            let high = cast_slice::<S::u32s, u32>(&high);
            for ((word, low), high) in words.iter_mut().zip(low).zip(high) {
                *word = u64::from(*low) | u64::from(*high) << 32;
            }
        }
    }

    /// For each of some columns a word whose bit s tells whether sample s is not zero there.
    #[inline(always)]
    fn find_half<S: Simd>(
        &self,
        simd: S,
        samples: Range<usize>,
        column: usize,
        width: usize,
    ) -> S::u32s {
        let mut bits = simd.splat_u32s(0);
        for sample in samples.rev() {
            let values = load(
                simd,
                &self.0.input[sample * self.0.inputs + column..][..width],
            );
            bits = simd.add_u32s(simd.add_u32s(bits, bits), one_unless_zero(simd, values));
        }
        bits
    }

    /// Adds the share of `samples` to the gradients of `rows`.
    #[inline(always)]
    fn multiply<S: Simd>(
        &mut self,
        simd: S,
        samples: Range<usize>,
        rows: Range<usize>,
        bits: &[u64; COLUMNS],
    ) {
        let (inputs, units) = (self.0.inputs, self.0.units);
        let block = Block {
            bits: &bits[..rows.len()],
            inputs,
            input: &self.0.input[samples.start * inputs + self.0.rows.start + rows.start..],
            units,
            delta: &self.0.delta[samples.start * units..samples.end * units],
        };
        let gradient = &mut self.0.gradient[rows.start * units..rows.end * units];
        let mut done = 0;
        while done < units {
            let window = Window::after::<S>(done, units);
            done = window.end;
            match (window.end - window.start) / S::F32_LANES {
                0 | 1 => block.add::<S, 1>(simd, &window, gradient),
                2 => block.add::<S, 2>(simd, &window, gradient),
                4 => block.add::<S, 4>(simd, &window, gradient),
                _ => block.add::<S, 8>(simd, &window, gradient),
            }
        }
    }
}

/// Some columns of the input of at most 64 samples.
struct Block<'a> {
    /// For each column, which samples are not zero there.
    bits: &'a [u64],
    inputs: usize,
    input: &'a [f32],
    units: usize,
    delta: &'a [f32],
}

impl Block<'_> {
    /// Adds the products to a window of `V` vectors of each column's gradient.
    #[inline(always)]
    fn add<S: Simd, const V: usize>(&self, simd: S, window: &Window, gradient: &mut [f32]) {
        let width = window.width::<S, V>();
        let gradients = gradient.chunks_mut(self.units);
        for ((column, bits), gradient) in self.bits.iter().enumerate().zip(gradients) {
            if *bits == 0 {
                continue;
            }
            let mut sums = [simd.splat_f32s(0.0); V];
            let mut bits = *bits;
            while bits != 0 {
                let sample = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let value = self.input[sample * self.inputs + column];
                let row = &self.delta[sample * self.units + window.start..][..width];
                add_row(simd, value, row, &mut sums);
            }
            let gradient = &mut gradient[window.start..][..width];
            add_sums(simd, &sums, window.wanted - window.start, gradient);
        }
    }
}
