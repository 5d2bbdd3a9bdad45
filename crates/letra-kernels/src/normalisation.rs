//! Normalisation: sums a channel over many positions, and groups brought to mean 0 and
//! variance 1.

mod pooled;

pub use pooled::{input_gradient_of_pooled, normalise_and_pool};

use super::math::sum;
use super::simd::{is_scalar, kernel};
use crate::assert_same_length;

/// Values that are added side by side: a cache line, and whole vectors of any machine.
const LANES: usize = 16;
/// With at least this many channels, a row of them fills vectors well enough as it is.
const MANY_CHANNELS: usize = 256;

/// Length of a row in which few channels repeat until they fill whole vectors. What
/// [`normalise`] and [`input_gradient`] are given by channel has this length.
pub fn row_length(channels: usize) -> usize {
    match channels {
        0 => LANES,
        MANY_CHANNELS.. => channels,
        _ => channels * (LANES >> channels.trailing_zeros().min(LANES.ilog2())),
    }
}

/// Repeats `by_channel` over a row.
pub fn repeat(channels: usize, by_channel: impl Fn(usize) -> f32, row: &mut [f32]) {
    let (first, rest) = row.split_at_mut(channels);
    for (channel, value) in first.iter_mut().enumerate() {
        *value = by_channel(channel);
    }
    for copy in rest.chunks_exact_mut(channels) {
        copy.copy_from_slice(first);
    }
}

/// Adds to `sums` `[2, channels]` the sum over all positions of values
/// `[positions, channels]`, and of their squares.
pub fn sums(channels: usize, values: &[f32], sums: &mut [f64]) {
    gradient_sums(channels, values, values, sums);
}

/// Adds to `sums` `[2, channels]` the sum over all positions of gradients
/// `[positions, channels]`, and of their products with the inputs.
pub fn gradient_sums(channels: usize, gradient: &[f32], input: &[f32], sums: &mut [f64]) {
    assert_same_length("gradient and input", gradient, input);
    assert_eq!(sums.len(), 2 * channels, "two sums a channel");
    add_up(channels, gradient, input, sums);
}

// In double precision, in which the products are exact: neither a large mean nor the number
// of positions costs accuracy, and a fused addition changes no bit.
kernel! {
    fn add_up(channels: usize, gradient: &[f32], input: &[f32], sums: &mut [f64]) {
        let row = row_length(channels);
        let (sums, products) = sums.split_at_mut(channels);
        let whole = gradient.len() / row * row;
        for start in (0..row).step_by(LANES) {
            if LANES <= row - start {
                let (gradient, input) = (&gradient[..whole], &input[..whole]);
                let (sum, product) = if std::ptr::eq(gradient, input) {
                    // Each value is read and widened once.
                    add_lines::<S>(lines(gradient, row, start).map(|line| (line, line)))
                } else {
                    add_lines::<S>(lines(gradient, row, start).zip(lines(input, row, start)))
                };
                for lane in 0..LANES {
                    sums[(start + lane) % channels] += sum[lane];
                    products[(start + lane) % channels] += product[lane];
                }
            } else {
                for place in start..row {
                    let column = gradient[..whole].chunks_exact(row).zip(input.chunks_exact(row));
                    for (gradient, input) in column {
                        let g = f64::from(gradient[place]);
                        sums[place % channels] += g;
                        products[place % channels] += g * f64::from(input[place]);
                    }
                }
            }
        }
        for (place, (g, x)) in gradient[whole..].iter().zip(&input[whole..]).enumerate() {
            let g = f64::from(*g);
            sums[place % channels] += g;
            products[place % channels] += g * f64::from(*x);
        }
    }
}

/// The line that begins at `start` of each row.
#[inline(always)]
fn lines(values: &[f32], row: usize, start: usize) -> impl Iterator<Item = &[f32; LANES]> {
    values.chunks_exact(row).map(
        #[inline(always)]
        move |row| row[start..].first_chunk().expect("a row of lines"),
    )
}

/// Sums of the first of each pair, and of the products, lane by lane.
#[inline(always)]
fn add_lines<'a, S: pulp::Simd>(
    lines: impl Iterator<Item = (&'a [f32; LANES], &'a [f32; LANES])>,
) -> ([f64; LANES], [f64; LANES]) {
    let (mut sum, mut product) = ([0.0f64; LANES], [0.0f64; LANES]);
    for (gradient, input) in lines {
        for lane in 0..LANES {
            let (g, x) = (f64::from(gradient[lane]), f64::from(input[lane]));
            sum[lane] += g;
            product[lane] = if is_scalar::<S>() {
                product[lane] + g * x
            } else {
                g.mul_add(x, product[lane])
            };
        }
    }
    (sum, product)
}

