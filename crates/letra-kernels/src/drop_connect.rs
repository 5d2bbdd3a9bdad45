//! A dense layer some of whose weights are missing, other ones in each sample: what a matrix product
//! cannot do. A missing weight is multiplied by 0, so that one that is no number shows.

use std::ops::Range;

use super::math::sum;
use super::simd::kernel;

/// Bits of a word of a mask.
const BITS: usize = u32::BITS as usize;

/// The sizes of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Inputs of a sample.
    pub inputs: usize,
    /// Outputs of a sample.
    pub units: usize,
}

impl Sizes {
    /// Words of a mask for one input's weights.
    fn row_words(self) -> usize {
        self.units.div_ceil(BITS)
    }

    /// Words of the masks of one sample: rows of bits, one for each input and, last, for the bias.
    pub fn words(self) -> usize {
        (self.inputs + 1) * self.row_words()
    }
}

/// 1 where a bit of the word is set, else 0.
#[inline(always)]
fn factors(word: u32) -> [f32; BITS] {
    let mut factors = [0.0; BITS];
    for (bit, factor) in factors.iter_mut().enumerate() {
        *factor = (word >> bit & 1) as f32;
    }
    factors
}

/// sums += factor · (mask ∘ values)
#[inline(always)]
fn add_masked(factor: f32, mask: &[u32], values: &[f32], sums: &mut [f32]) {
    let parts = values.chunks(BITS).zip(sums.chunks_mut(BITS));
    for ((values, sums), word) in parts.zip(mask) {
        for ((sum, value), there) in sums.iter_mut().zip(values).zip(factors(*word)) {
            *sum += factor * (there * value);
        }
    }
}

kernel! {
    /// output = input · (masks ∘ kernel) + masks ∘ bias, for `input` `[samples, inputs]`, `kernel`
    /// `[inputs, units]`, `bias` `[units]`, `output` `[samples, units]` and `masks` `[samples, words]`.
    pub fn forward(
        sizes: Sizes,
        input: &[f32],
        kernel: &[f32],
        bias: Option<&[f32]>,
        masks: &[u32],
        output: &mut [f32],
    ) {
        let samples = input.chunks_exact(sizes.inputs).zip(masks.chunks_exact(sizes.words()));
        for ((input, masks), output) in samples.zip(output.chunks_exact_mut(sizes.units)) {
            output.fill(0.0);
            let rows = kernel.chunks_exact(sizes.units).chain(bias);
            let values = input.iter().chain([&1.0]);
            for ((row, value), mask) in rows.zip(values).zip(masks.chunks_exact(sizes.row_words())) {
                add_masked(*value, mask, row, output);
            }
        }
    }

    /// gradient = delta · (masks ∘ kernel)ᵀ, where `delta` `[samples, units]` is the gradient by the
    /// output of [`forward`].
    pub fn input_gradient(
        sizes: Sizes,
        delta: &[f32],
        kernel: &[f32],
        masks: &[u32],
        gradient: &mut [f32],
    ) {
        let samples = delta.chunks_exact(sizes.units).zip(masks.chunks_exact(sizes.words()));
        for ((delta, masks), gradient) in samples.zip(gradient.chunks_exact_mut(sizes.inputs)) {
            let rows = kernel.chunks_exact(sizes.units).zip(masks.chunks_exact(sizes.row_words()));
            for (gradient, (row, mask)) in gradient.iter_mut().zip(rows) {
                *gradient = 0.0;
                let parts = row.chunks(BITS).zip(delta.chunks(BITS));
                for ((row, delta), word) in parts.zip(mask) {
                    let mut products = factors(*word);
                    for ((product, weight), delta) in products.iter_mut().zip(row).zip(delta) {
                        *product *= delta * weight;
                    }
                    *gradient += sum(&products[..row.len()]);
                }
            }
        }
    }
}

/// Adds the rows `rows` of masks ∘ (inputᵀ · delta), summed over the samples, to `gradient`
/// `[rows.len(), units]`. Of the inputs, those of `columns` are enough, which are at least `rows`:
/// `input` is `[samples, columns.len()]`.
pub fn kernel_gradient(
    sizes: Sizes,
    rows: Range<usize>,
    input: &[f32],
    columns: Range<usize>,
    delta: &[f32],
    masks: &[u32],
    gradient: &mut [f32],
) {
    let inputs = Some((input, columns));
    weight_gradient(sizes, rows, inputs, delta, masks, gradient);
}

/// Adds masks ∘ delta, summed over the samples, to `gradient` `[units]`.
pub fn bias_gradient(sizes: Sizes, delta: &[f32], masks: &[u32], gradient: &mut [f32]) {
    weight_gradient(
        sizes,
        sizes.inputs..sizes.inputs + 1,
        None,
        delta,
        masks,
        gradient,
    );
}

kernel! {
    fn weight_gradient(sizes: Sizes, rows: Range<usize>, inputs: Option<(&[f32], Range<usize>)>, delta: &[f32], masks: &[u32], gradient: &mut [f32]) {
        let samples = delta.chunks_exact(sizes.units).zip(masks.chunks_exact(sizes.words()));
        for (sample, (delta, masks)) in samples.enumerate() {
            for (row, gradient) in rows.clone().zip(gradient.chunks_exact_mut(sizes.units)) {
                let mask = &masks[row * sizes.row_words()..][..sizes.row_words()];
                let value = inputs.as_ref().map_or(1.0, |(input, columns)| {
                    input[sample * columns.len() + row - columns.start]
                });
                add_masked(value, mask, delta, gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests;
