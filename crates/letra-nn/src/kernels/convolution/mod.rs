//! Convolution with its tail (bias, ReLU, max pooling) in one call, and its gradients.

mod few;
mod general;
pub mod geometry;
mod instructions;
mod product;
mod tail;
mod vector;
mod winograd;

pub use geometry::{Geometry, Padding2, Pool};

use few::Few;
use general::General;
use instructions::Instructions;
use tail::Tail;
use winograd::Winograd;

/// A convolution with its tail, planned once for a shape.
///
/// Forward (cross-correlation, as every framework has it), for one sample, with s the stride and
/// p the padding (top and left); x is 0 outside of the picture:
///
/// z\[i, j, f\] = b\[f\] + Σ over u, v, c of x\[i·s₀ + u − p₀, j·s₁ + v − p₁, c\] · w\[u, v, c, f\]
///
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
    tail: Tail,
    general: General,
    algorithm: Algorithm,
    instructions: Instructions,
}

#[derive(Clone, Debug)]
enum Algorithm {
    General,
    Few(Box<Few>),
    Winograd(Box<Winograd>),
}

impl Convolution {
    /// Plans a convolution; the algorithm follows from the shape alone.
    pub fn new(geometry: Geometry, relu: bool, pool: Option<Pool>) -> Self {
        Self::with_instructions(geometry, relu, pool, Instructions::detect())
    }

    /// Plans a convolution for an instruction set that the machine has.
    fn with_instructions(
        geometry: Geometry,
        relu: bool,
        pool: Option<Pool>,
        instructions: Instructions,
    ) -> Self {
        let few = Few::new(geometry, relu, pool, instructions);
        let winograd = Winograd::new(geometry, relu, pool, instructions);
        let algorithm = match (few, winograd) {
            (Some(few), _) => Algorithm::Few(Box::new(few)),
            (None, Some(winograd)) => Algorithm::Winograd(Box::new(winograd)),
            (None, None) => Algorithm::General,
        };
        Self {
            geometry,
            tail: Tail::new(&geometry, relu, pool),
            general: General::new(geometry),
            algorithm,
            instructions,
        }
    }

    /// The shape.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Elements of one output sample, after the tail.
    pub fn output_len(&self) -> usize {
        self.tail.output_len()
    }

    /// Elements of what [`prepare`](Self::prepare) writes.
    pub fn prepared_len(&self) -> usize {
        match &self.algorithm {
            Algorithm::General => 0,
            Algorithm::Few(few) => few.prepared_len(),
            Algorithm::Winograd(winograd) => winograd.prepared_len(),
        }
    }

    /// Brings the kernel into the form that the algorithm wants; to be called whenever it changed.
    pub fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        match &self.algorithm {
            Algorithm::General => {}
            Algorithm::Few(few) => few.prepare(kernel, prepared),
            Algorithm::Winograd(winograd) => winograd.prepare(kernel, prepared),
        }
    }

    /// Elements a sample that forward keeps for backward.
    pub fn keep_len(&self) -> usize {
        match &self.algorithm {
            Algorithm::General | Algorithm::Winograd(_) => self.tail.keep_len(),
            Algorithm::Few(few) => few.keep_len(),
        }
    }

    /// Elements of scratch space that forward and backward want for a number of samples.
    pub fn scratch_len(&self, samples: usize) -> usize {
        let general = self.general.scratch_len(samples) + self.tail.map_len(samples);
        match &self.algorithm {
            Algorithm::General => general,
            Algorithm::Few(few) => general.max(few.scratch_len()),
            Algorithm::Winograd(winograd) => winograd.scratch_len(),
        }
    }

    /// Output of some samples.
    ///
    /// `input` is `[samples, height, width, channels]`, `kernel`
    /// `[kernel[0], kernel[1], channels, filters]`, `prepared` what [`prepare`](Self::prepare) made
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
        if let Algorithm::Few(few) = &self.algorithm {
            return self.instructions.dispatch(few::Forward {
                few,
                samples,
                input,
                prepared,
                bias,
                output,
                keep,
                scratch,
            });
        }
        if let Algorithm::Winograd(winograd) = &self.algorithm {
            return self.instructions.dispatch(winograd::Forward {
                winograd,
                samples,
                input,
                prepared,
                bias,
                output,
                keep,
                scratch,
            });
        }
        if self.tail.pools() {
            let (map, scratch) = scratch.split_at_mut(self.tail.map_len(samples));
            self.general.forward(samples, input, kernel, map, scratch);
            self.tail.activate(samples, map, bias);
            self.tail.pool(samples, map, output, keep);
        } else {
            self.general
                .forward(samples, input, kernel, output, scratch);
            self.tail.activate(samples, output, bias);
        }
    }

    /// Gradients of some samples.
    ///
    /// The slices of [`forward`](Self::forward) with what it wrote; `output_gradient`
    /// `[samples, output_len]`, which is overwritten: without a pool it holds on return the
    /// gradient at z. Adds to `kernel_gradient` and `bias_gradient`, overwrites `input_gradient`
    /// `[samples, height, width, channels]`.
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
        kernel_gradient: &mut [f32],
        bias_gradient: Option<&mut [f32]>,
        scratch: &mut [f32],
    ) {
        let _ = prepared;
        if let Algorithm::Few(few) = &self.algorithm {
            if !self.tail.pools() {
                self.tail.mask(samples, output, output_gradient);
            }
            self.instructions.dispatch(few::Backward {
                few,
                samples,
                input,
                output_gradient,
                keep,
                kernel_gradient,
                bias_gradient,
                scratch,
            });
            if let Some(input_gradient) = input_gradient {
                let (map, scratch) = scratch.split_at_mut(self.tail.map_len(samples));
                let gradient = if self.tail.pools() {
                    few.unpool(samples, output_gradient, keep, map);
                    &*map
                } else {
                    output_gradient
                };
                self.general
                    .input_gradient(samples, kernel, gradient, input_gradient, scratch);
            }
            return;
        }
        self.tail.mask(samples, output, output_gradient);
        if let Some(bias_gradient) = bias_gradient {
            self.tail
                .add_bias_gradient(samples, output_gradient, bias_gradient);
        }
        if let Algorithm::Winograd(winograd) = &self.algorithm {
            return self.instructions.dispatch(winograd::Backward {
                winograd,
                samples,
                input,
                prepared,
                output_gradient,
                keep,
                input_gradient,
                kernel_gradient,
                scratch,
            });
        }
        let (map, scratch) = scratch.split_at_mut(self.tail.map_len(samples));
        let gradient = if self.tail.pools() {
            self.tail.unpool(samples, output_gradient, keep, map);
            map
        } else {
            output_gradient
        };
        let general = &self.general;
        general.add_kernel_gradient(samples, input, gradient, kernel_gradient, scratch);
        if let Some(input_gradient) = input_gradient {
            general.input_gradient(samples, kernel, gradient, input_gradient, scratch);
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
