//! Convolution of few channels with few filters, stride 1, vectorised over output positions, with
//! bias, ReLU and 2×2 pooling in the same pass.
//!
//! The padded picture is split into planes: without a pool one a channel, with a pool four, one
//! for each parity of row and column (space to depth; Shi et al. 2016, "Real-time single image and
//! video super-resolution using an efficient sub-pixel convolutional neural network", run
//! backwards). The pooled positions, flattened with the planes' row stride, are the lanes: what any
//! of the four cells of a window multiplies with any tap of the kernel is one load at a constant
//! distance, and the pool is a maximum of four accumulators. The full map is never written.

mod backward;
mod forward;
mod planes;
mod windows;

use super::algorithm::{Algorithm, Backward, Forward};
use super::general::General;
use super::tail::Tail;
use super::{Geometry, Pool};
use crate::reduce::is_finite;
use crate::simd::{Instructions, LANES};
use backward::Gradients;
use forward::Outputs;
use planes::Planes;
use pulp::Scalar;
use windows::{Ink, Windows};

/// Filters are laid out in groups of this size.
const GROUP: usize = 4;

/// Most filters that the algorithm takes.
const MOST_FILTERS: usize = 8;

/// The algorithm for few channels and few filters.
#[derive(Clone, Debug)]
pub(super) struct FewChannels {
    geometry: Geometry,
    relu: bool,
    pooled: bool,
    planes: Planes,
    /// Filters rounded up to whole groups.
    filters: usize,
    tail: Tail,
    /// For pictures that are mostly blank, under a pool.
    windows: Option<Windows>,
    /// For the gradient of the input.
    general: General,
    instructions: Instructions,
}

impl FewChannels {
    /// The plan, if the shape is one for this algorithm.
    pub(super) fn new(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Option<Self> {
        let pooled = pool.is_some();
        let suits = geometry.stride == [1, 1]
            && geometry.dilation == [1, 1]
            && matches!(geometry.kernel[1], 3 | 5)
            && geometry.channels <= 4
            && geometry.filters <= MOST_FILTERS
            && pool.is_none_or(|pool| (pool.height, pool.width) == (2, 2))
            && geometry.pooled_len(pool) > 0;
        suits.then(|| Self {
            geometry,
            relu,
            pooled,
            planes: Planes::new(&geometry, pooled),
            filters: geometry.filters.next_multiple_of(GROUP),
            tail: Tail::new(&geometry, relu, pool),
            windows: pool.and_then(|_| Windows::new(&geometry)),
            general: General::new(geometry, relu, pool),
            instructions,
        })
    }
}

impl Algorithm for FewChannels {
    fn prepared_len(&self) -> usize {
        self.weights_len() + self.windows.as_ref().map_or(0, Windows::weights_len)
    }

    /// The kernel as `[groups, rows, channels, columns, GROUP]`, with zeros for missing filters; and
    /// as the windows want it.
    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        let (prepared, rest) = prepared.split_at_mut(self.weights_len());
        if let Some(windows) = &self.windows {
            windows.prepare(kernel, rest);
        }
        let Geometry {
            channels, filters, ..
        } = self.geometry;
        let [rows, columns] = self.geometry.kernel;
        let mut prepared = prepared.as_chunks_mut::<GROUP>().0.iter_mut();
        for group in (0..filters).step_by(GROUP) {
            let used = GROUP.min(filters - group);
            for (row, channel) in (0..rows).flat_map(|u| (0..channels).map(move |c| (u, c))) {
                for (column, prepared) in prepared.by_ref().take(columns).enumerate() {
                    let tap = (row * columns + column) * channels + channel;
                    prepared.fill(0.0);
                    prepared[..used].copy_from_slice(&kernel[tap * filters + group..][..used]);
                }
            }
        }
    }

    /// With a pool, the winning cell of each filter and lane; of a picture that is mostly blank, of
    /// each window and filter.
    fn keep_len(&self) -> usize {
        if self.pooled {
            self.filters * self.planes.lanes
        } else {
            0
        }
    }

