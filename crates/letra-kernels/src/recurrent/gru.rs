//! Gated recurrent units (Cho et al. 2014, eqs. 5–8): with the gates z and r of x, the step's input,
//! and h′, the state before it,
//!
//! z = r(x W_z + h′ U_z + b_z), r = r(x W_r + h′ U_r + b_r), h = z ⊙ h′ + (1 − z) ⊙ ĥ,
//!
//! and the candidate ĥ = a(x W_h + (r ⊙ h′) U_h + b_h) or, with the reset after the product,
//! ĥ = a(x W_h + b_h + r ⊙ (h′ U_h + b′_h)), which needs one product a step instead of two.

use pulp::{Simd, WithSimd};

use super::lanes::{Lanes, activate, derivative, each, read, read_bias, spans, write};
use super::panels::{MOST_COLUMNS, Panel, Panels, Then};
use super::{Functions, Recurrence, row, row_mut};
use crate::simd::{LANES, dispatch};

/// Gates of a unit: update, reset, candidate.
pub const GATES: usize = 3;

/// When the reset gate meets the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// After the product with the recurrent kernel.
    After,
    /// Before it.
    Before,
}

impl Reset {
    /// How the recurrent kernel is packed: all gates in one, or the candidate's apart.
    pub fn panels(self, units: usize) -> [Panels; 2] {
        match self {
            Reset::After => [Panels::new(units, GATES, units), Panels::new(0, 1, 0)],
            Reset::Before => [Panels::new(units, 2, units), Panels::new(units, 1, units)],
        }
    }

    /// How its transpose is.
    pub fn transposed_panels(self, units: usize) -> [Panels; 2] {
        match self {
            Reset::After => [Panels::new(GATES * units, 1, units), Panels::new(0, 1, 0)],
            Reset::Before => [
                Panels::new(2 * units, 1, units),
                Panels::new(units, 1, units),
            ],
        }
    }
}

/// The forward pass.
pub struct Forward<'a> {
    /// The sequences, and what their states are multiplied by.
    pub recurrence: Recurrence<'a>,
    /// When the reset gate meets the state.
    pub reset: Reset,
    /// The recurrent kernel `[units, 3 · units]`, packed in [`Reset::panels`].
    pub kernel: [&'a [f32]; 2],
    /// `[3 · units]`, or `[2, 3 · units]`, of the input and of the state, where the reset comes after
    /// the product; empty where there is none.
    pub bias: &'a [f32],
    /// `[rows, 3 · units]`: the input's products on entry, z, r and ĥ on
    /// return.
    pub gates: &'a mut [f32],
    /// `[rows, units]`: what meets r on return: h′ U_h + b′_h, or r ⊙ h′ where the reset comes before.
    pub inner: &'a mut [f32],
    /// `[states, units]`: the initial states on entry, all of them on return.
    pub hidden: &'a mut [f32],
}

/// Takes all sequences through all steps.
pub fn forward(pass: Forward<'_>) {
    dispatch(pass);
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let units = self.recurrence.units;
        let [panels, candidate] = self.reset.panels(units);
        self.recurrence.check();
        let steps = self.recurrence.steps;
        for step in steps.forward() {
            self.recurrence.read_states(&step, self.hidden);
            let (before, after) = self.hidden.split_at_mut(step.after.start * units);
            let left = &self.recurrence.left(before)[step.before.start * units..];
            let mut cell = Cell {
                units,
                functions: self.recurrence.functions,
                bias: self.bias,
                gates: &mut self.gates[step.rows.start * GATES * units..],
                inner: &mut self.inner[step.rows.start * units..],
                before: &before[step.before.start * units..],
                after,
            };
            let rows = (step.rows.len(), units);
            match self.reset {
                Reset::After => {
                    panels.multiply(simd, self.kernel[0], rows, left, AfterProduct(cell))
                }
                Reset::Before => {
                    let first = BeforeProduct {
                        left,
                        cell: &mut cell,
                    };
                    panels.multiply(simd, self.kernel[0], rows, left, first);
                    let inner = std::mem::take(&mut cell.inner);
                    candidate.multiply(simd, self.kernel[1], rows, inner, Candidate(cell));
                }
            }
        }
    }
}

/// A step's gates and states.
struct Cell<'a> {
    units: usize,
    functions: Functions,
    bias: &'a [f32],
    gates: &'a mut [f32],
    inner: &'a mut [f32],
    before: &'a [f32],
    after: &'a mut [f32],
}

