use super::{Arrays, Cell, Kernel, StateGradients};
use crate::kernels::recurrent::Recurrence;
use crate::kernels::recurrent::lstm::{self, GATES};
use crate::kernels::recurrent::panels::Panels;

/// Long short-term memory: see [`crate::kernels::recurrent::lstm`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lstm;

impl Cell for Lstm {
    const GATES: usize = GATES;
    const STATES: usize = 2;
    const LEFT: [usize; 2] = [GATES, 1];

    fn prepared(&self, units: usize) -> usize {
        Panels::new(units, GATES, units).packed() + Panels::new(GATES * units, 1, units).packed()
    }

    fn prepare(&self, units: usize, kernel: &[f32], prepared: &mut [f32]) {
        let width = GATES * units;
        let panels = Panels::new(units, GATES, units);
        let (forward, backward) = prepared.split_at_mut(panels.packed());
        panels.pack(|row, column| kernel[row * width + column], forward);
        let transpose = |row: usize, column: usize| kernel[column * width + row];
        Panels::new(width, 1, units).pack(transpose, backward);
    }

    fn forward(&self, recurrence: Recurrence<'_>, kernel: Kernel<'_>, arrays: &mut Arrays<'_>) {
        let packed = Panels::new(recurrence.units, GATES, recurrence.units).packed();
        let [hidden, cell] = &mut arrays.states;
        lstm::forward(lstm::Forward {
            recurrence,
            kernel: &kernel.prepared[..packed],
            bias: kernel.bias,
            gates: arrays.gates,
            hidden,
            cell,
            squashed: arrays.inner,
        });
    }

    fn backward(
        &self,
        recurrence: Recurrence<'_>,
        kernel: Kernel<'_>,
        arrays: &mut Arrays<'_>,
        gradients: &mut StateGradients<'_>,
    ) {
        let packed = Panels::new(recurrence.units, GATES, recurrence.units).packed();
        lstm::backward(lstm::Backward {
            recurrence,
            kernel: &kernel.prepared[packed..],
            gates: arrays.gates,
            cell: arrays.states[1],
            squashed: arrays.inner,
            hidden_gradient: gradients.first,
            cell_gradient: gradients.second,
        });
    }
}