    fn scratch_len(&self, samples: usize) -> usize {
        let gradients = self.filters + self.planes.cells() * backward::FILTERS;
        let sums = self.weights_len() * LANES;
        let own = self.planes.len() + gradients * self.planes.lanes + sums + self.windows_len();
        // For the gradient of the input: the padded picture is done with before the patches begin.
        let padded = self.windows.as_ref().map_or(0, Windows::padded_len);
        let behind_map = self.general.patches_len(samples).max(padded);
        own.max(self.tail.map_len(samples) + behind_map)
    }

    fn forward(&self, pass: Forward<'_>) {
        self.instructions.dispatch(Outputs { few: self, pass });
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let mut bias_gradient = pass.bias_gradient.take();
        let sums = bias_gradient.as_deref_mut();
        self.tail
            .mask_and_add_bias(pass.output, pass.output_gradient, sums);
        if pass.kernel_gradient.is_some() {
            // A sum of what is not finite is not finite.
            let is_finite =
                bias_gradient.is_some_and(|sums| sums.iter().all(|sum| sum.is_finite()));
            self.instructions.dispatch(Gradients {
                few: self,
                pass: &mut pass,
                is_finite,
            });
        }
        if let Some(input_gradient) = pass.input_gradient {
            let Backward {
                samples,
                kernel,
                output_gradient,
                ..
            } = pass;
            let (map, scratch) = pass.scratch.split_at_mut(self.tail.map_len(samples));
            let gradient = if self.pooled {
                let windows = self.windows(kernel);
                let padded = &mut scratch[..windows.map_or(0, Windows::padded_len)];
                self.unpool(windows, pass.input, output_gradient, pass.keep, map, padded);
                map
            } else {
                output_gradient
            };
            self.general
                .input_gradient(samples, kernel, gradient, input_gradient, scratch);
        }
    }
}

impl FewChannels {
    /// Elements of the kernel as prepared for the planes.
    fn weights_len(&self) -> usize {
        self.geometry.patch_len() * self.filters
    }

    /// Elements of scratch space for the windows.
    fn windows_len(&self) -> usize {
        self.windows.as_ref().map_or(0, |windows| {
            windows.padded_len() + windows.deltas_len() + windows.weights_len()
        })
    }

    /// The windows, if skipping those that see no ink hides nothing.
    fn windows(&self, kernel: &[f32]) -> Option<&Windows> {
        self.windows.as_ref().filter(|_| is_finite(kernel))
    }

    /// δ as a map, channels last, from the gradient after the pool.
    fn unpool(
        &self,
        windows: Option<&Windows>,
        input: &[f32],
        gradient: &[f32],
        keep: &[f32],
        map: &mut [f32],
        padded: &mut [f32],
    ) {
        let Planes {
            stride,
            columns,
            rows,
            lanes,
            ..
        } = self.planes;
        let (filters, width) = (self.geometry.filters, self.geometry.output_width());
        let map_len = self.geometry.output_len();
        map.fill(0.0);
        padded.fill(0.0);
        let mut ink = Ink::default();
        let mut gradient = gradient.iter();
        for (sample, input) in input.chunks_exact(self.geometry.input_len()).enumerate() {
            let mut blank = |windows: &Windows| windows.find::<Scalar>(input, padded, &mut ink);
            let blank = windows.is_some_and(&mut blank);
            let codes = &keep[sample * self.keep_len()..];
            let map = &mut map[sample * map_len..];
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                for (filter, &gradient) in gradient.by_ref().take(filters).enumerate() {
                    let code = match blank {
                        true => codes[(y * columns + x) * filters + filter],
                        false => codes[filter * lanes + y * stride + x],
                    };
                    let (row, column) = (2 * y + code as usize / 2, 2 * x + code as usize % 2);
                    map[(row * width + column) * filters + filter] = gradient;
                }
            }
        }
    }
}