kernel! {
    /// y = (x − mean) · scale + offset, each of the three a row of [`row_length`] values, and at
    /// least `least`: 0 for a ReLU after it, −∞ for none.
    pub fn normalise(
        mean: &[f32],
        scale: &[f32],
        offset: &[f32],
        least: f32,
        x: &[f32],
        y: &mut [f32],
    ) {
        assert_same_length("input and output", x, y);
        for (y, x) in y.chunks_mut(mean.len()).zip(x.chunks(mean.len())) {
            let rows = x.iter().zip(mean).zip(scale).zip(offset);
            for (y, (((x, mean), scale), offset)) in y.iter_mut().zip(rows) {
                let value = (x - mean) * scale + offset;
                // What is no number stays so.
                *y = if least > value { least } else { value };
            }
        }
    }
}

/// What [`input_gradient`] needs to know of each channel: rows of [`row_length`] values.
#[derive(Clone, Copy)]
pub struct Channels<'a> {
    /// Mean of the inputs.
    pub mean: &'a [f32],
    /// What the gradient is multiplied by: γ / σ.
    pub scale: &'a [f32],
    /// What the deviation of the input from its mean is multiplied by, to be subtracted.
    pub slope: &'a [f32],
    /// Constant to be subtracted.
    pub constant: &'a [f32],
}

kernel! {
    /// dx = scale · dy − slope · (x − mean) − constant.
    pub fn input_gradient(
        channels: Channels<'_>,
        x: &[f32],
        gradient: &[f32],
        input_gradient: &mut [f32],
    ) {
        assert_same_length("gradient and input", x, gradient);
        let Channels { mean, scale, slope, constant } = channels;
        let row = mean.len();
        let rows = x.chunks(row).zip(gradient.chunks(row)).zip(input_gradient.chunks_mut(row));
        for ((x, gradient), input_gradient) in rows {
            let known = x.iter().zip(gradient).zip(mean).zip(scale).zip(slope).zip(constant);
            for (dx, (((((x, dy), mean), scale), slope), constant)) in input_gradient.iter_mut().zip(known) {
                *dx = scale * dy - slope * (x - mean) - constant;
            }
        }
    }

    /// Each group of `size` values brought to mean 0 and variance 1, then scaled by γ and shifted by β:
    /// y = (x − μ) / √(σ² + ε) · γ + β. Writes μ and 1 / √(σ² + ε) of each group to
    /// `moments` `[groups, 2]`.
    pub fn groups(
        size: usize,
        epsilon: f32,
        gamma: Option<&[f32]>,
        beta: Option<&[f32]>,
        x: &[f32],
        y: &mut [f32],
        moments: Option<&mut [f32]>,
    ) {
        assert_same_length("input and output", x, y);
        let moments = moments.unwrap_or_default();
        let mut kept = moments.chunks_exact_mut(2);
        for (x, y) in x.chunks_exact(size).zip(y.chunks_exact_mut(size)) {
            let mean = sum(x) / size as f32;
            for (y, x) in y.iter_mut().zip(x) {
                *y = (x - mean) * (x - mean);
            }
            let deviation = 1.0 / (sum(y) / size as f32 + epsilon).sqrt();
            for (y, x) in y.iter_mut().zip(x) {
                *y = (x - mean) * deviation;
            }
            if let Some(gamma) = gamma {
                for (y, gamma) in y.iter_mut().zip(gamma) {
                    *y *= gamma;
                }
            }
            if let Some(beta) = beta {
                for (y, beta) in y.iter_mut().zip(beta) {
                    *y += beta;
                }
            }
            if let Some([first, second]) = kept.next() {
                (*first, *second) = (mean, deviation);
            }
        }
    }
}

/// The gradients of [`groups`]: adds to those of γ and β, and writes that of x, where they
/// are asked for. With x̂ the normalised value and g = ∂y · γ, ∂x is
/// (g − mean(g) − x̂ · mean(g x̂)) / √(σ² + ε) (Ba, Kiros and Hinton 2016).
#[derive(Default)]
pub struct GroupGradients<'a> {
    /// Scale of each place in a group.
    pub gamma: Option<&'a [f32]>,
    /// The inputs, `[groups, size]`.
    pub x: &'a [f32],
    /// Mean and 1 / √(σ² + ε) of each group, as [`groups`] wrote them.
    pub moments: &'a [f32],
    /// Gradient of the outputs.
    pub gradient: &'a [f32],
    /// Gradient of γ, to be added to.
    pub gamma_gradient: Option<&'a mut [f32]>,
    /// Gradient of β, to be added to.
    pub beta_gradient: Option<&'a mut [f32]>,
    /// Gradient of the inputs, to be written.
    pub input_gradient: Option<&'a mut [f32]>,
    /// Room for `2 · size` values.
    pub scratch: &'a mut [f32],
}

