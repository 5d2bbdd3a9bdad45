//! One correlation, a line of positions at a time.

use crate::kernels::convolution::instructions::Instructions;
use crate::kernels::convolution::product::{Product, Start, Stride};
use crate::kernels::convolution::{Geometry, Padding2};
use std::ops::Range;

/// Most positions of one product.
const CHUNK: usize = 96;

/// A correlation of one sample with a kernel.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    pub(super) geometry: Geometry,
    /// Filters rounded up to whole vectors.
    pub(super) filters: usize,
    /// Where the taps of a position lie in the padded picture.
    taps: Vec<usize>,
    /// Lines of positions at equal distances: how many, positions of each, distance of two
    /// positions, distance of two lines.
    lines: usize,
    positions: usize,
    step: usize,
    line_step: usize,
    instructions: Instructions,
}

/// Some positions of a line.
struct Chunk {
    /// Number of the first position.
    first: usize,
    count: usize,
    /// Where its first tap lies.
    place: usize,
}

impl Correlation {
    pub(super) fn new(geometry: Geometry, instructions: Instructions) -> Self {
        let Geometry {
            channels,
            kernel,
            stride,
            padding,
            ..
        } = geometry;
        let width = geometry.width + padding.left + padding.right;
        let (rows, columns) = (geometry.output_height(), geometry.output_width());
        let row_step = stride[0] * width * channels;
        let (lines, positions, step) = if columns == 1 {
            (1, rows, row_step)
        } else if row_step == columns * stride[1] * channels {
            (1, rows * columns, stride[1] * channels)
        } else {
            (rows, columns, stride[1] * channels)
        };
        let tap = |row: usize| {
            let row = row * width * channels;
            row..row + kernel[1] * channels
        };
        Self {
            geometry,
            filters: geometry.filters.next_multiple_of(instructions.lanes()),
            taps: (0..kernel[0]).flat_map(tap).collect(),
            lines,
            positions,
            step,
            line_step: row_step,
            instructions,
        }
    }

    /// Whether the filters fill whole vectors.
    pub(super) fn is_whole(&self) -> bool {
        self.filters == self.geometry.filters
    }

    /// Elements of the padded picture, 0 without padding.
    pub(super) fn padded_len(&self) -> usize {
        let Geometry {
            height,
            width,
            channels,
            padding,
            ..
        } = self.geometry;
        if padding == Padding2::default() {
            return 0;
        }
        (height + padding.top + padding.bottom) * (width + padding.left + padding.right) * channels
    }

    /// Elements of a line of outputs, or gradients, filled up to whole vectors.
    pub(super) fn line_len(&self) -> usize {
        CHUNK.min(self.positions) * self.filters
    }

    /// The picture with zeros around it.
    pub(super) fn pad<'a>(&self, picture: &'a [f32], padded: &'a mut [f32]) -> &'a [f32] {
        let Geometry {
            width,
            channels,
            padding,
            ..
        } = self.geometry;
        if padding == Padding2::default() {
            return picture;
        }
        padded.fill(0.0);
        let row_len = (width + padding.left + padding.right) * channels;
        let rows = padded.chunks_exact_mut(row_len).skip(padding.top);
        for (padded, row) in rows.zip(picture.chunks_exact(width * channels)) {
            padded[padding.left * channels..][..row.len()].copy_from_slice(row);
        }
        padded
    }

    fn chunks(&self) -> impl Iterator<Item = Chunk> {
        let Self {
            lines,
            positions,
            step,
            line_step,
            ..
        } = *self;
        (0..lines).flat_map(move |line| {
            (0..positions).step_by(CHUNK).map(move |first| Chunk {
                first: line * positions + first,
                count: CHUNK.min(positions - first),
                place: line * line_step + first * step,
            })
        })
    }

    /// The outputs of one sample, `[positions, filters]`.
    ///
    /// `weights` is `[taps, filters]` with the filters filled up to whole vectors, as is `start`;
    /// `line` holds `line_len` elements.
    pub(super) fn outputs(
        &self,
        padded: &[f32],
        weights: &[f32],
        start: Start<'_>,
        relu: bool,
        output: &mut [f32],
        line: &mut [f32],
    ) {
        let filters = self.geometry.filters;
        for chunk in self.chunks() {
            let output = &mut output[range(&chunk, filters)];
            self.instructions.dispatch(Product {
                rows: chunk.count,
                columns: self.filters,
                depth: self.taps.len(),
                left: &padded[chunk.place..],
                left_rows: Stride(self.step),
                left_depth: &self.taps[..],
                right: weights,
                destination: if self.is_whole() {
                    &mut *output
                } else {
                    &mut *line
                },
                start,
                relu,
            });
            if !self.is_whole() {
                let line = line.chunks_exact(self.filters);
                for (output, line) in output.chunks_exact_mut(filters).zip(line) {
                    output.copy_from_slice(&line[..filters]);
                }
            }
        }
    }

    /// Adds the gradient of the weights of one sample, `[taps, filters]`, the filters filled up to
    /// whole vectors. `line` holds `line_len` elements.
    pub(super) fn add_weights_gradient(
        &self,
        padded: &[f32],
        gradient: &[f32],
        weights_gradient: &mut [f32],
        line: &mut [f32],
    ) {
        let filters = self.geometry.filters;
        for chunk in self.chunks() {
            let gradient = &gradient[range(&chunk, filters)];
            let right = if self.is_whole() {
                gradient
            } else {
                let lines = line.chunks_exact_mut(self.filters);
                for (line, gradient) in lines.zip(gradient.chunks_exact(filters)) {
                    line[..filters].copy_from_slice(gradient);
                    line[filters..].fill(0.0);
                }
                &*line
            };
            self.instructions.dispatch(Product {
                rows: self.taps.len(),
                columns: self.filters,
                depth: chunk.count,
                left: &padded[chunk.place..],
                left_rows: &self.taps[..],
                left_depth: Stride(self.step),
                right,
                destination: weights_gradient,
                start: Start::Destination,
                relu: false,
            });
        }
    }
}

/// Where the values of a chunk's positions lie.
fn range(chunk: &Chunk, filters: usize) -> Range<usize> {
    chunk.first * filters..(chunk.first + chunk.count) * filters
}
