//! Forward of the 3×3 convolution.

use super::tiles::{Layout, Picture};
use super::transform::{Patch, Tile, both_sides};
use super::{Forward, PLACES, Winograd};
use crate::kernels::convolution::product::{Product, Spaced, Start};
use crate::kernels::convolution::vector::{load_unchecked, relu, store, store_unchecked};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// The outputs of some samples.
pub(super) struct Outputs<'a> {
    pub(super) winograd: &'a Winograd,
    pub(super) pass: Forward<'a>,
}

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::IS_SCALAR {
            unreachable!("planned for vectors only");
        }
        let (winograd, mut pass) = (self.winograd, self.pass);
        let (patches, rest) = pass.scratch.split_at_mut(winograd.patches_len());
        let (sums, edge) = rest.split_at_mut(winograd.sums_len());
        for tiles in winograd.blocks(pass.samples) {
            simd.vectorize(Patches {
                winograd,
                tiles: tiles.clone(),
                input: pass.input,
                patches,
                edge,
            });
            for place in 0..PLACES {
                let channels = winograd.geometry.channels;
                simd.vectorize(Product {
                    left: &patches[place * winograd.patch_stride()..],
                    rows: Spaced {
                        count: tiles.len(),
                        step: winograd.channels,
                    },
                    depth: Spaced {
                        count: channels,
                        step: 1,
                    },
                    columns: winograd.filters,
                    right: &pass.prepared[place * channels * winograd.filters..],
                    destination: &mut sums[place * winograd.sum_stride()..],
                    start: Start::Zero,
                    relu: false,
                });
            }
            let outputs = TileOutputs {
                winograd,
                bias: pass.bias,
                sums,
                edge,
                output: pass.output,
                keep: pass.keep.as_deref_mut(),
            };
            outputs.write(simd, tiles);
        }
    }
}

impl Winograd {
    /// The tiles of some samples by number, a block at a time.
    pub(super) fn blocks(&self, samples: usize) -> impl Iterator<Item = Range<usize>> {
        let (block, tiles) = (self.block, samples * self.tiles.count());
        let starts = (0..tiles).step_by(block);
        starts.map(move |start| start..(start + block).min(tiles))
    }

    pub(super) fn input_picture(&self) -> Picture {
        Picture {
            width: self.geometry.width,
            channels: self.geometry.channels,
            padded: self.channels,
        }
    }

    pub(super) fn output_picture(&self) -> Picture {
        let parts = if self.pooled { 2 } else { 1 };
        Picture {
            width: self.geometry.output_width() / parts,
            channels: self.geometry.filters,
            padded: self.filters,
        }
    }
}

/// Bᵀ d B of the patches of some tiles, to `[places, tiles, channels]`.
pub(super) struct Patches<'a> {
    pub(super) winograd: &'a Winograd,
    pub(super) tiles: Range<usize>,
    pub(super) input: &'a [f32],
    pub(super) patches: &'a mut [f32],
    pub(super) edge: &'a mut [f32],
}

impl WithSimd for Patches<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let winograd = self.winograd;
        let (picture, stride) = (winograd.input_picture(), winograd.patch_stride());
        for (number, tile) in self.tiles.enumerate() {
            let square = winograd.tiles.patch(winograd.tiles.tile(tile));
            let (source, layout) = if let Some(layout) = picture.direct(&square) {
                (self.input, layout)
            } else {
                picture.gather(&square, 6, self.input, self.edge);
                (&*self.edge, Layout::alone(6, winograd.channels))
            };
            for channel in (0..winograd.channels).step_by(S::F32_LANES) {
                let to = number * winograd.channels + channel;
                both_sides::<S, Patch, 6, 6>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        let at = layout.at(row, column) + channel;
                        // SAFETY: the square lies within the input, or fills the edge.
                        unsafe { load_unchecked::<S>(source, at) }
                    },
                    #[inline(always)]
                    |row, column, value| {
                        let at = (row * 6 + column) * stride + to;
                        // SAFETY: the block has room for `block` tiles at each place.
                        unsafe { store_unchecked::<S>(self.patches, at, value) };
                    },
                );
            }
        }
    }
}

