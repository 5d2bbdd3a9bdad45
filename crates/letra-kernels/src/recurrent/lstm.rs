//! Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers,
//! Schmidhuber and Cummins 2000): with z = x W + h′ U + b cut into the four gates,
//!
//! i = r(zᵢ), f = r(z_f), g = a(z_g), o = r(z_o), c = f ⊙ c′ + i ⊙ g, h = o ⊙ a(c),
//!
//! where h′ and c′ are the states of the step before.

use pulp::{Simd, WithSimd};

use super::lanes::{activate, apply, derivative, each, read, read_bias, spans, write};
use super::panels::{MOST_COLUMNS, Panel, Panels, Then};
use super::{Functions, Recurrence, row, row_mut};
use crate::simd::dispatch;

/// Gates of a unit: input, forget, what is put in, output.
pub const GATES: usize = 4;

/// The forward pass.
pub struct Forward<'a> {
    /// The sequences, and what their states are multiplied by.
    pub recurrence: Recurrence<'a>,
    /// The recurrent kernel `[units, 4 · units]`, packed in [`Panels`].
    pub kernel: &'a [f32],
    /// `[4 · units]`; empty where there is none.
    pub bias: &'a [f32],
    /// `[rows, 4 · units]`: the input's products on entry, the gates on return.
    pub gates: &'a mut [f32],
    /// `[states, units]`: the initial states on entry, all of them on return.
    pub hidden: &'a mut [f32],
    /// Likewise c.
    pub cell: &'a mut [f32],
    /// `[rows, units]`: a(c), which the backward pass needs; empty where there is none.
    pub squashed: &'a mut [f32],
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
        let panels = Panels::new(units, GATES, units);
        self.recurrence.check();
        let steps = self.recurrence.steps;
        for step in steps.forward() {
            self.recurrence.read_states(&step, self.hidden);
            let (hidden_before, hidden) = self.hidden.split_at_mut(step.after.start * units);
            let (cell_before, cell) = self.cell.split_at_mut(step.after.start * units);
            let squashed = match self.squashed.is_empty() {
                true => &mut [][..],
                false => &mut self.squashed[step.rows.start * units..],
            };
            let left = self.recurrence.left(hidden_before);
            panels.multiply(
                simd,
                self.kernel,
                (step.rows.len(), units),
                &left[step.before.start * units..],
                Cell {
                    units,
                    functions: self.recurrence.functions,
                    bias: self.bias,
                    gates: &mut self.gates[step.rows.start * GATES * units..],
                    before: &cell_before[step.before.start * units..],
                    cell,
                    hidden,
                    squashed,
                },
            );
        }
    }
}

/// The gates' functions, and the states after a step.
struct Cell<'a> {
    units: usize,
    functions: Functions,
    bias: &'a [f32],
    gates: &'a mut [f32],
    before: &'a [f32],
    cell: &'a mut [f32],
    hidden: &'a mut [f32],
    squashed: &'a mut [f32],
}

impl<S: Simd> Then<S> for Cell<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let Cell {
            units, functions, ..
        } = *self;
        let Panel { first, width, .. } = panel;
        let gates = row_mut(self.gates, index, GATES * units);
        let (inner, outer) = (functions.activation, functions.recurrent_activation);
        let place = |gate: usize| gate * units + first;
        let input = activate::<S>(
            outer,
            gates,
            place(0),
            width,
            sums,
            read_bias(self.bias, place(0), width),
        );
        let forget = activate::<S>(
            outer,
            gates,
            place(1),
            width,
            &sums[width..],
            read_bias(self.bias, place(1), width),
        );
        let put = activate::<S>(
            inner,
            gates,
            place(2),
            width,
            &sums[2 * width..],
            read_bias(self.bias, place(2), width),
        );
        let output = activate::<S>(
            outer,
            gates,
            place(3),
            width,
            &sums[3 * width..],
            read_bias(self.bias, place(3), width),
        );
        let before = read(row(self.before, index, units), first, width);
        let cell = each(|lane| forget[lane] * before[lane] + input[lane] * put[lane]);
        write(row_mut(self.cell, index, units), first, width, &cell);
        let squashed = apply::<S>(functions.activation, cell);
        if !self.squashed.is_empty() {
            write(
                row_mut(self.squashed, index, units),
                first,
                width,
                &squashed,
            );
        }
        let hidden = each(|lane| output[lane] * squashed[lane]);
        write(row_mut(self.hidden, index, units), first, width, &hidden);
    }
}

