//! Average pooling: the mean of the cells of each window that lie within the picture.

use super::{Pooling, Window, store};
use crate::simd::{dispatch, load};
use pulp::{Simd, WithSimd};

impl Pooling {
    /// The mean of each window; cells of the padding are not counted.
    ///
    /// # Panics
    /// If a slice is shorter than `samples` samples.
    pub fn forward_average(&self, samples: usize, input: &[f32], output: &mut [f32]) {
        dispatch(Forward {
            pooling: self,
            input: &input[..samples * self.input_len()],
            output: &mut output[..samples * self.output_len()],
        });
    }

    /// The gradient of the input: each window's gradient, in equal shares to the cells it counted.
    ///
    /// # Panics
    /// If a slice is shorter than `samples` samples.
    pub fn backward_average(
        &self,
        samples: usize,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    ) {
        dispatch(Backward {
            pooling: self,
            output_gradient: &output_gradient[..samples * self.output_len()],
            input_gradient: &mut input_gradient[..samples * self.input_len()],
        });
    }

    /// The runs of cells that lie one after the other, as their number, the distance between
    /// them, and their length: rows as wide as the picture are one.
    #[inline(always)]
    fn runs(&self, window: &Window) -> [usize; 3] {
        if window.columns == self.width {
            [1, 0, window.rows * window.columns]
        } else {
            [window.rows, self.width * self.channels, window.columns]
        }
    }
}

/// One over the number of cells that a window counts.
#[inline(always)]
fn share(window: &Window) -> f32 {
    1.0 / (window.rows * window.columns) as f32
}

struct Forward<'a> {
    pooling: &'a Pooling,
    input: &'a [f32],
    output: &'a mut [f32],
}

/// Sums that grow side by side, so that no addition waits for the one before it.
const SUMS: usize = 4;

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (pooling, input) = (self.pooling, self.input);
        let channels = pooling.channels;
        pooling.for_each_window(
            self.output.len(),
            #[inline(always)]
            |start, window| {
                let share = simd.splat_f32s(share(&window));
                let [runs, distance, length] = pooling.runs(&window);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let count = S::F32_LANES.min(channels - channel);
                    let mut sums = [simd.splat_f32s(0.0); SUMS];
                    for run in 0..runs {
                        let run = window.start + run * distance + channel;
                        let whole = length / SUMS * SUMS;
                        for cell in (0..whole).step_by(SUMS) {
                            for (part, sum) in sums.iter_mut().enumerate() {
                                let at = run + (cell + part) * channels;
                                *sum = simd.add_f32s(*sum, load(simd, &input[at..][..count]));
                            }
                        }
                        for cell in whole..length {
                            let at = run + cell * channels;
                            sums[0] = simd.add_f32s(sums[0], load(simd, &input[at..][..count]));
                        }
                    }
                    let [a, b, c, d] = sums;
                    let sum = simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d));
                    let mean = simd.mul_f32s(sum, share);
                    store(simd, &mut self.output[start + channel..][..count], mean);
                }
            },
        );
    }
}

struct Backward<'a> {
    pooling: &'a Pooling,
    output_gradient: &'a [f32],
    input_gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let pooling = self.pooling;
        let channels = pooling.channels;
        self.input_gradient.fill(0.0);
        pooling.for_each_window(
            self.output_gradient.len(),
            #[inline(always)]
            |start, window| {
                let share = simd.splat_f32s(share(&window));
                let [runs, distance, length] = pooling.runs(&window);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let count = S::F32_LANES.min(channels - channel);
                    let gradient = load(simd, &self.output_gradient[start + channel..][..count]);
                    let part = simd.mul_f32s(gradient, share);
                    for run in 0..runs {
                        let run = window.start + run * distance + channel;
                        for cell in 0..length {
                            let sums = &mut self.input_gradient[run + cell * channels..][..count];
                            let sum = simd.add_f32s(load(simd, sums), part);
                            store(simd, sums, sum);
                        }
                    }
                }
            },
        );
    }
}
