//! Gradients of the 3×3 convolution.

use super::forward::Patches;
use super::tiles::Layout;
use super::transform::{PatchGradient, TileGradient, both_sides};
use super::{Backward, PLACES, Winograd};
use crate::kernels::convolution::product::{Product, Spaced, Start};
use crate::kernels::convolution::vector::{load_unchecked, store_unchecked};
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
        if S::IS_SCALAR {
            unreachable!("planned for vectors only");
        }
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
        let (picture, filters, stride) = (self.output_picture(), self.filters, self.sum_stride());
        let side = if self.pooled { 2 } else { 4 };
        let (edge, edge_codes) = edge.split_at_mut(side * side * filters);
        for (number, tile) in tiles.enumerate() {
            let tile = self.tiles.tile(tile);
            let square = if self.pooled {
                self.tiles.pooled(tile)
            } else {
                self.tiles.outputs(tile)
            };
            let (gradient, codes, layout) = if let Some(layout) = picture.direct(&square) {
                (gradient, keep, layout)
            } else {
                picture.gather(&square, side, gradient, edge);
                if self.pooled {
                    picture.gather(&square, side, keep, edge_codes);
                }
                (&*edge, &*edge_codes, Layout::alone(side, filters))
            };
            for filter in (0..filters).step_by(S::F32_LANES) {
                let to = number * filters + filter;
                both_sides::<S, TileGradient, 4, 6>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        if !self.pooled {
                            let at = layout.at(row, column) + filter;
                            // SAFETY: the square lies within the gradient, or fills the edge.
                            return unsafe { load_unchecked::<S>(gradient, at) };
                        }
                        let at = layout.at(row / 2, column / 2) + filter;
                        // SAFETY: as above; there are as many codes as gradients.
                        let (gradient, code) = unsafe {
                            (
                                load_unchecked::<S>(gradient, at),
                                load_unchecked::<S>(codes, at),
                            )
                        };
                        let cell = simd.splat_f32s((row % 2 * 2 + column % 2) as f32);
                        let won = simd.equal_f32s(code, cell);
                        simd.select_f32s(won, gradient, simd.splat_f32s(0.0))
                    },
                    #[inline(always)]
                    |row, column, value| {
                        let at = (row * 6 + column) * stride + to;
                        // SAFETY: the block has room for `block` tiles at each place.
                        unsafe { store_unchecked::<S>(deltas, at, value) };
                    },
                );
            }
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
            let direct = picture.direct(&square);
            let layout = direct.unwrap_or(Layout::alone(6, self.channels));
            let target = if direct.is_some() {
                &mut *gradient
            } else {
                edge[..PLACES * self.channels].fill(0.0);
                &mut *edge
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
                        let at = layout.at(row, column) + channel;
                        // SAFETY: the square lies within the gradient, or fills the edge.
                        unsafe {
                            let sum = simd.add_f32s(load_unchecked::<S>(target, at), value);
                            store_unchecked::<S>(target, at, sum);
                        }
                    },
                );
            }
            if direct.is_none() {
                picture.scatter_add(&square, 6, edge, gradient);
            }
        }
    }
}
