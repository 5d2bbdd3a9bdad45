//! Convolution with a kernel of one tap at stride 1: a product of the picture, its cells as rows,
//! with the kernel.

use super::algorithm::{Algorithm, Backward, Forward};
use super::tail::Tail;
use super::{Geometry, Padding2, Pool};
use crate::gemm::{Mat, MatMut, gemm};

/// The algorithm for 1×1 kernels.
#[derive(Clone, Debug)]
pub(super) struct Pointwise {
    geometry: Geometry,
    tail: Tail,
}

impl Pointwise {
    /// The plan, if the shape is one for this algorithm.
    pub(super) fn new(geometry: Geometry, relu: bool, pool: Option<Pool>) -> Option<Self> {
        let suits = geometry.kernel == [1, 1]
            && geometry.stride == [1, 1]
            && geometry.groups == 1
            && geometry.padding == Padding2::default();
        suits.then(|| Self {
            geometry,
            tail: Tail::new(&geometry, relu, pool),
        })
    }
}

impl Algorithm for Pointwise {
    fn prepared_len(&self) -> usize {
        0
    }

    fn prepare(&self, _: &[f32], _: &mut [f32]) {}

    fn keep_len(&self) -> usize {
        self.tail.keep_len()
    }

    fn scratch_len(&self, _: usize) -> usize {
        self.tail.map_len(1)
    }

    /// Sample by sample, so that bias, ReLU and pool find the map in the cache.
    fn forward(&self, mut pass: Forward<'_>) {
        let Geometry {
            height,
            width,
            channels,
            filters,
            ..
        } = self.geometry;
        let inputs = pass.input.chunks_exact(self.geometry.input_len());
        let length = (pass.output.len() / pass.samples.max(1)).max(1);
        let outputs = pass.output.chunks_exact_mut(length);
        for (sample, (input, output)) in inputs.zip(outputs).enumerate() {
            let convolve = |map: &mut [f32]| {
                gemm(
                    height * width,
                    filters,
                    channels,
                    MatMut::row_major(&mut *map, filters),
                    false,
                    Mat::row_major(input, channels),
                    Mat::row_major(pass.kernel, filters),
                );
                self.tail.activate(map, pass.bias);
            };
            if !self.tail.pools() {
                convolve(output);
                continue;
            }
            let map = &mut pass.scratch[..self.tail.map_len(1)];
            convolve(map);
            let keep_len = self.keep_len();
            let keep = pass.keep.as_deref_mut();
            let keep = keep.map(|keep| &mut keep[sample * keep_len..][..keep_len]);
            self.tail.pool(1, map, output, keep);
        }
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let Geometry {
            height,
            width,
            channels,
            filters,
            ..
        } = self.geometry;
        let input_len = self.geometry.input_len();
        let length = (pass.output_gradient.len() / pass.samples.max(1)).max(1);
        let inputs = pass.input.chunks_exact(input_len);
        let outputs = pass.output.chunks_exact(length);
        let gradients = pass.output_gradient.chunks_exact_mut(length).zip(outputs);
        for (sample, (input, (gradient, output))) in inputs.zip(gradients).enumerate() {
            let bias_gradient = pass.bias_gradient.as_deref_mut();
            self.tail.mask_and_add_bias(output, gradient, bias_gradient);
            let gradient = if self.tail.pools() {
                let codes = &pass.keep[sample * self.keep_len()..][..self.keep_len()];
                let map = &mut pass.scratch[..self.tail.map_len(1)];
                self.tail.unpool(1, gradient, codes, map);
                &*map
            } else {
                &*gradient
            };
            if let Some(kernel_gradient) = pass.kernel_gradient.as_deref_mut() {
                gemm(
                    channels,
                    filters,
                    height * width,
                    MatMut::row_major(kernel_gradient, filters),
                    true,
                    Mat::transposed(input, channels),
                    Mat::row_major(gradient, filters),
                );
            }
            if let Some(input_gradient) = pass.input_gradient.as_deref_mut() {
                gemm(
                    height * width,
                    channels,
                    filters,
                    MatMut::row_major(&mut input_gradient[sample * input_len..], channels),
                    false,
                    Mat::row_major(gradient, filters),
                    Mat::transposed(pass.kernel, filters),
                );
            }
        }
    }
}
