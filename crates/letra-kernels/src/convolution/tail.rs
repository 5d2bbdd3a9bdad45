//! What follows the sums of a convolution: bias, ReLU, max pooling; and the way back.

use super::algorithm::Backward;
use super::vector::{array, load};
use super::{Geometry, Padding2, Pool};
use crate::activation::{self, ActivationKind};
use crate::pooling::Pooling;
use crate::simd::{ADDED, LANES, dispatch, kernel};
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
        let Some(bias_gradient) = bias_gradient else {
            return self.mask(output, gradient);
        };
        let filters = bias_gradient.len();
        if filters.is_multiple_of(LANES) {
            self.mask(output, gradient);
            return dispatch(AddBias {
                gradient,
                bias_gradient,
            });
        }
        let mut room = [0.0; MOST_SUMS];
        let Some(sums) = room.get_mut(..positions(filters) * filters) else {
            // More filters than there is room for: the positions one after the other.
            return self.mask_and_sum(output, gradient, bias_gradient);
        };
        self.mask_and_sum(output, gradient, sums);
        for sums in sums.chunks_exact(filters) {
            for (gradient, sum) in bias_gradient.iter_mut().zip(sums) {
                *gradient += sum;
            }
        }
    }

    fn mask_and_sum(&self, output: &[f32], gradient: &mut [f32], sums: &mut [f32]) {
        match self.relu {
            true => mask_and_add(output, gradient, sums),
            false => add(gradient, sums),
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

    /// Adds the gradients of all positions to sums of several positions of all filters: the first of
    /// each group to the first, and so on.
    fn add(gradient: &[f32], sums: &mut [f32]) {
        for gradient in gradient.chunks(sums.len()) {
            for (sum, gradient) in sums.iter_mut().zip(gradient) {
                *sum += gradient;
            }
        }
    }

    /// As `add`, of what a ReLU leaves of the gradients, which is written in their place.
    fn mask_and_add(output: &[f32], gradient: &mut [f32], sums: &mut [f32]) {
        let outputs = output.chunks(sums.len());
        for (gradient, output) in gradient.chunks_mut(sums.len()).zip(outputs) {
            for ((sum, gradient), output) in sums.iter_mut().zip(gradient).zip(output) {
                *gradient *= if *output <= 0.0 { 0.0 } else { 1.0 };
                *sum += *gradient;
            }
        }
    }
}

/// Adds the gradients of all positions, of filters that fill whole vectors.
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
            let (sums, _) = S::as_mut_simd_f32s(self.bias_gradient);
            for (vector, sum) in sums.iter_mut().enumerate() {
                let positions = sum_of_positions(
                    simd,
                    #[inline(always)]
                    |position| load::<S>(block, position * filters + vector * S::F32_LANES),
                );
                *sum = simd.add_f32s(*sum, positions);
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

/// The most sums of positions and filters.
const MOST_SUMS: usize = 1024;

/// Sums that are enough for one addition not to wait for the one before.
const ENOUGH_SUMS: usize = 8 * LANES;

/// How many positions are summed apart, so that their filters fill whole vectors.
fn positions(filters: usize) -> usize {
    let whole = LANES >> filters.trailing_zeros().min(LANES.trailing_zeros());
    let enough = whole * ENOUGH_SUMS.div_ceil(whole * filters);
    enough.min(MOST_SUMS / filters).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_of_the_bias_is_the_sum_over_positions_of_what_the_relu_leaves() {
        for (filters, places) in [(1, 7), (3, 50), (10, 256), (16, 33), (100, 9), (1500, 3)] {
            let geometry = Geometry {
                height: places,
                width: 1,
                channels: 1,
                kernel: [1, 1],
                filters,
                stride: [1, 1],
                dilation: [1, 1],
                groups: 1,
                padding: Padding2::default(),
            };
            let value = |at: usize| ((at * 37 % 23) as f32 - 11.0) / 8.0;
            let output: Vec<f32> = (0..filters * places).map(|at| value(at + 5)).collect();
            let gradient: Vec<f32> = (0..filters * places).map(value).collect();
            for relu in [false, true] {
                let masked = gradient.iter().zip(&output);
                let masked: Vec<f32> = masked
                    .map(|(gradient, output)| {
                        if relu && *output <= 0.0 {
                            0.0
                        } else {
                            *gradient
                        }
                    })
                    .collect();
                let (mut done, mut bias) = (gradient.clone(), vec![1.0; filters]);
                let tail = Tail::new(&geometry, relu, None);
                tail.mask_and_add_bias(&output, &mut done, Some(&mut bias));
                assert_eq!(done, masked);
                for (filter, sum) in bias.iter().enumerate() {
                    let wanted: f64 = masked[filter..]
                        .iter()
                        .step_by(filters)
                        .map(|&one| f64::from(one))
                        .sum();
                    let wrong = (f64::from(*sum) - 1.0 - wanted).abs();
                    assert!(wrong < 1e-4, "{filters} filters: {wrong}");
                }
            }
        }
    }
}
