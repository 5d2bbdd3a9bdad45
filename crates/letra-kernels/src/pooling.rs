//! Max and average pooling over windows of a picture, channels last.

mod average;

use super::convolution::{Padding2, geometry::positions, wins};
use super::simd::{dispatch, load, store};
use pulp::{Simd, WithSimd};

/// The shape of a pooling: input `[height, width, channels]` a sample,
/// output `[output_height, output_width, channels]`.
///
/// The padding must be smaller than the window on every side, so that every window holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns of a window, at least 1.
    pub window: [usize; 2],
    /// Steps from one window to the next, down and right, at least 1.
    pub stride: [usize; 2],
    /// Cells around the input; they hold no value: they never win, and no mean counts them.
    pub padding: Padding2,
}

impl Pooling {
    /// Rows of the output: ⌊(n + p − f) / s⌋ + 1.
    pub fn output_height(&self) -> usize {
        let padded = self.height + self.padding.rows();
        positions(padded, self.window[0], self.stride[0])
    }

    /// Columns of the output: ⌊(n + p − f) / s⌋ + 1.
    pub fn output_width(&self) -> usize {
        let padded = self.width + self.padding.columns();
        positions(padded, self.window[1], self.stride[1])
    }

    /// Sizes of the output.
    pub fn output(&self) -> [usize; 3] {
        [self.output_height(), self.output_width(), self.channels]
    }

    /// Elements of one input sample.
    pub fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Elements of one output sample.
    pub fn output_len(&self) -> usize {
        self.output().iter().product()
    }

    /// The greatest value of each window; the first of equals in row-major order wins.
    ///
    /// `codes`, as long as `output`, gets the number of the winning cell within its window, counted
    /// in row-major order. A value that is not a number wins.
    ///
    /// # Panics
    /// If a slice is shorter than `samples` samples.
    pub fn forward_max(
        &self,
        samples: usize,
        input: &[f32],
        output: &mut [f32],
        codes: Option<&mut [f32]>,
    ) {
        debug_assert!(self.padding.top < self.window[0] && self.padding.bottom < self.window[0]);
        debug_assert!(self.padding.left < self.window[1] && self.padding.right < self.window[1]);
        dispatch(Forward {
            pooling: self,
            input: &input[..samples * self.input_len()],
            output: &mut output[..samples * self.output_len()],
            codes,
        });
    }

    /// The gradient of the input: each window's gradient goes to the cell that won.
    ///
    /// `codes` is what [`forward_max`](Self::forward_max) wrote.
    ///
    /// # Panics
    /// If a slice is shorter than `samples` samples.
    pub fn backward_max(
        &self,
        samples: usize,
        output_gradient: &[f32],
        codes: &[f32],
        input_gradient: &mut [f32],
    ) {
        dispatch(Backward {
            pooling: self,
            output_gradient: &output_gradient[..samples * self.output_len()],
            codes,
            input_gradient: &mut input_gradient[..samples * self.input_len()],
        });
    }

    /// The windows of all samples in the order of the output.
    #[inline(always)]
    fn for_each_window(&self, outputs: usize, mut visit: impl FnMut(usize, Window)) {
        let (rows, columns) = (self.output_height(), self.output_width());
        let (mut sample, mut row, mut column) = (0, 0, 0);
        for start in (0..outputs).step_by(self.channels) {
            visit(
                start,
                self.window_at(sample, row * self.stride[0], column * self.stride[1]),
            );
            column += 1;
            if column == columns {
                (row, column) = (row + 1, 0);
            }
            if row == rows {
                (sample, row) = (sample + 1, 0);
            }
        }
    }

    /// The window whose first cell is at a row and column of the padded input.
    #[inline(always)]
    fn window_at(&self, sample: usize, y: usize, x: usize) -> Window {
        let Padding2 { top, left, .. } = self.padding;
        let rows = y.saturating_sub(top)..(y + self.window[0]).saturating_sub(top).min(self.height);
        let columns =
            x.saturating_sub(left)..(x + self.window[1]).saturating_sub(left).min(self.width);
        let skipped = [top.saturating_sub(y), left.saturating_sub(x)];
        Window {
            first: skipped[0] * self.window[1] + skipped[1],
            start: ((sample * self.height + rows.start) * self.width + columns.start)
                * self.channels,
            rows: rows.len(),
            columns: columns.len(),
        }
    }

    /// Place in the input and number within the window of each cell.
    #[inline(always)]
    fn cells(&self, window: &Window) -> impl Iterator<Item = (usize, f32)> {
        let Window {
            start,
            first,
            columns,
            ..
        } = *window;
        (0..window.rows).flat_map(move |row| {
            (0..columns).map(move |column| {
                let at = start + (row * self.width + column) * self.channels;
                (at, (first + row * self.window[1] + column) as f32)
            })
        })
    }
}

/// The cells of one window that lie within the input.
struct Window {
    /// Place of the first of them in the input.
    start: usize,
    /// Its number within the window.
    first: usize,
    rows: usize,
    columns: usize,
}

struct Forward<'a> {
    pooling: &'a Pooling,
    input: &'a [f32],
    output: &'a mut [f32],
    codes: Option<&'a mut [f32]>,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (pooling, input) = (self.pooling, self.input);
        pooling.for_each_window(
            self.output.len(),
            #[inline(always)]
            |start, window| {
                for channel in (0..pooling.channels).step_by(S::F32_LANES) {
                    let count = S::F32_LANES.min(pooling.channels - channel);
                    let mut best = simd.splat_f32s(f32::NEG_INFINITY);
                    let mut winner = simd.splat_f32s(window.first as f32);
                    for (at, code) in pooling.cells(&window) {
                        let value = load(simd, &input[at + channel..][..count]);
                        let wins = wins(simd, value, best);
                        best = simd.select_f32s(wins, value, best);
                        winner = simd.select_f32s(wins, simd.splat_f32s(code), winner);
                    }
                    let at = start + channel;
                    store(simd, &mut self.output[at..][..count], best);
                    if let Some(codes) = self.codes.as_deref_mut() {
                        store(simd, &mut codes[at..][..count], winner);
                    }
                }
            },
        );
    }
}

struct Backward<'a> {
    pooling: &'a Pooling,
    output_gradient: &'a [f32],
    codes: &'a [f32],
    input_gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let pooling = self.pooling;
        self.input_gradient.fill(0.0);
        pooling.for_each_window(
            self.output_gradient.len(),
            #[inline(always)]
            |start, window| {
                for channel in (0..pooling.channels).step_by(S::F32_LANES) {
                    let count = S::F32_LANES.min(pooling.channels - channel);
                    let gradient = load(simd, &self.output_gradient[start + channel..][..count]);
                    let winner = load(simd, &self.codes[start + channel..][..count]);
                    for (at, code) in pooling.cells(&window) {
                        let won = simd.equal_f32s(winner, simd.splat_f32s(code));
                        let part = simd.select_f32s(won, gradient, simd.splat_f32s(0.0));
                        let sums = &mut self.input_gradient[at + channel..][..count];
                        let sum = simd.add_f32s(load(simd, sums), part);
                        store(simd, sums, sum);
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests;
