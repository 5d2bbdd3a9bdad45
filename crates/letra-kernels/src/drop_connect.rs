//! A dense layer some of whose weights are missing, other ones in each sample.
//!
//! A matrix product cannot leave out single weights, so these kernels multiply and mask in one
//! go: a word of mask bits and a vector of 32 weights at a time. The kernel of the layer is
//! first brought into panels of 32 units, the bias as its last row, so that both are read from
//! front to back.

use std::ops::Range;

use super::math::{keep_if, sum};
use super::simd::{dispatch, kernel};

/// Units of a panel: as many as a word has bits.
const LANES: usize = 32;

/// Samples whose gradients are brought into panels together; they stay in the first-level cache.
const TILE: usize = 32;

const BITS: [u32; LANES] = {
    let mut bits = [0; LANES];
    let mut lane = 0;
    while lane < LANES {
        bits[lane] = 1 << lane;
        lane += 1;
    }
    bits
};

/// The sizes of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Inputs of a sample.
    pub inputs: usize,
    /// Outputs of a sample.
    pub units: usize,
}

impl Sizes {
    fn panels(self) -> usize {
        self.units.div_ceil(LANES)
    }

    /// Rows of a panel: a weight for each input, and the bias.
    fn rows(self) -> usize {
        self.inputs + 1
    }

    /// Words of the masks of one sample.
    pub fn words(self) -> usize {
        self.panels() * self.rows()
    }

    /// Values a sample that are kept for the backward pass: the masks of a training step, or
    /// the mean and the deviation of a prediction.
    pub fn kept(self) -> usize {
        self.words().max(2 * self.units)
    }

    /// Values of all panels.
    pub fn panel_values(self) -> usize {
        LANES * self.words()
    }

    /// Units of a panel; the last may have fewer than there are lanes.
    fn units_of(self, panel: usize) -> Range<usize> {
        panel * LANES..self.units.min((panel + 1) * LANES)
    }
}

/// Writes `kernel` `[inputs, units]` and `bias` `[units]` in panels; what is missing is zero.
pub fn pack(sizes: Sizes, kernel: &[f32], bias: Option<&[f32]>, panels: &mut [f32]) {
    let rows = sizes.rows();
    for (number, panel) in panels.chunks_exact_mut(LANES * rows).enumerate() {
        let units = sizes.units_of(number);
        let sources = kernel.chunks_exact(sizes.units).map(Some).chain([bias]);
        for (row, source) in panel.as_chunks_mut::<LANES>().0.iter_mut().zip(sources) {
            row.fill(0.0);
            if let Some(source) = source {
                row[..units.len()].copy_from_slice(&source[units.clone()]);
            }
        }
    }
}

/// output = input · (masks ∘ kernel) + masks ∘ bias, for `input` `[samples, inputs]` and `masks`
/// `[samples, words]`.
pub fn forward(
    sizes: Sizes,
    samples: usize,
    input: &[f32],
    panels: &[f32],
    masks: &[u32],
    output: &mut [f32],
) {
    assert_eq!(
        input.len(),
        samples * sizes.inputs,
        "input is not samples × inputs"
    );
    assert_eq!(
        masks.len(),
        samples * sizes.words(),
        "masks are not samples × words"
    );
    assert_eq!(
        output.len(),
        samples * sizes.units,
        "output is not samples × units"
    );
    dispatch(Forward {
        sizes,
        input,
        panels,
        masks,
        output,
    });
}

kernel! {
    struct Forward<'a>(
        sizes: Sizes,
        input: &'a [f32],
        panels: &'a [f32],
        masks: &'a [u32],
        output: &'a mut [f32]
    ) {
        let rows = sizes.rows();
        for (number, panel) in panels.chunks_exact(LANES * rows).enumerate() {
            let panel = panel.as_chunks::<LANES>().0;
            let units = sizes.units_of(number);
            let samples = input.chunks_exact(sizes.inputs).zip(masks.chunks_exact(sizes.words()));
            for ((input, masks), output) in samples.zip(output.chunks_exact_mut(sizes.units)) {
                let masks = &masks[number * rows..][..rows];
                let (weights, bias) = (&panel[..sizes.inputs], &panel[sizes.inputs]);
                // Two sums side by side, as an addition waits for the one before it.
                let mut even = [0.0; LANES];
                let mut odd = [0.0; LANES];
                add(&mut even, bias, masks[sizes.inputs], 1.0);
                let (pairs, last) = weights.as_chunks::<2>();
                let inputs = input.as_chunks::<2>().0.iter().zip(masks.as_chunks::<2>().0);
                for ([first, second], (input, masks)) in pairs.iter().zip(inputs) {
                    add(&mut even, first, masks[0], input[0]);
                    add(&mut odd, second, masks[1], input[1]);
                }
                if let [last] = last {
                    add(&mut even, last, masks[sizes.inputs - 1], input[sizes.inputs - 1]);
                }
                for (even, odd) in even.iter_mut().zip(odd) {
                    *even += odd;
                }
                output[units.clone()].copy_from_slice(&even[..units.len()]);
            }
        }
    }
}

