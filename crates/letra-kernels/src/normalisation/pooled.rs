//! Normalisation with the max pooling after it in one pass, so that what lies between them is
//! never in memory.

use crate::assert_same_length;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Channels;
use crate::convolution::wins;
use crate::pooling::Pooling;
use crate::simd::{dispatch, load, mul_add, negate_mul_add, store};

/// y = (x − mean) · scale + offset, at least `least`, and of that the greatest value of each
/// window; the windows lie side by side, without padding.
///
/// `input` is `[samples, height, width, channels]`, the three rows hold a value a channel (and may
/// hold more). `kept` gets, each as long as `output`, the number of the winning cell within its window, as
/// [`Pooling::forward_max`] has it, and the winner's input.
pub fn normalise_and_pool(
    pooling: &Pooling,
    [mean, scale, offset]: [&[f32]; 3],
    least: f32,
    input: &[f32],
    output: &mut [f32],
    kept: Option<[&mut [f32]; 2]>,
) {
    let samples = input.len() / pooling.input_len();
    assert_eq!(
        samples * pooling.output_len(),
        output.len(),
        "output is not the pooled input"
    );
    dispatch(Forward {
        pooling,
        mean,
        scale,
        offset,
        least,
        input,
        output,
        kept,
    });
}

/// The gradient of the input of [`normalise_and_pool`]: scale · dy, where dy is the gradient of the
/// window for the cell that won and 0 for the others, minus slope · (x − mean) and constant.
///
/// `gradient` and `codes` are as long as the output, `codes` as forward wrote them.
pub fn input_gradient_of_pooled(
    pooling: &Pooling,
    channels: Channels<'_>,
    input: &[f32],
    gradient: &[f32],
    codes: &[f32],
    input_gradient: &mut [f32],
) {
    assert_same_length("input and its gradient", input, input_gradient);
    dispatch(Backward {
        pooling,
        channels,
        input,
        gradient,
        codes,
        input_gradient,
    });
}

struct Forward<'a> {
    pooling: &'a Pooling,
    mean: &'a [f32],
    scale: &'a [f32],
    offset: &'a [f32],
    least: f32,
    input: &'a [f32],
    output: &'a mut [f32],
    kept: Option<[&'a mut [f32]; 2]>,
}

/// Runs a pass compiled for the usual shapes. `WHOLE` says that the channels are whole vectors; known
/// sizes of the window are unrolled.
macro_rules! by_shape {
    ($pass:ident) => {
        impl WithSimd for $pass<'_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                match (self.pooling.channels % S::F32_LANES, self.pooling.window) {
                    (0, [2, 2]) => self.run::<S, true>(simd, [2, 2]),
                    (0, window) => self.run::<S, true>(simd, window),
                    (_, window) => self.run::<S, false>(simd, window),
                }
            }
        }
    };
}

by_shape!(Forward);

impl Forward<'_> {
    #[inline(always)]
    fn run<S: Simd, const WHOLE: bool>(mut self, simd: S, [height, width]: [usize; 2]) {
        let pooling = self.pooling;
        let channels = pooling.channels;
        let mut at = 0;
        for sample in self.input.chunks_exact(pooling.input_len()) {
            for row in 0..pooling.output_height() {
                for column in 0..pooling.output_width() {
                    let first = (row * height * pooling.width + column * width) * channels;
                    for channel in (0..channels).step_by(S::F32_LANES) {
                        let count = S::F32_LANES.min(channels - channel);
                        let mean = vector::<S, WHOLE>(simd, self.mean, channel, count);
                        let scale = vector::<S, WHOLE>(simd, self.scale, channel, count);
                        let offset = vector::<S, WHOLE>(simd, self.offset, channel, count);
                        let known = [mean, scale, offset];
                        let mut best = Best::none(simd);
                        for cell_row in 0..height {
                            let row = first + cell_row * pooling.width * channels;
                            for cell_column in 0..width {
                                let at = row + cell_column * channels + channel;
                                let x = vector::<S, WHOLE>(simd, sample, at, count);
                                best.take(simd, known, x, cell_row * width + cell_column);
                            }
                        }
                        let least = simd.splat_f32s(self.least);
                        // What is no number stays so.
                        let closed = simd.less_than_or_equal_f32s(best.value, least);
                        let value = simd.select_f32s(closed, least, best.value);
                        let at = at + channel;
                        store(simd, &mut self.output[at..][..count], value);
                        if let Some([codes, winners]) = &mut self.kept {
                            store(simd, &mut codes[at..][..count], best.cell);
                            store(simd, &mut winners[at..][..count], best.x);
                        }
                    }
                    at += channels;
                }
            }
        }
    }
}

