//! Forward of the 3×3 convolution.

use super::tiles::{Picture, Pixels, Square, alone};
use super::transform::{Patch, Tile, both_sides};
use super::{Forward, PLACES, Winograd};
use crate::convolution::product::{Product, Spaced, Start};
use crate::convolution::vector::{load_at, load_unchecked, relu, store_at, store_unchecked, wins};
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
        // What surrounds the picture.
        self.edge[..winograd.channels].fill(0.0);
        for (number, tile) in self.tiles.enumerate() {
            let square = winograd.tiles.patch(winograd.tiles.tile(tile));
            let pixels = if picture.in_place() {
                picture.readable::<6>(&square, self.input, self.edge)
            } else {
                picture.gather(&square, 6, self.input, self.edge);
                alone(self.edge, winograd.channels)
            };
            for channel in (0..winograd.channels).step_by(S::F32_LANES) {
                let to = number * winograd.channels + channel;
                both_sides::<S, Patch, 6, 6>(
                    simd,
                    #[inline(always)]
                    |row, column| {
                        // SAFETY: the pixels have `channels` elements.
                        unsafe { load_at::<S>(pixels[row][column], channel) }
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
        for (number, tile) in tiles.enumerate() {
            let tile = winograd.tiles.tile(tile);
            if winograd.pooled {
                let square = winograd.tiles.pooled(tile);
                self.write_tile::<S, 2>(simd, number, &square);
            } else {
                let square = winograd.tiles.outputs(tile);
                self.write_tile::<S, 4>(simd, number, &square);
            }
        }
    }

    /// Writes one tile: `SIDE` is 2 with a pool, else 4.
    #[inline(always)]
    fn write_tile<S: Simd, const SIDE: usize>(&mut self, simd: S, number: usize, square: &Square) {
        let winograd = self.winograd;
        let (picture, filters) = (winograd.output_picture(), winograd.filters);
        let (edge, edge_codes) = self.edge.split_at_mut(SIDE * SIDE * filters);
        let keep = self.keep.as_deref_mut().filter(|_| winograd.pooled);
        let pixels: Pixels<SIDE>;
        let codes: Option<Pixels<SIDE>>;
        if picture.in_place() {
            pixels = picture.writable(square, self.output, edge);
            codes = keep.map(|keep| picture.writable(square, keep, edge_codes));
        } else {
            pixels = alone(edge, filters);
            codes = keep.map(|_| alone(edge_codes, filters));
        }
        for filter in (0..filters).step_by(S::F32_LANES) {
            let from = &self.sums[number * filters + filter..];
            let map = winograd.activated(simd, from, self.bias, filter);
            for row in 0..SIDE {
                for column in 0..SIDE {
                    let (value, code) = if SIDE == 2 {
                        largest(simd, &map, 2 * row, 2 * column)
                    } else {
                        (map[row][column], simd.splat_f32s(0.0))
                    };
                    // SAFETY: the pixels have `filters` elements.
                    unsafe {
                        store_at::<S>(pixels[row][column], filter, value);
                        if let Some(codes) = &codes {
                            store_at::<S>(codes[row][column], filter, code);
                        }
                    }
                }
            }
        }
        if !picture.in_place() {
            picture.scatter(square, SIDE, edge, self.output);
            if let Some(keep) = self.keep.as_deref_mut().filter(|_| winograd.pooled) {
                picture.scatter(square, SIDE, edge_codes, keep);
            }
        }
    }
}

impl Winograd {
    /// The map of one tile after bias and ReLU, for one vector of filters.
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

/// The largest cell of a 2×2 window, the first of equals in row-major order, or one that is no number,
/// and its number.
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
        let wins = wins(simd, value, best);
        best = simd.select_f32s(wins, value, best);
        code = simd.select_f32s(wins, simd.splat_f32s(cell as f32), code);
    }
    (best, code)
}