impl Cell<'_> {
    /// The bias of a gate, of the input or, with the reset after the product, of the state.
    #[inline(always)]
    fn bias(&self, of_state: bool, gate: usize, (first, width): (usize, usize)) -> Lanes {
        let start = (usize::from(of_state) * GATES + gate) * self.units + first;
        match of_state && self.bias.len() == GATES * self.units {
            true => [0.0; LANES],
            false => read_bias(self.bias, start, width),
        }
    }

    /// The gates z and r of `width` units from `first` on, from their products.
    #[inline(always)]
    fn update_and_reset<S: Simd>(
        &mut self,
        index: usize,
        place: (usize, usize),
        sums: [&[f32]; 2],
    ) -> [Lanes; 2] {
        let (first, width) = place;
        let function = self.functions.recurrent_activation;
        let mut given = [[0.0; LANES]; 2];
        for (gate, (given, sums)) in given.iter_mut().zip(sums).enumerate() {
            let (input, state) = (self.bias(false, gate, place), self.bias(true, gate, place));
            let bias = each(|lane| input[lane] + state[lane]);
            let gates = row_mut(self.gates, index, GATES * self.units);
            let start = gate * self.units + first;
            *given = activate::<S>(function, gates, start, width, sums, bias);
        }
        given
    }

    /// The candidate from what the state adds to it, and the state after the step.
    #[inline(always)]
    fn finish<S: Simd>(
        &mut self,
        index: usize,
        place: (usize, usize),
        update: Lanes,
        sums: &[f32],
    ) {
        let (first, width) = place;
        let bias = self.bias(false, 2, place);
        let gates = row_mut(self.gates, index, GATES * self.units);
        let start = 2 * self.units + first;
        let candidate = activate::<S>(self.functions.activation, gates, start, width, sums, bias);
        let before = read(row(self.before, index, self.units), first, width);
        let state =
            each(|lane| update[lane] * before[lane] + (1.0 - update[lane]) * candidate[lane]);
        write(row_mut(self.after, index, self.units), first, width, &state);
    }
}

/// The reset gate after the product: all at once.
struct AfterProduct<'a>(Cell<'a>);

impl<S: Simd> Then<S> for AfterProduct<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let (cell, Panel { first, width, .. }) = (&mut self.0, panel);
        let place = (first, width);
        let [update, reset] = cell.update_and_reset::<S>(index, place, [sums, &sums[width..]]);
        let (sums, bias) = (
            read(&sums[2 * width..], 0, width),
            cell.bias(true, 2, place),
        );
        let inner = each(|lane| sums[lane] + bias[lane]);
        write(row_mut(cell.inner, index, cell.units), first, width, &inner);
        let inner = each(|lane| reset[lane] * inner[lane]);
        cell.finish::<S>(index, place, update, &inner);
    }
}

/// The reset gate before the product: first the gates, and the state as the candidate reads it.
struct BeforeProduct<'a, 'b> {
    left: &'a [f32],
    cell: &'a mut Cell<'b>,
}

impl<S: Simd> Then<S> for BeforeProduct<'_, '_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let units = self.cell.units;
        for (start, width) in spans(panel.width) {
            let first = panel.first + start;
            let sums = [&sums[start..], &sums[panel.width + start..]];
            let [_, reset] = self.cell.update_and_reset::<S>(index, (first, width), sums);
            let state = read(row(self.left, index, units), first, width);
            let inner = each(|lane| reset[lane] * state[lane]);
            write(row_mut(self.cell.inner, index, units), first, width, &inner);
        }
    }
}

/// Then the candidate.
struct Candidate<'a>(Cell<'a>);

impl<S: Simd> Then<S> for Candidate<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let cell = &mut self.0;
        for (start, width) in spans(panel.width) {
            let first = panel.first + start;
            let update = read(row(cell.gates, index, GATES * cell.units), first, width);
            cell.finish::<S>(index, (first, width), update, &sums[start..]);
        }
    }
}

/// The backward pass.
pub struct Backward<'a> {
    /// As in the forward pass.
    pub recurrence: Recurrence<'a>,
    /// When the reset gate meets the state.
    pub reset: Reset,
    /// The transpose of the recurrent kernel, packed in [`Reset::transposed_panels`].
    pub kernel: [&'a [f32]; 2],
    /// `[rows, 3 · units]`: z, r and ĥ on entry. On return the gradients at what the products with the
    /// state add to: at the pre-activations of z and r, and at h′ U_h or, where the reset comes before
    /// it, at that of ĥ.
    pub gates: &'a mut [f32],
    /// `[rows, units]`: what forward left; on return the gradients at the pre-activations of ĥ, unless the
    /// reset comes before the product.
    pub inner: &'a mut [f32],
    /// `[states, units]`: h.
    pub hidden: &'a [f32],
    /// `[states, units]`: the gradients of h by what reads it outside on entry, by all on return; those
    /// of the initial states, in the first rows, only where they are wanted.
    pub hidden_gradient: &'a mut [f32],
    /// `[sequences, units]`, where the reset comes before the product.
    pub scratch: &'a mut [f32],
}

