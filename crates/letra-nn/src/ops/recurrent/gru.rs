use super::{Arrays, Cell, Kernel, Sizes, StateGradients};
use crate::kernels::dense::bias_gradient;
use crate::kernels::gemm::{Mat, MatMut, gemm};
use crate::kernels::recurrent::Recurrence;
use crate::kernels::recurrent::gru::{self, GATES, Reset};
use crate::kernels::recurrent::panels::Panels;

/// Gated recurrent units: see [`crate::kernels::recurrent::gru`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gru {
    pub(crate) reset: Reset,
}

/// Two neighbours.
fn split(values: &[f32], panels: [Panels; 2]) -> [&[f32]; 2] {
    let (front, back) = values.split_at(panels[0].packed());
    [front, &back[..panels[1].packed()]]
}

fn packed(panels: [Panels; 2]) -> usize {
    panels.iter().map(Panels::packed).sum()
}

impl Cell for Gru {
    const GATES: usize = GATES;
    const STATES: usize = 1;
    const LEFT: [usize; 2] = [GATES, 1];

    fn prepared(&self, units: usize) -> usize {
        packed(self.reset.panels(units)) + packed(self.reset.transposed_panels(units))
    }

    fn prepare(&self, units: usize, kernel: &[f32], prepared: &mut [f32]) {
        let width = GATES * units;
        let at = |row: usize, column: usize| kernel[row * width + column];
        let [panels, candidate] = self.reset.panels(units);
        let (forward, backward) = prepared.split_at_mut(packed([panels, candidate]));
        let (front, back) = forward.split_at_mut(panels.packed());
        panels.pack(at, front);
        candidate.pack(|row, column| at(row, 2 * units + column), back);
        let [panels, candidate] = self.reset.transposed_panels(units);
        let (front, back) = backward.split_at_mut(panels.packed());
        panels.pack(|row, column| at(column, row), front);
        candidate.pack(|row, column| at(column, 2 * units + row), back);
    }

    fn forward(&self, recurrence: Recurrence<'_>, kernel: Kernel<'_>, arrays: &mut Arrays<'_>) {
        let units = recurrence.units;
        gru::forward(gru::Forward {
            kernel: split(kernel.prepared, self.reset.panels(units)),
            reset: self.reset,
            bias: kernel.bias,
            recurrence,
            gates: arrays.gates,
            inner: arrays.inner,
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
        let units = recurrence.units;
        let transposed = &kernel.prepared[packed(self.reset.panels(units))..];
        gru::backward(gru::Backward {
            kernel: split(transposed, self.reset.transposed_panels(units)),
            reset: self.reset,
            recurrence,
            gates: arrays.gates,
            inner: arrays.inner,
            hidden: arrays.states[0],
            hidden_gradient: gradients.first,
            scratch: gradients.scratch,
        });
    }

    fn recurrent_gradients(
        &self,
        sizes: Sizes<'_>,
        arrays: &mut Arrays<'_>,
        _deltas: Option<&[f32]>,
        [recurrent, mut bias]: [Option<&mut [f32]>; 2],
    ) {
        let (rows, units) = (sizes.steps.rows(), sizes.units);
        let width = GATES * units;
        let columns = match self.reset {
            Reset::After => width,
            Reset::Before => 2 * units,
        };
        if let Some(gradient) = recurrent {
            let states = arrays.read_states();
            sizes.recurrent_kernel(states, (arrays.gates, columns), (width, gradient));
            if self.reset == Reset::Before {
                gemm(
                    units,
                    units,
                    rows,
                    MatMut {
                        data: &mut gradient[2 * units..],
                        row_stride: width,
                    },
                    true,
                    Mat::transposed(arrays.inner, units),
                    Mat {
                        data: arrays.gates.get(2 * units..).unwrap_or_default(),
                        row_stride: width,
                        column_stride: 1,
                    },
                );
            }
        }
        if self.reset == Reset::After {
            if let Some(gradient) = &mut bias {
                let of_state = &mut gradient[width..];
                bias_gradient(rows, width, &arrays.gates[..rows * width], of_state);
            }
            // From here on the gradients at what the input's products add to.
            let inner = arrays.inner.chunks_exact(units);
            for (gates, inner) in arrays.gates.chunks_exact_mut(width).zip(inner).take(rows) {
                gates[2 * units..].copy_from_slice(inner);
            }
        }
        if let Some(gradient) = bias {
            bias_gradient(
                rows,
                width,
                &arrays.gates[..rows * width],
                &mut gradient[..width],
            );
        }
    }
}
