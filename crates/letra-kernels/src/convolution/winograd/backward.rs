//! Gradients of the 3×3 convolution.

use super::forward::Patches;
use super::tiles::{Pixels, alone};
use super::transform::{PatchGradient, TileGradient, both_sides};
use super::{Backward, PLACES, Winograd};
use crate::convolution::product::{Product, Spaced, Start};
use crate::convolution::vector::{load_at, load_unchecked, store_at, store_unchecked};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// The gradients of kernel and input over some samples. The gradient of the output is cleared where
/// the ReLU is closed.
pub(super) struct Gradients<'a> {
    pub(super) winograd: &'a Winograd,
    pub(super) pass: Backward<'a>,
}

impl WithSimd for Gradients<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (winograd, mut pass) = (self.winograd, self.pass);
        let (channels, filters) = (winograd.geometry.channels, winograd.geometry.filters);
        let (patches, rest) = pass.scratch.split_at_mut(winograd.patches_len());
        let (deltas, rest) = rest.split_at_mut(winograd.sums_len());
        let (sums, edge) = rest.split_at_mut(winograd.forward_len());
        if let Some(gradient) = pass.input_gradient.as_deref_mut() {
            gradient[..pass.samples * winograd.geometry.input_len()].fill(0.0);
        }
        for tiles in winograd.blocks(pass.samples) {
            if pass.kernel_gradient.is_some() {
                simd.vectorize(Patches {
                    winograd,
                    tiles: tiles.clone(),
                    input: pass.input,
                    patches,
                    edge,
                });
            }
            winograd.transform_deltas(
                simd,
                tiles.clone(),
                (pass.output_gradient, pass.keep),
                deltas,
                edge,
            );
            for place in 0..PLACES {
                let patches = &mut patches[place * winograd.patch_stride()..];
                let deltas = &deltas[place * winograd.sum_stride()..];
                if pass.kernel_gradient.is_some() {
                    simd.vectorize(Product {
                        left: patches,
                        rows: Spaced {
                            count: channels,
                            step: 1,
                        },
                        depth: Spaced {
                            count: tiles.len(),
                            step: winograd.channels,
                        },
                        columns: winograd.filters,
                        right: deltas,
                        destination: &mut sums[place * channels * winograd.filters..],
                        start: if tiles.start > 0 {
                            Start::Destination
                        } else {
                            Start::Zero
                        },
                        relu: false,
                    });
                }
                if pass.input_gradient.is_some() {
                    let turned = &pass.prepared[winograd.forward_len()..];
                    simd.vectorize(Product {
                        left: deltas,
                        rows: Spaced {
                            count: tiles.len(),
                            step: winograd.filters,
                        },
                        depth: Spaced {
                            count: filters,
                            step: 1,
                        },
                        columns: winograd.channels,
                        right: &turned[place * filters * winograd.channels..],
                        destination: patches,
                        start: Start::Zero,
                        relu: false,
                    });
                }
            }
            if let Some(gradient) = pass.input_gradient.as_deref_mut() {
                winograd.add_patches(simd, tiles, patches, gradient, edge);
            }
        }
        if let Some(kernel_gradient) = pass.kernel_gradient
            && pass.samples > 0
        {
            winograd.add_kernel_gradient(simd, sums, kernel_gradient);
        }
    }
}