/// A vector of `count` values, which is known to be whole or not.
#[inline(always)]
fn vector<S: Simd, const WHOLE: bool>(simd: S, values: &[f32], at: usize, count: usize) -> S::f32s {
    if WHOLE {
        S::as_simd_f32s(&values[at..at + S::F32_LANES]).0[0]
    } else {
        load(simd, &values[at..at + count])
    }
}

/// The greatest value of a window so far, its cell, and its input.
#[derive(Clone, Copy)]
struct Best<S: Simd> {
    value: S::f32s,
    cell: S::f32s,
    x: S::f32s,
}

impl<S: Simd> Best<S> {
    #[inline(always)]
    fn none(simd: S) -> Self {
        Best {
            value: simd.splat_f32s(f32::NEG_INFINITY),
            cell: simd.splat_f32s(0.0),
            x: simd.splat_f32s(0.0),
        }
    }

    /// What is no number wins, as does the first of equals.
    #[inline(always)]
    fn take(&mut self, simd: S, [mean, scale, offset]: [S::f32s; 3], x: S::f32s, cell: usize) {
        let value = simd.mul_f32s(simd.sub_f32s(x, mean), scale);
        let value = simd.add_f32s(value, offset);
        let wins = wins(simd, value, self.value);
        self.value = simd.select_f32s(wins, value, self.value);
        self.cell = simd.select_f32s(wins, simd.splat_f32s(cell as f32), self.cell);
        self.x = simd.select_f32s(wins, x, self.x);
    }
}

struct Backward<'a> {
    pooling: &'a Pooling,
    channels: Channels<'a>,
    input: &'a [f32],
    gradient: &'a [f32],
    codes: &'a [f32],
    input_gradient: &'a mut [f32],
}

by_shape!(Backward);

impl Backward<'_> {
    #[inline(always)]
    fn run<S: Simd, const WHOLE: bool>(mut self, simd: S, [height, width]: [usize; 2]) {
        let pooling = self.pooling;
        let [rows, columns] = [pooling.output_height(), pooling.output_width()];
        let mut window = 0;
        for sample in 0..self.input.len() / pooling.input_len() {
            let first = sample * pooling.height;
            for row in 0..rows {
                let start = (first + row * height) * pooling.width;
                for column in 0..columns {
                    let place = start + column * width;
                    self.window::<S, WHOLE>(simd, place, window, [height, width]);
                    window += 1;
                }
                // Windows may leave out the last columns and rows.
                for place in (start..).step_by(pooling.width).take(height) {
                    self.outside::<S, WHOLE>(simd, place + columns * width..place + pooling.width);
                }
            }
            let end = (first + pooling.height) * pooling.width;
            self.outside::<S, WHOLE>(simd, (first + rows * height) * pooling.width..end);
        }
    }

    /// The cells of a window, the first of which lies at `place`.
    #[inline(always)]
    fn window<S: Simd, const WHOLE: bool>(
        &mut self,
        simd: S,
        place: usize,
        window: usize,
        [height, width]: [usize; 2],
    ) {
        let channels = self.pooling.channels;
        for channel in (0..channels).step_by(S::F32_LANES) {
            let count = S::F32_LANES.min(channels - channel);
            let known = Known::load::<WHOLE>(simd, self.channels, channel, count);
            let at = window * channels + channel;
            let code = vector::<S, WHOLE>(simd, self.codes, at, count);
            let gradient = vector::<S, WHOLE>(simd, self.gradient, at, count);
            for row in 0..height {
                let first = (place + row * self.pooling.width) * channels + channel;
                for column in 0..width {
                    let at = first + column * channels;
                    let x = vector::<S, WHOLE>(simd, self.input, at, count);
                    let lost = known.without_gradient(simd, x);
                    let cell = simd.splat_f32s((row * width + column) as f32);
                    let won = simd.equal_f32s(code, cell);
                    let passed = mul_add(simd, known.scale, gradient, lost);
                    let dx = &mut self.input_gradient[at..][..count];
                    store(simd, dx, simd.select_f32s(won, passed, lost));
                }
            }
        }
    }

    /// Cells that no window covers.
    #[inline(always)]
    fn outside<S: Simd, const WHOLE: bool>(&mut self, simd: S, places: Range<usize>) {
        let channels = self.pooling.channels;
        for place in places {
            for channel in (0..channels).step_by(S::F32_LANES) {
                let count = S::F32_LANES.min(channels - channel);
                let known = Known::load::<WHOLE>(simd, self.channels, channel, count);
                let at = place * channels + channel;
                let x = vector::<S, WHOLE>(simd, self.input, at, count);
                let dx = &mut self.input_gradient[at..][..count];
                store(simd, dx, known.without_gradient(simd, x));
            }
        }
    }
}

