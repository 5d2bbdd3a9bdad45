//! What follows the sums of a convolution: bias, ReLU, max pooling; and the way back.

use super::algorithm::Backward;
use super::vector::{array, load};
use super::{Geometry, Padding2, Pool};
use crate::activation::{self, ActivationKind};
use crate::pooling::Pooling;
use crate::simd::{ADDED, dispatch, kernel};
use pulp::{Simd, WithSimd};

/// Bias, ReLU and pooling of one convolution.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    relu: bool,
    filters: usize,
    input_len: usize,
    map_len: usize,
    pooling: Option<Pooling>,
}

impl Tail {
    pub(super) fn new(geometry: &Geometry, relu: bool, pool: Option<Pool>) -> Self {
        let pooling = pool.map(|pool| Pooling {
            height: geometry.output_height(),
            width: geometry.output_width(),
            channels: geometry.filters,
            window: [pool.height, pool.width],
            stride: [pool.height, pool.width],
            padding: Padding2::default(),
        });
        Self {
            relu,
            filters: geometry.filters,
            input_len: geometry.input_len(),
            map_len: geometry.output_len(),
            pooling,
        }
    }

    pub(super) fn pools(&self) -> bool {
        self.pooling.is_some()
    }

    /// Elements a sample that [`pool`](Self::pool) keeps for [`unpool`](Self::unpool).
    pub(super) fn keep_len(&self) -> usize {
        self.pooling.as_ref().map_or(0, Pooling::output_len)
    }

    /// Elements of the map between convolution and pooling, 0 without a pool.
    pub(super) fn map_len(&self, samples: usize) -> usize {
        if self.pools() {
            samples * self.map_len
        } else {
            0
        }
    }

    /// Elements of one sample of the output.
    fn output_len(&self) -> usize {
        self.pooling
            .as_ref()
            .map_or(self.map_len, Pooling::output_len)
    }

    /// Some samples one after the other: `convolve` writes from an input its map with bias and ReLU,
    /// which is then pooled while it is in the cache. `map` is room for one.
    pub(super) fn forward_each(
        &self,
        input: &[f32],
        output: &mut [f32],
        mut keep: Option<&mut [f32]>,
        map: &mut [f32],
        mut convolve: impl FnMut(&[f32], &mut [f32]),
    ) {
        let inputs = input.chunks_exact(self.input_len);
        let outputs = output.chunks_exact_mut(self.output_len().max(1));
        let keep_len = self.keep_len();
        for (sample, (input, output)) in inputs.zip(outputs).enumerate() {
            if !self.pools() {
                convolve(input, output);
                continue;
            }
            convolve(input, map);
            let keep = keep.as_deref_mut();
            let keep = keep.map(|keep| &mut keep[sample * keep_len..][..keep_len]);
            self.pool(1, map, output, keep);
        }
    }

    /// The way back, one sample after the other: `convolve` gets each sample's input, the gradient at
    /// z, and where the gradient of the input goes. The gradient of the bias is summed here.
    pub(super) fn backward_each(
        &self,
        pass: &mut Backward<'_>,
        map: &mut [f32],
        mut convolve: impl FnMut(&[f32], &[f32], Option<&mut [f32]>),
    ) {
        let (output_len, keep_len) = (self.output_len().max(1), self.keep_len());
        let inputs = pass.input.chunks_exact(self.input_len);
        let outputs = pass.output.chunks_exact(output_len);
        let gradients = pass.output_gradient.chunks_exact_mut(output_len);
        for (sample, (input, (gradient, output))) in inputs.zip(gradients.zip(outputs)).enumerate()
        {
            let bias_gradient = pass.bias_gradient.as_deref_mut();
            self.mask_and_add_bias(output, gradient, bias_gradient);
            let gradient = if self.pools() {
                let keep = &pass.keep[sample * keep_len..][..keep_len];
                self.unpool(1, gradient, keep, map);
                &*map
            } else {
                &*gradient
            };
            let input_gradient = pass.input_gradient.as_deref_mut();
            let part = sample * self.input_len..(sample + 1) * self.input_len;
            convolve(input, gradient, input_gradient.map(|all| &mut all[part]));
        }
    }

