//! Kernels and their gradients, to and from their transformed form.

use super::transform::{Kernel, KernelGradient, both_sides};
use super::{PLACES, Winograd};
use crate::kernels::convolution::vector::load;
use pulp::{Simd, WithSimd};

/// Transforms a kernel; see [`Winograd::prepare`].
pub(super) struct Transform<'a> {
    pub(super) winograd: &'a Winograd,
    pub(super) kernel: &'a [f32],
    pub(super) prepared: &'a mut [f32],
}

impl WithSimd for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::IS_SCALAR {
            unreachable!("planned for vectors only");
        }
        let winograd = self.winograd;
        let (channels, filters) = (winograd.geometry.channels, winograd.geometry.filters);
        let (forward, rest) = self.prepared.split_at_mut(winograd.forward_len());
        let turned = &mut rest[..PLACES * filters * winograd.channels];
        turned.fill(0.0);
        for channel in 0..channels {
            for filter in (0..filters).step_by(S::F32_LANES) {
                let used = S::F32_LANES.min(filters - filter);
                both_sides::<S, Kernel, 3, 6>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        let tap = (row * 3 + column) * channels + channel;
                        simd.partial_load_f32s(&self.kernel[tap * filters + filter..][..used])
                    },
                    #[inline(always)]
                    |row, column, value| {
                        let place = row * 6 + column;
                        let at = (place * channels + channel) * winograd.filters + filter;
                        let forward = &mut forward[at..at + S::F32_LANES];
                        S::as_mut_simd_f32s(forward).0[0] = value;
                        let at = (place * filters + filter) * winograd.channels + channel;
                        let turned = turned[at..].iter_mut().step_by(winograd.channels);
                        for (turned, &value) in turned.zip(&forward[..used]) {
                            *turned = value;
                        }
                    },
                );
            }
        }
    }
}

impl Winograd {
    /// Adds Gᵀ X G to the gradient of the kernel, X being the sums over all tiles,
    /// `[places, channels, filters]`.
    #[inline(always)]
    pub(super) fn add_kernel_gradient<S: Simd>(&self, simd: S, sums: &[f32], gradient: &mut [f32]) {
        let (channels, filters) = (self.geometry.channels, self.geometry.filters);
        for channel in 0..channels {
            for filter in (0..filters).step_by(S::F32_LANES) {
                let used = S::F32_LANES.min(filters - filter);
                both_sides::<S, KernelGradient, 6, 3>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        let place = row * 6 + column;
                        load::<S>(sums, (place * channels + channel) * self.filters + filter)
                    },
                    #[inline(always)]
                    |row, column, value| {
                        let tap = (row * 3 + column) * channels + channel;
                        let gradient = &mut gradient[tap * filters + filter..][..used];
                        let sum = simd.add_f32s(simd.partial_load_f32s(gradient), value);
                        simd.partial_store_f32s(gradient, sum);
                    },
                );
            }
        }
    }
}
