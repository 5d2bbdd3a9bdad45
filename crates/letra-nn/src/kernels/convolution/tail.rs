//! What follows the sums of a convolution: bias, ReLU, max pooling; and the way back.

use super::{Geometry, Padding2, Pool};
use crate::kernels::pooling::Pooling;
use pulp::Arch;

/// Bias, ReLU and pooling of one convolution.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    relu: bool,
    filters: usize,
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

    /// Adds the bias and applies the ReLU, in place.
    pub(super) fn activate(&self, map: &mut [f32], bias: Option<&[f32]>) {
        Arch::new().dispatch(|| {
            if let Some(bias) = bias {
                for values in map.chunks_exact_mut(self.filters) {
                    for (value, bias) in values.iter_mut().zip(bias) {
                        *value += bias;
                    }
                }
            }
            if self.relu {
                for value in map {
                    *value = if *value < 0.0 { 0.0 } else { *value };
                }
            }
        });
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

    /// Clears the gradient where the ReLU is closed, in place.
    pub(super) fn mask(&self, output: &[f32], gradient: &mut [f32]) {
        if self.relu {
            Arch::new().dispatch(|| {
                for (gradient, &output) in gradient.iter_mut().zip(output) {
                    *gradient = if output > 0.0 { *gradient } else { 0.0 };
                }
            });
        }
    }

    /// Adds the sum over all positions of the masked gradient.
    pub(super) fn add_bias_gradient(&self, gradient: &[f32], sum: &mut [f32]) {
        Arch::new().dispatch(|| {
            for gradients in gradient.chunks_exact(self.filters) {
                for (sum, gradient) in sum.iter_mut().zip(gradients) {
                    *sum += gradient;
                }
            }
        });
    }

    /// The gradient of the map from the masked gradient of the output.
    pub(super) fn unpool(&self, samples: usize, gradient: &[f32], keep: &[f32], map: &mut [f32]) {
        if let Some(pooling) = &self.pooling {
            pooling.backward_max(samples, gradient, keep, map);
        }
    }
}