/// Takes all sequences back through all steps.
pub fn backward(pass: Backward<'_>) {
    dispatch(pass);
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (units, width) = (self.recurrence.units, GATES * self.recurrence.units);
        let [panels, candidate] = self.reset.transposed_panels(units);
        self.recurrence.check();
        for step in self.recurrence.steps.backward() {
            let gates = &mut self.gates[step.rows.start * width..step.rows.end * width];
            let (gradient_before, gradient) =
                self.hidden_gradient.split_at_mut(step.after.start * units);
            let gradient_before = &mut gradient_before[step.before.start * units..];
            let mut cell = CellGradient {
                units,
                functions: self.recurrence.functions,
                inner: &mut self.inner[step.rows.start * units..],
                before: &self.hidden[step.before.start * units..],
                dropout: self.recurrence.dropout,
                gradient,
                gradient_before,
            };
            for (index, gates) in gates.chunks_exact_mut(width).enumerate() {
                cell.row(self.reset, index, gates);
            }
            if self.reset == Reset::Before {
                let then = Put {
                    units,
                    values: self.scratch,
                };
                let (rows, left) = ((step.rows.len(), width), &gates[2 * units..]);
                candidate.multiply(simd, self.kernel[1], rows, left, then);
                for (index, gates) in gates.chunks_exact_mut(width).enumerate() {
                    cell.reset_row(index, gates, row(self.scratch, index, units));
                }
            }
            let CellGradient {
                gradient_before, ..
            } = cell;
            let kernel = (panels, self.kernel[0]);
            self.recurrence
                .hand_back(simd, kernel, &step, (width, gates), gradient_before);
        }
    }
}

/// From the gradients of the states after a step to those at the gates.
struct CellGradient<'a> {
    units: usize,
    functions: Functions,
    inner: &'a mut [f32],
    before: &'a [f32],
    dropout: &'a [f32],
    gradient: &'a [f32],
    gradient_before: &'a mut [f32],
}

impl CellGradient<'_> {
    #[inline(always)]
    fn row(&mut self, reset_gate: Reset, index: usize, gates: &mut [f32]) {
        let units = self.units;
        let (inner_function, gate_function) = (
            self.functions.activation,
            self.functions.recurrent_activation,
        );
        for (first, width) in spans(units) {
            let update = read(gates, first, width);
            let reset = read(gates, units + first, width);
            let candidate = read(gates, 2 * units + first, width);
            let before = read(row(self.before, index, units), first, width);
            let gradient = read(row(self.gradient, index, units), first, width);

            let slope = derivative(gate_function, update);
            let of_update =
                each(|lane| gradient[lane] * (before[lane] - candidate[lane]) * slope[lane]);
            write(gates, first, width, &of_update);

            let earlier = row_mut(self.gradient_before, index, units);
            let sum = read(earlier, first, width);
            let sum = each(|lane| sum[lane] + gradient[lane] * update[lane]);
            write(earlier, first, width, &sum);

            let slope = derivative(inner_function, candidate);
            let of_candidate = each(|lane| gradient[lane] * (1.0 - update[lane]) * slope[lane]);
            if reset_gate == Reset::Before {
                write(gates, 2 * units + first, width, &of_candidate);
                continue;
            }
            let inner_row = row_mut(self.inner, index, units);
            let inner = read(inner_row, first, width);
            write(inner_row, first, width, &of_candidate);
            let slope = derivative(gate_function, reset);
            let of_reset = each(|lane| of_candidate[lane] * inner[lane] * slope[lane]);
            write(gates, units + first, width, &of_reset);
            let of_inner = each(|lane| of_candidate[lane] * reset[lane]);
            write(gates, 2 * units + first, width, &of_inner);
        }
    }

    /// Where the reset comes before the product: its gate's gradient from that of r ⊙ h′, and what
    /// that makes of the state's.
    #[inline(always)]
    fn reset_row(&mut self, index: usize, gates: &mut [f32], gradient: &[f32]) {
        let units = self.units;
        for (first, width) in spans(units) {
            let factor = match self.dropout.is_empty() {
                true => [1.0; LANES],
                false => read(row(self.dropout, index, units), first, width),
            };
            let reset = read(gates, units + first, width);
            let gradient = read(gradient, first, width);
            let before = read(row(self.before, index, units), first, width);
            let slope = derivative(self.functions.recurrent_activation, reset);
            let of_reset =
                each(|lane| gradient[lane] * (before[lane] * factor[lane]) * slope[lane]);
            write(gates, units + first, width, &of_reset);
            let earlier = row_mut(self.gradient_before, index, units);
            let sum = read(earlier, first, width);
            let sum = each(|lane| sum[lane] + gradient[lane] * reset[lane] * factor[lane]);
            write(earlier, first, width, &sum);
        }
    }
}

/// Writes products.
struct Put<'a> {
    units: usize,
    values: &'a mut [f32],
}

impl<S: Simd> Then<S> for Put<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let row = row_mut(self.values, index, self.units);
        row[panel.first..][..panel.width].copy_from_slice(&sums[..panel.width]);
    }
}