/// sums += factor · (mask ∘ values).
#[inline(always)]
fn add(sums: &mut [f32; LANES], values: &[f32; LANES], mask: u32, factor: f32) {
    for ((sum, value), bit) in sums.iter_mut().zip(values).zip(BITS) {
        *sum += factor * keep_if(mask & bit != 0, *value);
    }
}

/// gradient = delta · (masks ∘ kernel)ᵀ, where `delta` `[samples, units]` is the gradient by the
/// output of [`forward`].
pub fn input_gradient(
    sizes: Sizes,
    delta: &[f32],
    panels: &[f32],
    masks: &[u32],
    gradient: &mut [f32],
) {
    dispatch(InputGradient {
        sizes,
        delta,
        panels,
        masks,
        gradient,
    });
}

kernel! {
    struct InputGradient<'a>(
        sizes: Sizes,
        delta: &'a [f32],
        panels: &'a [f32],
        masks: &'a [u32],
        gradient: &'a mut [f32]
    ) {
        let rows = sizes.rows();
        let samples = delta.chunks_exact(sizes.units).zip(masks.chunks_exact(sizes.words()));
        for ((delta, masks), gradient) in samples.zip(gradient.chunks_exact_mut(sizes.inputs)) {
            for (number, panel) in panels.chunks_exact(LANES * rows).enumerate() {
                let mut part = [0.0; LANES];
                let units = sizes.units_of(number);
                part[..units.len()].copy_from_slice(&delta[units]);
                let weights = panel.as_chunks::<LANES>().0.iter().zip(&masks[number * rows..]);
                for (gradient, (weights, mask)) in gradient.iter_mut().zip(weights) {
                    let mut products = [0.0; LANES];
                    for ((product, weight), (delta, bit)) in
                        products.iter_mut().zip(weights).zip(part.iter().zip(BITS))
                    {
                        *product = delta * keep_if(mask & bit != 0, *weight);
                    }
                    let product = sum(&products);
                    *gradient = if number == 0 { product } else { *gradient + product };
                }
            }
        }
    }
}

/// Adds the rows `rows` of masks ∘ (inputᵀ · delta), summed over the samples, to
/// `kernel_gradient` [rows.len(), units]. Of the inputs, those of `columns` are enough, which are
/// at least `rows`: `input` is `[samples, columns.len()]`.
pub fn kernel_gradient(
    sizes: Sizes,
    rows: Range<usize>,
    input: &[f32],
    columns: Range<usize>,
    delta: &[f32],
    masks: &[u32],
    kernel_gradient: &mut [f32],
) {
    dispatch(WeightGradient {
        sizes,
        rows,
        input: Some((input, columns)),
        delta,
        masks,
        gradient: kernel_gradient,
    });
}

/// Adds masks ∘ delta, summed over the samples, to `bias_gradient` `[units]`.
pub fn bias_gradient(sizes: Sizes, delta: &[f32], masks: &[u32], bias_gradient: &mut [f32]) {
    dispatch(WeightGradient {
        sizes,
        rows: sizes.inputs..sizes.rows(),
        input: None,
        delta,
        masks,
        gradient: bias_gradient,
    });
}

