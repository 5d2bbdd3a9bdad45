//! Moving a picture's cells, channels last: frames around pictures, and larger pictures.

mod interpolation;

pub use interpolation::Interpolation;

use super::simd::kernel;

/// A picture inside a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Height, width and channels of the larger picture.
    pub outer: [usize; 3],
    /// Height and width of the smaller one.
    pub inner: [usize; 2],
    /// Row and column at which it begins.
    pub corner: [usize; 2],
}

impl Frame {
    /// Copies each smaller picture into a larger one that is 0 elsewhere.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other.
    pub fn fill(&self, inner: &[f32], outer: &mut [f32]) {
        outer.fill(0.0);
        self.for_each_row(inner.len(), outer.len(), |from, to| {
            let length = self.inner[1] * self.outer[2];
            outer[to..][..length].copy_from_slice(&inner[from..][..length]);
        });
    }

    /// Copies the smaller picture out of each larger one.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other.
    pub fn cut(&self, outer: &[f32], inner: &mut [f32]) {
        self.for_each_row(inner.len(), outer.len(), |to, from| {
            let length = self.inner[1] * self.outer[2];
            inner[to..][..length].copy_from_slice(&outer[from..][..length]);
        });
    }

    /// Where each row of the smaller pictures begins, in the smaller and in the larger ones.
    fn for_each_row(&self, inner: usize, outer: usize, mut visit: impl FnMut(usize, usize)) {
        let [height, width, channels] = self.outer;
        let row = self.inner[1] * channels;
        let rows = inner / row;
        assert_eq!(
            rows / self.inner[0] * height * width * channels,
            outer,
            "as many pictures inside as outside"
        );
        for at in 0..rows {
            let (sample, y) = (at / self.inner[0], at % self.inner[0]);
            let y = sample * height + self.corner[0] + y;
            visit(at * row, (y * width + self.corner[1]) * channels);
        }
    }
}

/// Pictures made larger by repeating each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// Columns of the smaller picture.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// How often each row and each column is repeated.
    pub times: [usize; 2],
}

impl Repetition {
    /// Writes the larger pictures.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other.
    pub fn repeat(&self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len() * self.times[0] * self.times[1], output.len());
        let row = self.width * self.channels;
        let larger = row * self.times[1];
        for (input, rows) in input
            .chunks_exact(row)
            .zip(output.chunks_exact_mut(larger * self.times[0]))
        {
            let (first, others) = rows.split_at_mut(larger);
            let cells = first.chunks_exact_mut(self.channels * self.times[1]);
            for (cell, copies) in input.chunks_exact(self.channels).zip(cells) {
                for copy in copies.chunks_exact_mut(self.channels) {
                    copy.copy_from_slice(cell);
                }
            }
            for other in others.chunks_exact_mut(larger) {
                other.copy_from_slice(first);
            }
        }
    }

    /// Writes the gradient of the smaller pictures: the sum over the copies of each cell.
    ///
    /// # Panics
    /// If a slice does not hold as many pictures as the other.
    pub fn sum(&self, output_gradient: &[f32], input_gradient: &mut [f32]) {
        assert_eq!(
            input_gradient.len() * self.times[0] * self.times[1],
            output_gradient.len()
        );
        sum_copies(self, output_gradient, input_gradient);
    }
}

kernel! {
    fn sum_copies(repetition: &Repetition, output_gradient: &[f32], input_gradient: &mut [f32]) {
        let Repetition { width, channels, times: [rows, columns] } = *repetition;
        let larger = width * channels * columns;
        let lines = input_gradient.chunks_exact_mut(width * channels);
        for (line, copies) in lines.zip(output_gradient.chunks_exact(larger * rows)) {
            line.fill(0.0);
            for copy in copies.chunks_exact(larger) {
                let cells = copy.chunks_exact(channels * columns);
                for (sums, cells) in line.chunks_exact_mut(channels).zip(cells) {
                    for cell in cells.chunks_exact(channels) {
                        for (sum, value) in sums.iter_mut().zip(cell) {
                            *sum += value;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