/// A vector of [`Channels`].
#[derive(Clone, Copy)]
struct Known<S: Simd> {
    mean: S::f32s,
    scale: S::f32s,
    slope: S::f32s,
    constant: S::f32s,
}

impl<S: Simd> Known<S> {
    #[inline(always)]
    fn load<const WHOLE: bool>(
        simd: S,
        channels: Channels<'_>,
        channel: usize,
        count: usize,
    ) -> Self {
        Self {
            mean: vector::<S, WHOLE>(simd, channels.mean, channel, count),
            scale: vector::<S, WHOLE>(simd, channels.scale, channel, count),
            slope: vector::<S, WHOLE>(simd, channels.slope, channel, count),
            constant: vector::<S, WHOLE>(simd, channels.constant, channel, count),
        }
    }

    /// The gradient of an input whose output has none.
    #[inline(always)]
    fn without_gradient(self, simd: S, x: S::f32s) -> S::f32s {
        let deviation = simd.sub_f32s(x, self.mean);
        negate_mul_add(simd, self.slope, deviation, simd.neg_f32s(self.constant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convolution::Padding2;
    use crate::noise::Noise;
    use crate::normalisation::{input_gradient, normalise, repeat, row_length};
    use crate::simd::tests::{bits, on_each_instruction_set};

    /// In one pass it is the same as one kernel after the other.
    #[test]
    fn one_pass_gives_what_the_parts_give() {
        let mut noise = Noise::new(41);
        for round in 0..120 {
            let window = [noise.between(1, 4), noise.between(1, 4)];
            let pooling = Pooling {
                height: noise.between(window[0], 9),
                width: noise.between(window[1], 9),
                channels: [1, 3, 8, 16, 24, 33][round % 6],
                window,
                stride: window,
                padding: Padding2::default(),
            };
            let (channels, samples) = (pooling.channels, noise.between(1, 3));
            let x = noise.values(samples * pooling.input_len());
            let dy = noise.values(samples * pooling.output_len());
            let [mean, scale, offset, slope, constant] = [(); 5].map(|()| {
                let values = noise.values(channels);
                let mut row = vec![0.0; row_length(channels)];
                repeat(channels, |channel| values[channel], &mut row);
                row
            });
            let least = if round % 2 == 0 {
                0.0
            } else {
                f32::NEG_INFINITY
            };
            on_each_instruction_set(|| {
                let nan = |length: usize| vec![f32::NAN; length];
                let mut y = nan(x.len());
                normalise(&mean, &scale, &offset, least, &x, &mut y);
                let (mut pooled, mut cells) = (nan(dy.len()), nan(dy.len()));
                pooling.forward_max(samples, &y, &mut pooled, Some(&mut cells));

                let [mut output, mut codes, mut winners] = [(); 3].map(|()| nan(dy.len()));
                let rows = [&mean[..], &scale, &offset];
                let kept = Some([&mut codes[..], &mut winners]);
                normalise_and_pool(&pooling, rows, least, &x, &mut output, kept);
                assert_eq!(output, pooled);
                for (place, &code) in codes.iter().enumerate() {
                    let closed = output[place] <= least;
                    assert!(closed || code == cells[place]);
                    let channel = place % channels;
                    let again = (winners[place] - mean[channel]) * scale[channel] + offset[channel];
                    assert!(closed || (again - output[place]).abs() < 1e-6);
                }

                let mut open = dy.clone();
                for (open, &output) in open.iter_mut().zip(&output) {
                    *open = if output <= least { 0.0 } else { *open };
                }
                let mut spread = nan(x.len());
                pooling.backward_max(samples, &open, &cells, &mut spread);
                let known = Channels {
                    mean: &mean,
                    scale: &scale,
                    slope: &slope,
                    constant: &constant,
                };
                let (mut wanted, mut found) = (nan(x.len()), nan(x.len()));
                input_gradient(known, &x, &spread, &mut wanted);
                input_gradient_of_pooled(&pooling, known, &x, &open, &codes, &mut found);
                for (found, wanted) in found.iter().zip(&wanted) {
                    assert!((found - wanted).abs() < 1e-5, "{pooling:?}");
                }
                [output, codes, winners, wanted, found].map(|values| bits(&values))
            });
        }
    }
}