kernel! {
    struct WeightGradient<'a>(
        sizes: Sizes,
        rows: Range<usize>,
        input: Option<(&'a [f32], Range<usize>)>,
        delta: &'a [f32],
        masks: &'a [u32],
        gradient: &'a mut [f32]
    ) {
        let samples = delta.len() / sizes.units;
        for start in (0..samples).step_by(TILE) {
            let tile = start..samples.min(start + TILE);
            for number in 0..sizes.panels() {
                let units = sizes.units_of(number);
                let mut part = [[0.0; LANES]; TILE];
                for (part, sample) in part.iter_mut().zip(tile.clone()) {
                    let delta = &delta[sample * sizes.units..][..sizes.units];
                    part[..units.len()].copy_from_slice(&delta[units.clone()]);
                }
                for (row, gradient) in rows.clone().zip(gradient.chunks_exact_mut(sizes.units)) {
                    let mut sums = [0.0; LANES];
                    for (part, sample) in part.iter().zip(tile.clone()) {
                        let mask = masks[sample * sizes.words() + number * sizes.rows() + row];
                        let factor = match &input {
                            Some((input, columns)) => {
                                input[sample * columns.len() + row - columns.start]
                            }
                            None => 1.0,
                        };
                        add(&mut sums, part, mask, factor);
                    }
                    for (gradient, sum) in gradient[units.clone()].iter_mut().zip(sums) {
                        *gradient += sum;
                    }
                }
            }
        }
    }
}

/// output = the mean of f(mean + deviation · noise) over the rows of `noise` `[draws, units]`,
/// for the rectifier f(u) = max(u, 0); all others are `[samples, units]`.
pub fn mean_rectified(
    units: usize,
    mean: &[f32],
    deviation: &[f32],
    noise: &[f32],
    output: &mut [f32],
) {
    dispatch(MeanRectified {
        units,
        mean,
        deviation,
        noise,
        output,
    });
}

kernel! {
    struct MeanRectified<'a>(
        units: usize,
        mean: &'a [f32],
        deviation: &'a [f32],
        noise: &'a [f32],
        output: &'a mut [f32]
    ) {
        let share = units as f32 / noise.len() as f32;
        let rows = mean.chunks_exact(units).zip(deviation.chunks_exact(units));
        for ((mean, deviation), output) in rows.zip(output.chunks_exact_mut(units)) {
            for start in (0..units).step_by(LANES) {
                let part = start..units.min(start + LANES);
                let (mut centre, mut width) = ([0.0; LANES], [0.0; LANES]);
                centre[..part.len()].copy_from_slice(&mean[part.clone()]);
                width[..part.len()].copy_from_slice(&deviation[part.clone()]);
                let mut sums = [0.0; LANES];
                if part.len() == LANES {
                    for row in noise.chunks_exact(units) {
                        let row: &[f32; LANES] = row[part.clone()].try_into().expect("a whole part");
                        for (lane, sum) in sums.iter_mut().enumerate() {
                            let value = centre[lane] + width[lane] * row[lane];
                            *sum += if 0.0 > value { 0.0 } else { value };
                        }
                    }
                } else {
                    for row in noise.chunks_exact(units) {
                        for (lane, noise) in row[part.clone()].iter().enumerate() {
                            let value = centre[lane] + width[lane] * noise;
                            sums[lane] += if 0.0 > value { 0.0 } else { value };
                        }
                    }
                }
                for (output, sum) in output[part].iter_mut().zip(sums) {
                    *output = sum * share;
                }
            }
        }
    }
}

/// values = mean + deviation · noise, the same `noise` `[units]` for every sample.
pub fn spread(units: usize, mean: &[f32], deviation: &[f32], noise: &[f32], values: &mut [f32]) {
    dispatch(Spread {
        units,
        mean,
        deviation,
        noise,
        values,
    });
}

kernel! {
    struct Spread<'a>(
        units: usize,
        mean: &'a [f32],
        deviation: &'a [f32],
        noise: &'a [f32],
        values: &'a mut [f32]
    ) {
        let rows = mean.chunks_exact(units).zip(deviation.chunks_exact(units));
        for ((mean, deviation), values) in rows.zip(values.chunks_exact_mut(units)) {
            let drawn = mean.iter().zip(deviation).zip(noise);
            for (value, ((mean, deviation), noise)) in values.iter_mut().zip(drawn) {
                *value = mean + deviation * noise;
            }
        }
    }
}

/// sums += factor · values, where `factor` `[units]` is the same for every sample.
pub fn add_scaled(factor: &[f32], values: &[f32], sums: &mut [f32]) {
    dispatch(AddScaled {
        factor,
        values,
        sums,
    });
}

kernel! {
    struct AddScaled<'a>(factor: &'a [f32], values: &'a [f32], sums: &'a mut [f32]) {
        let rows = values.chunks_exact(factor.len());
        for (values, sums) in rows.zip(sums.chunks_exact_mut(factor.len())) {
            for ((sum, value), factor) in sums.iter_mut().zip(values).zip(factor) {
                *sum += factor * value;
            }
        }
    }
}

#[cfg(test)]
mod tests;
