//! Pictures with zeros around them.

use super::{Geometry, Padding2};

/// The padded picture of one sample.
#[derive(Clone, Debug)]
pub(super) struct Padded {
    geometry: Geometry,
}

impl Padded {
    pub(super) fn new(geometry: Geometry) -> Self {
        Self { geometry }
    }

    /// Columns of the padded picture.
    pub(super) fn width(&self) -> usize {
        self.geometry.width + self.geometry.padding.columns()
    }

    /// Elements of space that [`pad`](Self::pad) wants: none without padding.
    pub(super) fn len(&self) -> usize {
        let Geometry {
            height,
            channels,
            padding,
            ..
        } = self.geometry;
        if padding == Padding2::default() {
            0
        } else {
            (height + padding.rows()) * self.width() * channels
        }
    }

    /// The picture with zeros around it.
    pub(super) fn pad<'a>(&self, picture: &'a [f32], space: &'a mut [f32]) -> &'a [f32] {
        let Geometry {
            width,
            channels,
            padding,
            ..
        } = self.geometry;
        if padding == Padding2::default() {
            return picture;
        }
        space.fill(0.0);
        let rows = space.chunks_exact_mut(self.width() * channels);
        for (padded, row) in rows
            .skip(padding.top)
            .zip(picture.chunks_exact(width * channels))
        {
            padded[padding.left * channels..][..row.len()].copy_from_slice(row);
        }
        space
    }
}
