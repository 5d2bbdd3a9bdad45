//! What tells one recurrent layer from another.

use std::fmt::Debug;

use super::arrays::{Arrays, Kernel, Sizes, StateGradients};
use crate::kernels::dense::bias_gradient;
use crate::kernels::recurrent::Recurrence;

/// What a step does to the states.
pub(crate) trait Cell: Debug + Clone + Send + Sync + 'static {
    /// Columns of the kernel for a unit.
    const GATES: usize;
    /// Number of states.
    const STATES: usize;
    /// Numbers a unit and step that forward leaves for backward, beside states: of gates, and others.
    const LEFT: [usize; 2];

    /// Numbers of the recurrent kernel as the passes read it.
    fn prepared(&self, units: usize) -> usize;

    /// Brings it into that form.
    fn prepare(&self, units: usize, kernel: &[f32], prepared: &mut [f32]);

    /// All steps, whose input's products stand where [`products`](super::products) says.
    fn forward(&self, recurrence: Recurrence<'_>, kernel: Kernel<'_>, arrays: &mut Arrays<'_>);

    /// All steps back: from the gradients of the states to those at the gates' pre-activations, where
    /// [`products`](super::products) says.
    fn backward(
        &self,
        recurrence: Recurrence<'_>,
        kernel: Kernel<'_>,
        arrays: &mut Arrays<'_>,
        gradients: &mut StateGradients<'_>,
    );

    /// Adds to the gradients of the recurrent kernel and of the bias, before those of the kernel.
    fn recurrent_gradients(
        &self,
        sizes: Sizes<'_>,
        arrays: &mut Arrays<'_>,
        deltas: Option<&[f32]>,
        [recurrent, bias]: [Option<&mut [f32]>; 2],
    ) {
        let deltas = deltas.unwrap_or(arrays.gates);
        if let Some(gradient) = recurrent {
            let width = Self::GATES * sizes.units;
            sizes.recurrent_kernel(arrays.read_states(), (deltas, width), (width, gradient));
        }
        if let Some(gradient) = bias {
            let rows = sizes.steps.rows();
            bias_gradient(
                rows,
                gradient.len(),
                &deltas[..rows * gradient.len()],
                gradient,
            );
        }
    }
}
