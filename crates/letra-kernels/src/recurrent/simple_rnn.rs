//! The simple recurrent layer (Elman 1990): h = a(x W + h′ U + b), with h′ the state of the step before.

use pulp::{Simd, WithSimd};

use super::lanes::{activate, derivative, each, read, read_bias, spans, write};
use super::panels::{MOST_COLUMNS, Panel, Panels, Then};
use super::{Recurrence, row_mut};
use crate::activation::ActivationKind;
use crate::simd::dispatch;

/// The forward pass.
pub struct Forward<'a> {
    /// The sequences, and what their states are multiplied by.
    pub recurrence: Recurrence<'a>,
    /// The recurrent kernel `[units, units]`, packed in [`Panels`] of one gate.
    pub kernel: &'a [f32],
    /// `[units]`; empty where there is none.
    pub bias: &'a [f32],
    /// `[states, units]`: the initial states and, after them, the input's products on entry; all states
    /// on return.
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
        self.recurrence.check();
        let steps = self.recurrence.steps;
        for step in steps.forward() {
            self.recurrence.read_states(&step, self.hidden);
            let (before, hidden) = self.hidden.split_at_mut(step.after.start * units);
            let left = &self.recurrence.left(before)[step.before.start * units..];
            let then = Cell {
                units,
                function: self.recurrence.functions.activation,
                bias: self.bias,
                hidden,
            };
            Panels::new(units, 1, units).multiply(
                simd,
                self.kernel,
                (step.rows.len(), units),
                left,
                then,
            );
        }
    }
}

struct Cell<'a> {
    units: usize,
    function: ActivationKind,
    bias: &'a [f32],
    hidden: &'a mut [f32],
}

impl<S: Simd> Then<S> for Cell<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let hidden = row_mut(self.hidden, index, self.units);
        for (start, width) in spans(panel.width) {
            let first = panel.first + start;
            let bias = read_bias(self.bias, first, width);
            activate::<S>(self.function, hidden, first, width, &sums[start..], bias);
        }
    }
}

/// The backward pass.
pub struct Backward<'a> {
    /// As in the forward pass.
    pub recurrence: Recurrence<'a>,
    /// The transpose of the recurrent kernel, packed as that.
    pub kernel: &'a [f32],
    /// `[states, units]`: h.
    pub hidden: &'a [f32],
    /// `[states, units]`: the gradients of h by what reads it outside on entry; on return those at the
    /// pre-activations, and in the first rows those of the initial states, where they are wanted.
    pub hidden_gradient: &'a mut [f32],
}

/// Takes all sequences back through all steps.
pub fn backward(pass: Backward<'_>) {
    dispatch(pass);
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (units, function) = (self.recurrence.units, self.recurrence.functions.activation);
        self.recurrence.check();
        let panels = Panels::new(units, 1, units);
        for step in self.recurrence.steps.backward() {
            let (before, after) = self.hidden_gradient.split_at_mut(step.after.start * units);
            let own = &mut after[..step.rows.len() * units];
            let states = self.hidden[step.after.start * units..].chunks_exact(units);
            for (gradient, state) in own.chunks_exact_mut(units).zip(states) {
                for (first, width) in spans(units) {
                    let slope = derivative(function, read(state, first, width));
                    let values = read(gradient, first, width);
                    let values = each(|lane| values[lane] * slope[lane]);
                    write(gradient, first, width, &values);
                }
            }
            let before = &mut before[step.before.start * units..];
            self.recurrence
                .hand_back(simd, (panels, self.kernel), &step, (units, own), before);
        }
    }
}