/// The backward pass.
pub struct Backward<'a> {
    /// As in the forward pass.
    pub recurrence: Recurrence<'a>,
    /// The transpose of the recurrent kernel, `[4 · units, units]`, packed as that of one gate.
    pub kernel: &'a [f32],
    /// `[rows, 4 · units]`: the gates on entry, the gradients at their pre-activations on return.
    pub gates: &'a mut [f32],
    /// `[states, units]`: c.
    pub cell: &'a [f32],
    /// `[rows, units]`: a(c).
    pub squashed: &'a [f32],
    /// `[states, units]`: the gradients of h by what reads it outside on entry, by all on return; those
    /// of the initial states, in the first rows, only where they are wanted.
    pub hidden_gradient: &'a mut [f32],
    /// `[sequences, units]`: the gradients of c after the last step of each sequence on entry, those of
    /// the initial ones on return.
    pub cell_gradient: &'a mut [f32],
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
        let panels = Panels::new(width, 1, units);
        self.recurrence.check();
        for step in self.recurrence.steps.backward() {
            let gates = &mut self.gates[step.rows.start * width..step.rows.end * width];
            let (before, after) = self.hidden_gradient.split_at_mut(step.after.start * units);
            let cells = CellGradient {
                units,
                functions: self.recurrence.functions,
                before: &self.cell[step.before.start * units..],
                squashed: &self.squashed[step.rows.start * units..],
                hidden: after,
            };
            for (index, gates) in gates.chunks_exact_mut(width).enumerate() {
                cells.row(index, gates, row_mut(self.cell_gradient, index, units));
            }
            let before = &mut before[step.before.start * units..];
            self.recurrence
                .hand_back(simd, (panels, self.kernel), &step, (width, gates), before);
        }
    }
}

/// From the gradients of the states after a step to those at the gates.
struct CellGradient<'a> {
    units: usize,
    functions: Functions,
    before: &'a [f32],
    squashed: &'a [f32],
    hidden: &'a [f32],
}

impl CellGradient<'_> {
    #[inline(always)]
    fn row(&self, index: usize, gates: &mut [f32], cell_gradient: &mut [f32]) {
        let CellGradient {
            units, functions, ..
        } = *self;
        for (first, width) in spans(units) {
            let before = read(row(self.before, index, units), first, width);
            let squashed = read(row(self.squashed, index, units), first, width);
            let hidden = read(row(self.hidden, index, units), first, width);
            let input = read(gates, first, width);
            let forget = read(gates, units + first, width);
            let put = read(gates, 2 * units + first, width);
            let output = read(gates, 3 * units + first, width);
            let late = read(cell_gradient, first, width);
            let slope = derivative(functions.activation, squashed);
            let cell = each(|lane| late[lane] + hidden[lane] * output[lane] * slope[lane]);
            let (inner, outer) = (functions.activation, functions.recurrent_activation);
            let of_input = derivative(outer, input);
            let of_forget = derivative(outer, forget);
            let of_put = derivative(inner, put);
            let of_output = derivative(outer, output);
            let gradients = [
                each(|lane| cell[lane] * put[lane] * of_input[lane]),
                each(|lane| cell[lane] * before[lane] * of_forget[lane]),
                each(|lane| cell[lane] * input[lane] * of_put[lane]),
                each(|lane| hidden[lane] * squashed[lane] * of_output[lane]),
            ];
            for (gate, gradient) in gradients.iter().enumerate() {
                write(gates, gate * units + first, width, gradient);
            }
            let cell = each(|lane| cell[lane] * forget[lane]);
            write(cell_gradient, first, width, &cell);
        }
    }
}
