//! Transposed convolution: the gradient of the input of a convolution as a layer of its own.

use super::Geometry;
use super::algorithm::{Algorithm, Backward, Forward};
use super::direct::Direct;
use super::general::General;
use super::tail::Tail;
use crate::simd::Instructions;

/// A transposed convolution, planned once for a shape.
///
/// It takes the way back through a convolution (Dumoulin and Visin 2016, "A guide to convolution
/// arithmetic for deep learning", chapter 4): the convolution's output is the input here, its
/// `channels` are the filters, and its gradient of the input is the output. So the gradient of
/// the input here is the convolution itself, and the kernel's gradient is that of the
/// convolution with input and gradient in each other's place.
#[derive(Clone, Debug)]
pub struct Transposed {
    geometry: Geometry,
    /// The convolution, where it goes in steps and suits this algorithm.
    direct: Option<Direct>,
    general: General,
    tail: Tail,
}

impl Transposed {
    /// Plans the way back through a convolution of the given shape, without groups or dilation.
    pub fn new(geometry: Geometry) -> Self {
        let cells = Geometry {
            filters: geometry.channels,
            ..geometry
        };
        let direct = Direct::new(geometry, false, None, Instructions::chosen());
        Self {
            geometry,
            direct: direct.filter(|direct| direct.phases().is_some()),
            general: General::new(geometry, false, None),
            tail: Tail::new(&cells, false, None),
        }
    }

    /// Elements of what [`prepare`](Self::prepare) writes.
    pub fn prepared_len(&self) -> usize {
        self.direct.as_ref().map_or(0, Direct::prepared_len)
    }

    /// Brings the kernel into the form that the algorithm wants; to be called whenever it changed.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn prepare(&self, kernel: &[f32], prepared: &mut [f32]) {
        if let Some(direct) = &self.direct {
            direct.prepare(kernel, prepared);
        }
    }

    /// Elements of scratch space that forward and backward want for a number of samples.
    pub fn scratch_len(&self, samples: usize) -> usize {
        match &self.direct {
            Some(direct) => samples * self.geometry.output_len() + direct.scratch_len(samples),
            None => self.general.patches_len(samples),
        }
    }

    /// Output `[samples, height, width, channels]` of some samples.
    ///
    /// `input` is `[samples, output_height, output_width, filters]`, `kernel`
    /// `[kernel[0], kernel[1], channels, filters]`, `prepared` what [`prepare`](Self::prepare) made of it,
    /// `bias` `[channels]`; all sizes are those of the convolution.
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
        scratch: &mut [f32],
    ) {
        let output = &mut output[..samples * self.geometry.input_len()];
        match &self.direct {
            Some(direct) => {
                let inputs = input.chunks_exact(self.geometry.output_len());
                let outputs = output.chunks_exact_mut(self.geometry.input_len());
                for (input, output) in inputs.zip(outputs) {
                    direct.input_gradient_by_phases(prepared, input, output, scratch);
                }
            }
            None => self
                .general
                .input_gradient(samples, kernel, input, output, scratch),
        }
        self.tail.activate(output, bias);
    }

    /// Gradients of some samples: the slices of [`forward`](Self::forward). Adds to
    /// `kernel_gradient` and `bias_gradient`, where they are given, overwrites `input_gradient`.
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
        output_gradient: &mut [f32],
        input_gradient: Option<&mut [f32]>,
        kernel_gradient: Option<&mut [f32]>,
        bias_gradient: Option<&mut [f32]>,
        scratch: &mut [f32],
    ) {
        let gradient = &mut output_gradient[..samples * self.geometry.input_len()];
        self.tail.mask_and_add_bias(&[], gradient, bias_gradient);
        let input = &input[..samples * self.geometry.output_len()];
        let Some(direct) = &self.direct else {
            let general = &self.general;
            if let Some(kernel_gradient) = kernel_gradient {
                general.add_kernel_gradient(samples, gradient, input, kernel_gradient, scratch);
            }
            if let Some(input_gradient) = input_gradient {
                general.convolve(samples, gradient, kernel, input_gradient, scratch);
            }
            return;
        };
        if kernel_gradient.is_some() {
            let (copy, scratch) = scratch.split_at_mut(input.len());
            copy.copy_from_slice(input);
            direct.backward(Backward {
                samples,
                input: gradient,
                kernel,
                prepared,
                // Without a ReLU it has no say.
                output: input,
                output_gradient: copy,
                keep: &[],
                input_gradient: None,
                kernel_gradient,
                bias_gradient: None,
                scratch,
            });
        }
        if let Some(input_gradient) = input_gradient {
            direct.forward(Forward {
                samples,
                input: gradient,
                kernel,
                prepared,
                bias: None,
                output: &mut input_gradient[..input.len()],
                keep: None,
                scratch,
            });
        }
    }
}