impl GroupGradients<'_> {
    /// Computes the gradients for groups of `size` values.
    pub fn compute(self, size: usize) {
        groups_backward(size, self);
    }
}

kernel! {
    fn groups_backward(size: usize, gradients: GroupGradients<'_>) {
        let GroupGradients {
            gamma, x, moments, gradient, mut gamma_gradient, mut beta_gradient, mut input_gradient, scratch,
        } = gradients;
        let (scaled, normal) = scratch.split_at_mut(size);
        let normal = &mut normal[..size];
        for (group, (x, gradient)) in x.chunks_exact(size).zip(gradient.chunks_exact(size)).enumerate() {
            let [mean, deviation] = [moments[2 * group], moments[2 * group + 1]];
            for (normal, x) in normal.iter_mut().zip(x) {
                *normal = (x - mean) * deviation;
            }
            if let Some(sums) = &mut gamma_gradient {
                for ((sum, g), normal) in sums.iter_mut().zip(gradient).zip(&*normal) {
                    *sum += g * normal;
                }
            }
            if let Some(sums) = &mut beta_gradient {
                for (sum, g) in sums.iter_mut().zip(gradient) {
                    *sum += g;
                }
            }
            let Some(input_gradient) = &mut input_gradient else { continue };
            let input_gradient = &mut input_gradient[group * size..][..size];
            match gamma {
                Some(gamma) => {
                    for ((scaled, g), gamma) in scaled.iter_mut().zip(gradient).zip(gamma) {
                        *scaled = g * gamma;
                    }
                }
                None => scaled.copy_from_slice(gradient),
            }
            let first = sum(scaled) / size as f32;
            for ((product, scaled), normal) in input_gradient.iter_mut().zip(&*scaled).zip(&*normal) {
                *product = scaled * normal;
            }
            let second = sum(input_gradient) / size as f32;
            for ((dx, scaled), normal) in input_gradient.iter_mut().zip(&*scaled).zip(&*normal) {
                *dx = deviation * (scaled - first - normal * second);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn rows_fill_vectors_and_hold_whole_positions() {
        for channels in 1..600 {
            let row = row_length(channels);
            assert!(row.is_multiple_of(channels));
            assert!(channels >= 256 || row.is_multiple_of(16));
        }
        assert_eq!([1, 4, 6, 16, 48].map(row_length), [16, 16, 48, 16, 48]);
    }

    #[test]
    fn sums_are_those_of_double_precision() {
        let mut noise = Noise::new(31);
        for case in 0..60 {
            let channels = noise.between(1, [5, 70, 300][case % 3]);
            let positions = noise.between(0, [400, 90, 9][case % 3]);
            // A mean a thousand times the deviation.
            let input: Vec<f32> = noise
                .values(channels * positions)
                .iter()
                .map(|x| 1000.0 + x)
                .collect();
            let gradient = noise.values(channels * positions);
            on_each_instruction_set(|| {
                let mut found = vec![1.0; 2 * channels];
                gradient_sums(channels, &gradient, &input, &mut found);
                for channel in 0..channels {
                    let column = (channel..input.len()).step_by(channels);
                    let [mut sum, mut product] = [1.0, 1.0];
                    for place in column {
                        sum += f64::from(gradient[place]);
                        product += f64::from(gradient[place]) * f64::from(input[place]);
                    }
                    assert!((found[channel] - sum).abs() < 1e-10);
                    assert!((found[channels + channel] - product).abs() < 1e-8);
                }
                found
            });
        }
    }

    #[test]
    fn every_value_is_normalised_by_its_channel() {
        let mut noise = Noise::new(32);
        for channels in [1, 3, 4, 16, 33, 257] {
            let positions = noise.between(1, 40);
            let x = noise.values(channels * positions);
            let [mean, scale, offset] = [(); 3].map(|()| noise.values(channels));
            let row = |values: &[f32]| {
                let mut row = vec![0.0; row_length(channels)];
                repeat(channels, |channel| values[channel], &mut row);
                row
            };
            on_each_instruction_set(|| {
                let mut y = vec![0.0; x.len()];
                let least = f32::NEG_INFINITY;
                normalise(&row(&mean), &row(&scale), &row(&offset), least, &x, &mut y);
                for (place, y) in y.iter().enumerate() {
                    let c = place % channels;
                    assert!((y - ((x[place] - mean[c]) * scale[c] + offset[c])).abs() < 1e-6);
                }
            });
        }
    }
}
