//! Kernels and their gradients, to and from their transformed form.

use super::transform::{Kernel, KernelGradient, both_sides};
use super::{PLACES, Winograd};
use crate::convolution::vector::{load, store};
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
        let winograd = self.winograd;
        let (channels, filters) = (winograd.geometry.channels, winograd.geometry.filters);
        let (forward, rest) = self.prepared.split_at_mut(winograd.forward_len());
        transform::<S>(
            simd,
            [channels, filters, winograd.filters],
            self.kernel,
            forward,
        );
        // Numbers are moved one by one before the transform rather than after it, when they are
        // four times as many.
        let (turned, swapped) = rest.split_at_mut(PLACES * filters * winograd.channels);
        let taps = self.kernel.chunks_exact(channels * filters);
        for (swapped, tap) in swapped.chunks_exact_mut(channels * filters).zip(taps) {
            for (filter, swapped) in swapped.chunks_exact_mut(channels).enumerate() {
                for (swapped, &value) in swapped
                    .iter_mut()
                    .zip(tap[filter..].iter().step_by(filters))
                {
                    *swapped = value;
                }
            }
        }
        transform::<S>(
            simd,
            [filters, channels, winograd.channels],
            swapped,
            turned,
        );
    }
}

/// G w Gᵀ of a kernel `[3, 3, rows, columns]`, to `[places, rows, padded]`, where `padded` is
/// `columns` filled up to whole vectors with zeros.
#[inline(always)]
fn transform<S: Simd>(
    simd: S,
    [rows, columns, padded]: [usize; 3],
    kernel: &[f32],
    transformed: &mut [f32],
) {
    for index in 0..rows {
        for first in (0..columns).step_by(S::F32_LANES) {
            let used = S::F32_LANES.min(columns - first);
            both_sides::<S, Kernel, 3, 6>(
                simd,
                #[inline(always)]
                |row, column| {
                    let tap = (row * 3 + column) * rows + index;
                    let values = &kernel[tap * columns + first..][..used];
                    crate::simd::load(simd, values)
                },
                #[inline(always)]
                |row, column, value| {
                    let place = row * 6 + column;
                    store::<S>(transformed, (place * rows + index) * padded + first, value);
                },
            );
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
                        if let Some(sum) = S::as_mut_simd_f32s(gradient).0.first_mut() {
                            *sum = simd.add_f32s(*sum, value);
                        } else {
                            let sum = simd.add_f32s(simd.partial_load_f32s(gradient), value);
                            simd.partial_store_f32s(gradient, sum);
                        }
                    },
                );
            }
        }
    }
}
