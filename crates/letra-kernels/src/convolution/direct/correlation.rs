//! One correlation, some positions at a time.

use crate::convolution::Geometry;
use crate::convolution::padding::Padded;
use crate::convolution::product::{Product, Start};
use crate::simd::Instructions;

/// Most positions of one product.
const CHUNK: usize = 96;

/// A correlation of one sample with a kernel.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    pub(super) geometry: Geometry,
    pub(super) padded: Padded,
    /// Filters rounded up to whole vectors.
    pub(super) filters: usize,
    /// Where the taps of a position lie in the padded picture, from its first tap on.
    taps: Vec<u32>,
    /// Where the first taps of all positions lie.
    positions: Vec<u32>,
    instructions: Instructions,
}

impl Correlation {
    pub(super) fn new(geometry: Geometry, instructions: Instructions) -> Self {
        let Geometry {
            channels,
            kernel,
            stride,
            dilation,
            ..
        } = geometry;
        let padded = Padded::new(geometry);
        let width = padded.width();
        let taps = |row: usize| {
            let tap =
                move |column: usize| (row * dilation[0] * width + column * dilation[1]) * channels;
            let cells = (0..kernel[1]).map(tap);
            cells.flat_map(move |cell| (cell..cell + channels).map(|tap| tap as u32))
        };
        let position = |row: usize, column: usize| {
            ((row * stride[0] * width + column * stride[1]) * channels) as u32
        };
        let positions = (0..geometry.output_height())
            .flat_map(|row| (0..geometry.output_width()).map(move |column| position(row, column)));
        Self {
            geometry,
            padded,
            filters: geometry.filters.next_multiple_of(instructions.lanes()),
            taps: (0..kernel[0]).flat_map(taps).collect(),
            positions: positions.collect(),
            instructions,
        }
    }

    /// Whether the filters fill whole vectors.
    pub(super) fn is_whole(&self) -> bool {
        self.filters == self.geometry.filters
    }

    /// Elements of a chunk of outputs, or gradients, filled up to whole vectors.
    pub(super) fn line_len(&self) -> usize {
        CHUNK.min(self.positions.len()) * self.filters
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
        let outputs = output.chunks_mut(CHUNK * filters);
        for (positions, output) in self.positions.chunks(CHUNK).zip(outputs) {
            self.instructions.dispatch(Product {
                left: padded,
                rows: positions,
                depth: &self.taps[..],
                columns: self.filters,
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
        let gradients = gradient.chunks(CHUNK * filters);
        for (positions, gradient) in self.positions.chunks(CHUNK).zip(gradients) {
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
                left: padded,
                rows: &self.taps[..],
                depth: positions,
                columns: self.filters,
                right,
                destination: weights_gradient,
                start: Start::Destination,
                relu: false,
            });
        }
    }
}
