//! Convolution of any shape as a matrix product: the patches that the output positions see are
//! gathered as rows of a matrix (Chellapilla, Puri, Simard 2006, "High performance convolutional
//! neural networks for document processing"), a block of positions at a time.

use super::algorithm::{Algorithm, Backward, Forward};
use super::tail::Tail;
use super::{Geometry, Pool};
use crate::gemm::{Mat, MatMut, gemm};
use std::ops::Range;

/// Elements of the patch matrix of one block: a part of the L2 cache.
const BLOCK: usize = 32 * 1024;

/// The algorithm for every shape.
#[derive(Clone, Debug)]
pub(super) struct General {
    geometry: Geometry,
    tail: Tail,
    /// Output positions whose patches are gathered together.
    block: usize,
}

/// A run of kernel columns that lie side by side within the picture, for one kernel row of one
/// patch.
struct Span {
    /// Place in the patch.
    patch: usize,
    /// Place in the input of the sample.
    input: usize,
    length: usize,
}

impl Algorithm for General {
    fn prepared_len(&self) -> usize {
        0
    }

    fn prepare(&self, _: &[f32], _: &mut [f32]) {}

    fn keep_len(&self) -> usize {
        self.tail.keep_len()
    }

    fn scratch_len(&self, samples: usize) -> usize {
        self.patches_len(samples) + self.tail.map_len(samples)
    }

    fn forward(&self, pass: Forward<'_>) {
        let samples = pass.samples;
        if self.tail.pools() {
            let (map, scratch) = pass.scratch.split_at_mut(self.tail.map_len(samples));
            self.convolve(samples, pass.input, pass.kernel, map, scratch);
            self.tail.activate(map, pass.bias);
            self.tail.pool(samples, map, pass.output, pass.keep);
        } else {
            self.convolve(samples, pass.input, pass.kernel, pass.output, pass.scratch);
            self.tail.activate(pass.output, pass.bias);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let (samples, output_gradient) = (pass.samples, pass.output_gradient);
        self.tail
            .mask_and_add_bias(pass.output, output_gradient, pass.bias_gradient);
        let (map, scratch) = pass.scratch.split_at_mut(self.tail.map_len(samples));
        let gradient = if self.tail.pools() {
            self.tail.unpool(samples, output_gradient, pass.keep, map);
            map
        } else {
            output_gradient
        };
        if let Some(kernel_gradient) = pass.kernel_gradient {
            self.add_kernel_gradient(samples, pass.input, gradient, kernel_gradient, scratch);
        }
        if let Some(input_gradient) = pass.input_gradient {
            self.input_gradient(samples, pass.kernel, gradient, input_gradient, scratch);
        }
    }
}

impl General {
    pub(super) fn new(geometry: Geometry, relu: bool, pool: Option<Pool>) -> Self {
        let positions = BLOCK / geometry.patch_len().max(1);
        Self {
            geometry,
            tail: Tail::new(&geometry, relu, pool),
            block: positions.max(16),
        }
    }

    /// Elements of the patch matrix of a block.
    pub(super) fn patches_len(&self, samples: usize) -> usize {
        self.block.min(self.positions(samples)) * self.geometry.patch_len()
    }

    /// z without bias, for all positions of all samples.
    pub(super) fn convolve(
        &self,
        samples: usize,
        input: &[f32],
        kernel: &[f32],
        map: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (patch, filters) = (self.geometry.patch_len(), self.geometry.filters);
        for block in self.blocks(samples) {
            self.gather(block.clone(), input, scratch);
            let map = &mut map[block.start * filters..];
            gemm(
                block.len(),
                filters,
                patch,
                MatMut::row_major(map, filters),
                false,
                Mat::row_major(scratch, patch),
                Mat::row_major(kernel, filters),
            );
        }
    }

