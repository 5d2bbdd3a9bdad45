//! Convolution of many channels with 3×3 kernels, stride 1, by minimal filtering (Lavin & Gray 2016,
//! "Fast algorithms for convolutional neural networks", F(4×4, 3×3)).
//!
//! A tile of 4×4 outputs y sees a patch d of 6×6 inputs. With w a kernel,
//!
//! y = Aᵀ \[ Σ over channels of (Bᵀ d B) ∘ (G w Gᵀ) \] A,
//!
//! where ∘ multiplies element by element: 36 products in place of 144. For each of the 36 places
//! the sum over channels is a matrix product, `[tiles, channels] · [channels, filters]`. The
//! gradients are the same steps transposed, on the same tiles: with δ the gradient of a tile and
//! D = A δ Aᵀ, the patch's gradient is B \[ Σ over filters of D ∘ (G w Gᵀ) \] Bᵀ, and the kernel's
//! is Gᵀ \[ Σ over tiles of (Bᵀ d B) ∘ D \] G.

mod backward;
mod forward;
mod tiles;
mod transform;
mod weights;

use crate::buffer::{LINE, before_line};

use super::algorithm::{Algorithm, Backward, Forward};
use super::tail::Tail;
use super::{Geometry, Pool};
use crate::simd::Instructions;
use backward::Gradients;
use forward::Outputs;
use tiles::Tiles;
use weights::Transform;

/// Places of a transformed tile.
const PLACES: usize = 36;

/// Elements of the transformed patches and tiles of one block: they are to stay in the L2 cache.
const BLOCK: usize = 128 * 1024;

/// Space between the places of a block, so that they do not fall on the same lines of the cache.
const GAP: usize = LINE;

/// The algorithm for 3×3 kernels.
#[derive(Clone, Debug)]
pub(super) struct Winograd {
    geometry: Geometry,
    tiles: Tiles,
    tail: Tail,
    relu: bool,
    pooled: bool,
    /// Channels and filters rounded up to whole vectors.
    channels: usize,
    filters: usize,
    /// Tiles that are transformed together.
    block: usize,
    instructions: Instructions,
}

impl Winograd {
    /// The plan, if the shape is one for this algorithm.
    pub(super) fn new(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Option<Self> {
        let suits = geometry.kernel == [3, 3]
            && geometry.stride == [1, 1]
            && geometry.dilation == [1, 1]
            && geometry.channels >= 8
            && geometry.filters >= 8
            && geometry.output_height().min(geometry.output_width()) >= 4
            && pool.is_none_or(|pool| (pool.height, pool.width) == (2, 2));
        let channels = geometry.channels.next_multiple_of(instructions.lanes());
        let filters = geometry.filters.next_multiple_of(instructions.lanes());
        let block = (BLOCK / PLACES / (channels + filters)).max(6);
        suits.then(|| Self {
            geometry,
            tiles: Tiles::new(geometry),
            tail: Tail::new(&geometry, relu, pool),
            relu,
            pooled: pool.is_some(),
            channels,
            filters,
            block,
            instructions,
        })
    }
}

impl Algorithm for Winograd {
    fn prepared_len(&self) -> usize {
        let turned = PLACES * self.geometry.filters * self.channels;
        self.forward_len() + turned + self.geometry.kernel_len()
    }

    /// The transformed kernel as `[places, channels, filters]` and, after it, as
    /// `[places, filters, channels]`, the last dimension of each filled up to whole vectors with
    /// zeros. Last, the kernel itself with channels and filters swapped.
    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        self.instructions.dispatch(Transform {
            winograd: self,
            kernel,
            prepared,
        });
    }

    fn keep_len(&self) -> usize {
        self.tail.keep_len()
    }

    fn scratch_len(&self, _: usize) -> usize {
        let edge = PLACES * (self.channels + self.filters);
        LINE + self.patches_len() + self.sums_len() + self.forward_len() + edge
    }

    fn forward(&self, mut pass: Forward<'_>) {
        pass.scratch = align(pass.scratch);
        self.instructions.dispatch(Outputs {
            winograd: self,
            pass,
        });
    }

    fn backward(&self, mut pass: Backward<'_>) {
        let bias_gradient = pass.bias_gradient.take();
        self.tail
            .mask_and_add_bias(pass.output, pass.output_gradient, bias_gradient);
        pass.scratch = align(pass.scratch);
        self.instructions.dispatch(Gradients {
            winograd: self,
            pass,
        });
    }
}

/// The slice from its first whole cache line on.
fn align(values: &mut [f32]) -> &mut [f32] {
    let before = before_line(values);
    &mut values[before..]
}

impl Winograd {
    /// Elements of the transformed kernel, `[places, channels, filters]`.
    fn forward_len(&self) -> usize {
        PLACES * self.geometry.channels * self.filters
    }

    /// Elements of the transformed patches of a block, `[places, tiles, channels]`.
    fn patches_len(&self) -> usize {
        PLACES * self.patch_stride()
    }

    /// Distance of two places of the transformed patches.
    fn patch_stride(&self) -> usize {
        self.block * self.channels + GAP
    }

    /// Elements of the transformed tiles of a block, `[places, tiles, filters]`.
    fn sums_len(&self) -> usize {
        PLACES * self.sum_stride()
    }

    /// Distance of two places of the transformed tiles.
    fn sum_stride(&self) -> usize {
        self.block * self.filters + GAP
    }
}