impl Winograd {
    /// A δ Aᵀ of some tiles, to `[places, tiles, filters]`, from the gradient of the output and,
    /// with a pool, the winning cells.
    #[inline(always)]
    fn transform_deltas<S: Simd>(
        &self,
        simd: S,
        tiles: Range<usize>,
        (gradient, keep): (&[f32], &[f32]),
        deltas: &mut [f32],
        edge: &mut [f32],
    ) {
        let picture = self.output_picture();
        // What surrounds the picture.
        edge[..self.filters].fill(0.0);
        for (number, tile) in tiles.enumerate() {
            let tile = self.tiles.tile(tile);
            if !self.pooled {
                let square = self.tiles.outputs(tile);
                let pixels = if picture.in_place() {
                    picture.readable::<4>(&square, gradient, edge)
                } else {
                    picture.gather(&square, 4, gradient, edge);
                    alone(edge, self.filters)
                };
                self.transform_delta(
                    simd,
                    number,
                    deltas,
                    #[inline(always)]
                    |row, column, filter| {
                        // SAFETY: the pixels have `filters` elements.
                        unsafe { load_at::<S>(pixels[row][column], filter) }
                    },
                );
                continue;
            }
            let square = self.tiles.pooled(tile);
            let (gradients, codes): (Pixels<2>, Pixels<2>) = if picture.in_place() {
                (
                    picture.readable(&square, gradient, edge),
                    picture.readable(&square, keep, edge),
                )
            } else {
                let (edge, edge_codes) = edge.split_at_mut(4 * self.filters);
                picture.gather(&square, 2, gradient, edge);
                picture.gather(&square, 2, keep, edge_codes);
                (alone(edge, self.filters), alone(edge_codes, self.filters))
            };
            self.transform_delta(
                simd,
                number,
                deltas,
                #[inline(always)]
                |row, column, filter| {
                    let (window, cell) = ([row / 2, column / 2], row % 2 * 2 + column % 2);
                    // SAFETY: the pixels have `filters` elements.
                    let (gradient, code) = unsafe {
                        (
                            load_at::<S>(gradients[window[0]][window[1]], filter),
                            load_at::<S>(codes[window[0]][window[1]], filter),
                        )
                    };
                    let won = simd.equal_f32s(code, simd.splat_f32s(cell as f32));
                    simd.select_f32s(won, gradient, simd.splat_f32s(0.0))
                },
            );
        }
    }

    /// A δ Aᵀ of the tile with a number within its block; `delta` gives δ by row, column and
    /// filter.
    #[inline(always)]
    fn transform_delta<S: Simd>(
        &self,
        simd: S,
        number: usize,
        deltas: &mut [f32],
        delta: impl Fn(usize, usize, usize) -> S::f32s,
    ) {
        let stride = self.sum_stride();
        for filter in (0..self.filters).step_by(S::F32_LANES) {
            let to = number * self.filters + filter;
            both_sides::<S, TileGradient, 4, 6>(
                simd,
                #[inline(always)]
                |row, column| delta(row, column, filter),
                #[inline(always)]
                |row, column, value| {
                    let at = (row * 6 + column) * stride + to;
                    // SAFETY: the block has room for `block` tiles at each place.
                    unsafe { store_unchecked::<S>(deltas, at, value) };
                },
            );
        }
    }

    /// Adds B X Bᵀ to the gradient of the input, X being the sums of some tiles,
    /// `[places, tiles, channels]`.
    #[inline(always)]
    fn add_patches<S: Simd>(
        &self,
        simd: S,
        tiles: Range<usize>,
        patches: &[f32],
        gradient: &mut [f32],
        edge: &mut [f32],
    ) {
        let (picture, stride) = (self.input_picture(), self.patch_stride());
        for (number, tile) in tiles.enumerate() {
            let square = self.tiles.patch(self.tiles.tile(tile));
            let pixels = if picture.in_place() {
                picture.writable::<6>(&square, gradient, edge)
            } else {
                edge[..PLACES * self.channels].fill(0.0);
                alone(edge, self.channels)
            };
            for channel in (0..self.channels).step_by(S::F32_LANES) {
                let from = number * self.channels + channel;
                both_sides::<S, PatchGradient, 6, 6>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        let at = (row * 6 + column) * stride + from;
                        // SAFETY: the block has room for `block` tiles at each place.
                        unsafe { load_unchecked::<S>(patches, at) }
                    },
                    #[inline(always)]
                    |row, column, value| {
                        let pixel = pixels[row][column];
                        // SAFETY: the pixels have `channels` elements.
                        unsafe {
                            let sum = simd.add_f32s(load_at::<S>(pixel, channel), value);
                            store_at::<S>(pixel, channel, sum);
                        }
                    },
                );
            }
            if !picture.in_place() {
                picture.scatter_add(&square, 6, edge, gradient);
            }
        }
    }
}
