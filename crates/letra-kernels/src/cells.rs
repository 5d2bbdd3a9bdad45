//! Moving a picture's cells, channels last: frames around pictures, and larger pictures.

mod interpolation;

pub use interpolation::{Interpolation, Method};

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

#[cfg(test)]
mod tests;