    /// Adds the bias and applies the ReLU, in place.
    pub(super) fn activate(&self, map: &mut [f32], bias: Option<&[f32]>) {
        add_bias_and_clip(self.filters, self.relu, map, bias);
    }

    /// Pools the map into the output.
    pub(super) fn pool(
        &self,
        samples: usize,
        map: &[f32],
        output: &mut [f32],
        keep: Option<&mut [f32]>,
    ) {
        if let Some(pooling) = &self.pooling {
            pooling.forward_max(samples, map, output, keep);
        }
    }

    /// Multiplies the gradient by 0 where the ReLU is closed, in place.
    pub(super) fn mask(&self, output: &[f32], gradient: &mut [f32]) {
        if self.relu {
            activation::backward(ActivationKind::Relu, 1, output, &[], gradient);
        }
    }

    /// Clears the gradient where the ReLU is closed, in place, and adds what is left of it, over
    /// all positions, to the gradient of the bias.
    pub(super) fn mask_and_add_bias(
        &self,
        output: &[f32],
        gradient: &mut [f32],
        bias_gradient: Option<&mut [f32]>,
    ) {
        self.mask(output, gradient);
        if let Some(bias_gradient) = bias_gradient {
            dispatch(AddBias {
                gradient,
                bias_gradient,
            });
        }
    }

    /// The gradient of the map from the masked gradient of the output.
    pub(super) fn unpool(&self, samples: usize, gradient: &[f32], keep: &[f32], map: &mut [f32]) {
        if let Some(pooling) = &self.pooling {
            pooling.backward_max(samples, gradient, keep, map);
        }
    }
}

kernel! {
    fn add_bias_and_clip(filters: usize, relu: bool, map: &mut [f32], bias: Option<&[f32]>) {
        if let Some(bias) = bias {
            for values in map.chunks_exact_mut(filters) {
                for (value, bias) in values.iter_mut().zip(bias) {
                    *value += bias;
                }
            }
        }
        if relu {
            for value in map {
                *value = ADDED + if *value <= 0.0 { 0.0 } else { *value };
            }
        }
    }
}

struct AddBias<'a> {
    gradient: &'a [f32],
    bias_gradient: &'a mut [f32],
}

/// Positions whose gradients are added together before they are added to the sum.
const POSITIONS: usize = 8;

impl WithSimd for AddBias<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let filters = self.bias_gradient.len();
        let mut blocks = self.gradient.chunks_exact(POSITIONS * filters);
        for block in &mut blocks {
            let (sums, rest) = S::as_mut_simd_f32s(self.bias_gradient);
            for (vector, sum) in sums.iter_mut().enumerate() {
                let positions = sum_of_positions(
                    simd,
                    #[inline(always)]
                    |position| load::<S>(block, position * filters + vector * S::F32_LANES),
                );
                *sum = simd.add_f32s(*sum, positions);
            }
            if !rest.is_empty() {
                let (done, count) = (filters - rest.len(), rest.len());
                let positions = sum_of_positions(
                    simd,
                    #[inline(always)]
                    |position| simd.partial_load_f32s(&block[position * filters + done..][..count]),
                );
                let sum = simd.add_f32s(simd.partial_load_f32s(rest), positions);
                simd.partial_store_f32s(rest, sum);
            }
        }
        for position in blocks.remainder().chunks_exact(filters) {
            for (sum, gradient) in self.bias_gradient.iter_mut().zip(position) {
                *sum += gradient;
            }
        }
    }
}

/// The sum of [`POSITIONS`] vectors, pairwise.
#[inline(always)]
fn sum_of_positions<S: Simd>(simd: S, at: impl Fn(usize) -> S::f32s) -> S::f32s {
    let [a, b, c, d]: [S::f32s; POSITIONS / 2] = array(
        #[inline(always)]
        |pair| simd.add_f32s(at(2 * pair), at(2 * pair + 1)),
    );
    simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d))
}