/// Writes the outputs of some tiles from their sums.
struct TileOutputs<'a> {
    winograd: &'a Winograd,
    bias: Option<&'a [f32]>,
    sums: &'a [f32],
    edge: &'a mut [f32],
    output: &'a mut [f32],
    keep: Option<&'a mut [f32]>,
}

impl TileOutputs<'_> {
    #[inline(always)]
    fn write<S: Simd>(mut self, simd: S, tiles: Range<usize>) {
        let winograd = self.winograd;
        let (picture, filters) = (winograd.output_picture(), winograd.filters);
        let side = if winograd.pooled { 2 } else { 4 };
        let (edge, edge_codes) = self.edge.split_at_mut(side * side * filters);
        for (number, tile) in tiles.enumerate() {
            let tile = winograd.tiles.tile(tile);
            let square = if winograd.pooled {
                winograd.tiles.pooled(tile)
            } else {
                winograd.tiles.outputs(tile)
            };
            let direct = picture.direct(&square);
            let layout = direct.unwrap_or(Layout::alone(side, filters));
            let (values, mut codes) = if direct.is_some() {
                (&mut *self.output, self.keep.as_deref_mut())
            } else {
                (&mut *edge, Some(&mut *edge_codes))
            };
            for filter in (0..filters).step_by(S::F32_LANES) {
                let from = &self.sums[number * filters + filter..];
                let map = winograd.activated(simd, from, self.bias, filter);
                if winograd.pooled {
                    for window in 0..4 {
                        let (row, column) = (window / 2, window % 2);
                        let (best, code) = largest(simd, &map, 2 * row, 2 * column);
                        let at = layout.at(row, column) + filter;
                        store::<S>(values, at, best);
                        if let Some(codes) = codes.as_deref_mut() {
                            store::<S>(codes, at, code);
                        }
                    }
                } else {
                    for (row, map) in map.iter().enumerate() {
                        for (column, &value) in map.iter().enumerate() {
                            store::<S>(values, layout.at(row, column) + filter, value);
                        }
                    }
                }
            }
            if direct.is_none() {
                picture.scatter(&square, side, edge, self.output);
                if let Some(keep) = self.keep.as_deref_mut().filter(|_| winograd.pooled) {
                    picture.scatter(&square, side, edge_codes, keep);
                }
            }
        }
    }
}

impl Winograd {
    /// The map of one tile behind bias and ReLU, for one vector of filters.
    #[inline(always)]
    fn activated<S: Simd>(
        &self,
        simd: S,
        sums: &[f32],
        bias: Option<&[f32]>,
        filter: usize,
    ) -> [[S::f32s; 4]; 4] {
        let bias = bias.map_or(simd.splat_f32s(0.0), |bias| {
            let end = bias.len().min(filter + S::F32_LANES);
            simd.partial_load_f32s(&bias[filter..end])
        });
        let mut map = [[bias; 4]; 4];
        both_sides::<S, Tile, 6, 4>(
            simd,
            #[inline(always)]
            |row, column| {
                let at = (row * 6 + column) * self.sum_stride();
                // SAFETY: the block has room for `block` tiles at each place.
                unsafe { load_unchecked::<S>(sums, at) }
            },
            #[inline(always)]
            |row, column, value| {
                let value = simd.add_f32s(value, bias);
                map[row][column] = if self.relu { relu(simd, value) } else { value };
            },
        );
        map
    }
}

/// The largest cell of a 2×2 window, the first of equals in row-major order, and its number.
#[inline(always)]
fn largest<S: Simd>(
    simd: S,
    map: &[[S::f32s; 4]; 4],
    row: usize,
    column: usize,
) -> (S::f32s, S::f32s) {
    let (mut best, mut code) = (map[row][column], simd.splat_f32s(0.0));
    for cell in 1..4 {
        let value = map[row + cell / 2][column + cell % 2];
        let wins = simd.less_than_f32s(best, value);
        best = simd.select_f32s(wins, value, best);
        code = simd.select_f32s(wins, simd.splat_f32s(cell as f32), code);
    }
    (best, code)
}
