use super::{Arrays, Cell, Kernel, StateGradients};
use crate::kernels::recurrent::panels::Panels;
use crate::kernels::recurrent::{Recurrence, simple_rnn};

/// The simple recurrent layer: see [`crate::kernels::recurrent::simple_rnn`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct SimpleRnn;

impl Cell for SimpleRnn {
    const GATES: usize = 1;
    const STATES: usize = 1;
    const LEFT: [usize; 2] = [0, 0];

    fn prepared(&self, units: usize) -> usize {
        2 * Panels::new(units, 1, units).packed()
    }

    fn prepare(&self, units: usize, kernel: &[f32], prepared: &mut [f32]) {
        let panels = Panels::new(units, 1, units);
        let (forward, backward) = prepared.split_at_mut(panels.packed());
        panels.pack(|row, column| kernel[row * units + column], forward);
        panels.pack(|row, column| kernel[column * units + row], backward);
    }

    fn forward(&self, recurrence: Recurrence<'_>, kernel: Kernel<'_>, arrays: &mut Arrays<'_>) {
        let packed = Panels::new(recurrence.units, 1, recurrence.units).packed();
        simple_rnn::forward(simple_rnn::Forward {
            recurrence,
            kernel: &kernel.prepared[..packed],
            bias: kernel.bias,
            hidden: arrays.states[0],
        });
    }

    fn backward(
        &self,
        recurrence: Recurrence<'_>,
        kernel: Kernel<'_>,
        arrays: &mut Arrays<'_>,
        gradients: &mut StateGradients<'_>,
    ) {
        let packed = Panels::new(recurrence.units, 1, recurrence.units).packed();
        simple_rnn::backward(simple_rnn::Backward {
            recurrence,
            kernel: &kernel.prepared[packed..],
            hidden: arrays.states[0],
            hidden_gradient: gradients.first,
        });
    }
}
