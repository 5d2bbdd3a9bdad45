//! Max pooling over windows of a picture, channels last.

use super::convolution::{Padding2, geometry::positions};
use pulp::Arch;

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
    /// Cells around the input; they hold no value and never win.
    pub padding: Padding2,
}

impl Pooling {
    /// Rows of the output: ⌊(n + p − f) / s⌋ + 1.
    pub fn output_height(&self) -> usize {
        let padded = self.height + self.padding.top + self.padding.bottom;
        positions(padded, self.window[0], self.stride[0])
    }

    /// Columns of the output: ⌊(n + p − f) / s⌋ + 1.
    pub fn output_width(&self) -> usize {
        let padded = self.width + self.padding.left + self.padding.right;
        positions(padded, self.window[1], self.stride[1])
    }

    /// Elements of one input sample.
    pub fn input_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Elements of one output sample.
    pub fn output_len(&self) -> usize {
        self.output_height() * self.output_width() * self.channels
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
        let output = output[..samples * self.output_len()].chunks_exact_mut(self.channels);
        let forward = |codes: Option<&mut [f32]>| match codes {
            Some(codes) => {
                let codes = codes.chunks_exact_mut(self.channels);
                for ((window, best), codes) in self.windows(samples).zip(output).zip(codes) {
                    best.fill(f32::NEG_INFINITY);
                    codes.fill(window.first as f32);
                    for (at, code) in self.cells(&window) {
                        take_greater_coded(best, codes, &input[at..], code);
                    }
                }
            }
            None => {
                for (window, best) in self.windows(samples).zip(output) {
                    best.fill(f32::NEG_INFINITY);
                    for (at, _) in self.cells(&window) {
                        take_greater(best, &input[at..]);
                    }
                }
            }
        };
        Arch::new().dispatch(|| forward(codes));
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
        let input_gradient = &mut input_gradient[..samples * self.input_len()];
        let output_gradient = output_gradient.chunks_exact(self.channels);
        let codes = codes.chunks_exact(self.channels);
        let backward = || {
            input_gradient.fill(0.0);
            for ((window, gradient), codes) in self.windows(samples).zip(output_gradient).zip(codes)
            {
                for (at, code) in self.cells(&window) {
                    add_where_coded(&mut input_gradient[at..], gradient, codes, code);
                }
            }
        };
        Arch::new().dispatch(backward);
    }

    /// The windows of all samples in the order of the output.
    #[inline(always)]
    fn windows(&self, samples: usize) -> impl Iterator<Item = Window> {
        let (rows, columns) = (self.output_height(), self.output_width());
        (0..samples).flat_map(move |sample| {
            (0..rows).flat_map(move |y| {
                (0..columns)
                    .map(move |x| self.window_at(sample, y * self.stride[0], x * self.stride[1]))
            })
        })
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

#[inline(always)]
fn take_greater(best: &mut [f32], values: &[f32]) {
    for (best, &value) in best.iter_mut().zip(values) {
        *best = if value > *best || value.is_nan() {
            value
        } else {
            *best
        };
    }
}

#[inline(always)]
fn take_greater_coded(best: &mut [f32], codes: &mut [f32], values: &[f32], code: f32) {
    for ((best, &value), winner) in best.iter_mut().zip(values).zip(codes) {
        let wins = value > *best || value.is_nan();
        *best = if wins { value } else { *best };
        *winner = if wins { code } else { *winner };
    }
}

#[inline(always)]
fn add_where_coded(sums: &mut [f32], gradient: &[f32], codes: &[f32], code: f32) {
    for ((sum, &gradient), &winner) in sums.iter_mut().zip(gradient).zip(codes) {
        *sum += if winner == code { gradient } else { 0.0 };
    }
}

#[cfg(test)]
mod tests;