    /// Adds xᵀ·δ, x being the matrix of the patches.
    pub(super) fn add_kernel_gradient(
        &self,
        samples: usize,
        input: &[f32],
        gradient: &[f32],
        kernel_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (patch, filters) = (self.geometry.patch_len(), self.geometry.filters);
        for block in self.blocks(samples) {
            self.gather(block.clone(), input, scratch);
            gemm(
                patch,
                filters,
                block.len(),
                MatMut::row_major(kernel_gradient, filters),
                true,
                Mat::transposed(scratch, patch),
                Mat::row_major(&gradient[block.start * filters..], filters),
            );
        }
    }

    /// The gradient of the input: patches δ·wᵀ, added up where they overlap.
    pub(super) fn input_gradient(
        &self,
        samples: usize,
        kernel: &[f32],
        gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (patch, filters) = (self.geometry.patch_len(), self.geometry.filters);
        input_gradient[..samples * self.geometry.input_len()].fill(0.0);
        for block in self.blocks(samples) {
            gemm(
                block.len(),
                patch,
                filters,
                MatMut::row_major(scratch, patch),
                false,
                Mat::row_major(&gradient[block.start * filters..], filters),
                Mat::transposed(kernel, filters),
            );
            self.scatter(block, scratch, input_gradient);
        }
    }

    fn positions(&self, samples: usize) -> usize {
        samples * self.geometry.output_height() * self.geometry.output_width()
    }

    fn blocks(&self, samples: usize) -> impl Iterator<Item = Range<usize>> {
        let positions = self.positions(samples);
        (0..positions)
            .step_by(self.block)
            .map(move |start| start..(start + self.block).min(positions))
    }

    /// Copies the patches of some positions, zeros where they reach beyond the picture.
    fn gather(&self, positions: Range<usize>, input: &[f32], patches: &mut [f32]) {
        let patch = self.geometry.patch_len();
        for (position, values) in positions.zip(patches.chunks_exact_mut(patch)) {
            let mut done = 0;
            self.for_each_span(position, |span| {
                values[done..span.patch].fill(0.0);
                done = span.patch + span.length;
                values[span.patch..done].copy_from_slice(&input[span.input..][..span.length]);
            });
            values[done..].fill(0.0);
        }
    }

    /// Adds patches to the places they were gathered from.
    fn scatter(&self, positions: Range<usize>, patches: &[f32], sums: &mut [f32]) {
        let patch = self.geometry.patch_len();
        for (position, values) in positions.zip(patches.chunks_exact(patch)) {
            self.for_each_span(position, |span| {
                let sums = &mut sums[span.input..][..span.length];
                for (sum, value) in sums.iter_mut().zip(&values[span.patch..]) {
                    *sum += value;
                }
            });
        }
    }

    /// The parts of one position's patch that lie within the picture, one a kernel row.
    fn for_each_span(&self, position: usize, mut visit: impl FnMut(Span)) {
        let Geometry {
            height,
            width,
            channels,
            kernel,
            stride,
            padding,
            dilation,
            ..
        } = self.geometry;
        let (columns, rows) = (self.geometry.output_width(), self.geometry.output_height());
        let sample = position / (rows * columns);
        let y = position / columns % rows * stride[0];
        let x = position % columns * stride[1];
        // Kernel columns within the picture: those from `skipped` on, before `end`.
        let skipped = padding
            .left
            .saturating_sub(x)
            .div_ceil(dilation[1])
            .min(kernel[1]);
        let end = (width + padding.left)
            .saturating_sub(x)
            .div_ceil(dilation[1]);
        let end = end.min(kernel[1]);
        if skipped >= end {
            return;
        }
        // Where kernel columns lie side by side in the picture, they are copied together.
        let together = if dilation[1] == 1 { end - skipped } else { 1 };
        for row in 0..kernel[0] {
            let from = y + row * dilation[0];
            if from < padding.top || from >= padding.top + height {
                continue;
            }
            let pixels = (sample * height + from - padding.top) * width;
            for column in (skipped..end).step_by(together) {
                let pixel = pixels + x + column * dilation[1] - padding.left;
                visit(Span {
                    patch: (row * kernel[1] + column) * channels,
                    input: pixel * channels,
                    length: together * channels,
                });
            }
        }
    }
}
