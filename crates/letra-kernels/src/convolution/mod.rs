//! Convolution with its tail (bias, ReLU, max pooling) in one call, and its gradients.

mod algorithm;
mod depthwise;
mod direct;
mod few_channels;
mod general;
pub mod geometry;
mod grouped;
mod padding;
mod product;
mod tail;
mod transposed;
mod vector;
mod winograd;

pub use geometry::{Geometry, Padding2, Pool};
pub use transposed::Transposed;

use algorithm::{Algorithm, Backward, Forward};
use depthwise::Depthwise;
use direct::Direct;
use few_channels::FewChannels;
use general::General;
use grouped::Grouped;
use std::sync::Arc;
use winograd::Winograd;

use crate::simd::Instructions;

pub(super) use vector::wins;

/// A convolution with its tail, planned once for a shape.
///
/// Forward (cross-correlation, as every framework has it), for one sample, with s the stride and
/// p the padding (top and left); x is 0 outside of the picture:
///
/// z\[i, j, f\] = b\[f\] + Σ over u, v, c of x\[i·s₀ + u − p₀, j·s₁ + v − p₁, c\] · w\[u, v, c, f\]
///
/// where u and v go in steps of the dilation, and c over the channels of the filter's group;
/// then ReLU (max(z, 0)) if wanted, then max pooling if wanted. Backward, with δ the gradient at z:
/// ∂b = Σ δ, ∂w\[u, v, c, f\] = Σ over i, j of x\[…\] · δ\[i, j, f\], and ∂x the correlation of δ with
/// the kernel turned by half a turn (LeCun et al. 1989, "Backpropagation applied to handwritten zip
/// code recognition"). Pooling passes δ to the first of the greatest cells in row-major order, and
/// the slope of ReLU at 0 is 0.
///
/// A call runs on one thread and allocates nothing; the order of its sums follows from the shape
/// and the number of samples alone.
#[derive(Clone, Debug)]
pub struct Convolution {
    geometry: Geometry,
    output_len: usize,
    algorithm: Arc<dyn Algorithm>,
}

impl Convolution {
    /// Plans a convolution; the algorithm follows from the shape alone.
    pub fn new(geometry: Geometry, relu: bool, pool: Option<Pool>) -> Self {
        Self::with_instructions(geometry, relu, pool, Instructions::chosen())
    }

    /// Plans a convolution for an instruction set that the machine has. The algorithm does not follow
    /// from it, nor do the bits.
    fn with_instructions(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Self {
        let choose = |geometry| choose(geometry, relu, pool, instructions);
        Self {
            geometry,
            output_len: geometry.pooled_len(pool),
            algorithm: match geometry.groups {
                1 => choose(geometry),
                _ => match Depthwise::new(geometry, relu, pool, instructions) {
                    Some(depthwise) => Arc::new(depthwise),
                    None => Arc::new(Grouped::new(geometry, pool, choose)),
                },
            },
        }
    }

    /// The shape.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Elements of one output sample, after the tail.
    pub fn output_len(&self) -> usize {
        self.output_len
    }

    /// Elements of what [`prepare`](Self::prepare) writes.
    pub fn prepared_len(&self) -> usize {
        self.algorithm.prepared_len()
    }

    /// Brings the kernel into the form that the algorithm wants; to be called whenever it changed.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        self.algorithm.prepare(kernel, prepared);
    }

    /// Elements a sample that forward keeps for backward.
    pub fn keep_len(&self) -> usize {
        self.algorithm.keep_len()
    }

    /// Elements of scratch space that forward and backward want for a number of samples.
    pub fn scratch_len(&self, samples: usize) -> usize {
        self.algorithm.scratch_len(samples)
    }

    /// Output of some samples.
    ///
    /// `input` is `[samples, height, width, channels]`, `kernel`
    /// `[kernel[0], kernel[1], channels / groups, filters]`, `prepared` what [`prepare`](Self::prepare) made
    /// of it, `bias` `[filters]`, `output` `[samples, output_len]`; `keep`, `[samples, keep_len]`,
    /// is wanted only if backward follows. `scratch` holds at least `scratch_len(samples)` elements
    /// of any value.
    ///
    /// # Panics
    /// If a slice is too short.
    #[expect(clippy::too_many_arguments, reason = "one slice a buffer of the plan")]
    pub fn forward(
        &self,
        samples: usize,
        input: &[f32],
        kernel: &[f32],
        prepared: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
        keep: Option<&mut [f32]>,
        scratch: &mut [f32],
    ) {
        self.algorithm.forward(Forward {
            samples,
            input: &input[..samples * self.geometry.input_len()],
            kernel,
            prepared,
            bias,
            output: &mut output[..samples * self.output_len],
            keep,
            scratch,
        });
    }

    /// Gradients of some samples.
    ///
    /// The slices of [`forward`](Self::forward) with what it wrote; `output_gradient`
    /// `[samples, output_len]`, which is overwritten: without a pool it holds on return the
    /// gradient at z. Adds to `kernel_gradient` and `bias_gradient`, overwrites `input_gradient`
    /// `[samples, height, width, channels]`. Without a `kernel_gradient`, as where the layer is
    /// frozen, `bias_gradient` is left alone, too.
    ///
    /// # Panics
    /// If a slice is too short.
    #[expect(clippy::too_many_arguments, reason = "one slice a buffer of the plan")]
    pub fn backward(
        &self,
        samples: usize,
        input: &[f32],
        kernel: &[f32],
        prepared: &[f32],
        output: &[f32],
        output_gradient: &mut [f32],
        keep: &[f32],
        input_gradient: Option<&mut [f32]>,
        kernel_gradient: Option<&mut [f32]>,
        bias_gradient: Option<&mut [f32]>,
        scratch: &mut [f32],
    ) {
        self.algorithm.backward(Backward {
            samples,
            input: &input[..samples * self.geometry.input_len()],
            kernel,
            prepared,
            output: &output[..samples * self.output_len],
            output_gradient: &mut output_gradient[..samples * self.output_len],
            keep,
            input_gradient: input_gradient
                .map(|gradient| &mut gradient[..samples * self.geometry.input_len()]),
            bias_gradient: bias_gradient.filter(|_| kernel_gradient.is_some()),
            kernel_gradient,
            scratch,
        });
    }
}

/// The algorithm for a shape without groups.
fn choose(
    geometry: Geometry,
    relu: bool,
    pool: Option<Pool>,
    instructions: Instructions,
) -> Arc<dyn Algorithm> {
    if let Some(few_channels) = FewChannels::new(geometry, relu, pool, instructions) {
        Arc::new(few_channels)
    } else if let Some(winograd) = Winograd::new(geometry, relu, pool, instructions) {
        Arc::new(winograd)
    } else if let Some(direct) = Direct::new(geometry, relu, pool, instructions) {
        Arc::new(direct)
    } else {
        Arc::new(General::new(geometry, relu, pool))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
