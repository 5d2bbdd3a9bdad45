//! What an algorithm for convolutions offers.

use std::fmt::Debug;

/// Arguments of [`Convolution::forward`](super::Convolution::forward).
pub(super) struct Forward<'a> {
    pub(super) samples: usize,
    pub(super) input: &'a [f32],
    pub(super) kernel: &'a [f32],
    pub(super) prepared: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) output: &'a mut [f32],
    pub(super) keep: Option<&'a mut [f32]>,
    pub(super) scratch: &'a mut [f32],
}

/// Arguments of [`Convolution::backward`](super::Convolution::backward).
pub(super) struct Backward<'a> {
    pub(super) samples: usize,
    pub(super) input: &'a [f32],
    pub(super) kernel: &'a [f32],
    pub(super) prepared: &'a [f32],
    pub(super) output: &'a [f32],
    pub(super) output_gradient: &'a mut [f32],
    pub(super) keep: &'a [f32],
    pub(super) input_gradient: Option<&'a mut [f32]>,
    pub(super) kernel_gradient: Option<&'a mut [f32]>,
    pub(super) bias_gradient: Option<&'a mut [f32]>,
    pub(super) scratch: &'a mut [f32],
}

/// A way to compute convolutions of one shape; the methods are those of
/// [`Convolution`](super::Convolution).
pub(super) trait Algorithm: Debug + Send + Sync {
    fn prepared_len(&self) -> usize;
    fn prepare(&self, kernel: &[f32], prepared: &mut [f32]);
    fn keep_len(&self) -> usize;
    fn scratch_len(&self, samples: usize) -> usize;
    fn forward(&self, pass: Forward<'_>);
    fn backward(&self, pass: Backward<'_>);
}

/// Scratch space cut into parts of these lengths.
pub(super) fn parts<const N: usize>(lens: [usize; N], mut scratch: &mut [f32]) -> [&mut [f32]; N] {
    lens.map(|length| {
        let (part, rest) = std::mem::take(&mut scratch).split_at_mut(length);
        scratch = rest;
        part
    })
}
