//! Recurrent layers: all steps of some sequences, forward and backward through time.
//!
//! Steps come first: row `r` of an array is a sequence's value at a step, and the rows of a step lie
//! one after another. Sequences are sorted by length, the longest first, so that those that a step
//! concerns are its first rows, and a sequence that has ended costs nothing ([`Steps`]).
//!
//! The product of the state with the recurrent kernel is the only one that must be made a step at a
//! time. Its kernel is packed once a step of training ([`panels`]), and the functions of the gates
//! follow while a tile of the product is in the first-level cache.

pub mod gru;
pub mod lstm;
pub mod panels;
pub mod simple_rnn;

mod lanes;
#[cfg(test)]
mod tests;

pub use crate::activation::ActivationKind;

use std::ops::Range;

use pulp::Simd;

pub use lanes::is_supported;
use lanes::{each, read, spans, write};
use panels::{MOST_COLUMNS, Panel, Panels, Then};

/// The steps of some sequences.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// Steps of each sequence, the longest first.
    pub lengths: &'a [usize],
}

/// A step: where its rows lie, and those of the state before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its rows in arrays that have one a sequence and step.
    pub rows: Range<usize>,
    /// Rows of the state before it, in arrays that begin with the initial state of all sequences.
    pub before: Range<usize>,
    /// Rows of the state after it there.
    pub after: Range<usize>,
}

impl Steps<'_> {
    /// Sequences.
    pub fn sequences(&self) -> usize {
        self.lengths.len()
    }

    /// Rows of all steps.
    pub fn rows(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Rows of states: the initial ones, and those after each step.
    pub fn states(&self) -> usize {
        self.sequences() + self.rows()
    }

    /// Row of the state after the last step of sequence `number`, or of the initial one where it has
    /// none.
    pub fn last_state(&self, number: usize) -> usize {
        match self.lengths[number] {
            0 => number,
            length => {
                let rows: usize = self
                    .lengths
                    .iter()
                    .map(|&other| other.min(length - 1))
                    .sum();
                self.sequences() + rows + number
            }
        }
    }

    fn check(&self) {
        assert!(
            self.lengths.windows(2).all(|pair| pair[0] >= pair[1]),
            "sequences are not sorted by length"
        );
    }

    fn count(&self) -> usize {
        self.lengths.first().copied().unwrap_or(0)
    }

    /// All steps, the first one first.
    pub fn forward(&self) -> impl Iterator<Item = Step> + '_ {
        let (mut first, mut before, mut active) = (0, 0, self.sequences());
        let sequences = self.sequences();
        (0..self.count()).map(move |number| {
            while active > 0 && self.lengths[active - 1] <= number {
                active -= 1;
            }
            let step = Step {
                rows: first..first + active,
                before: before..before + active,
                after: sequences + first..sequences + first + active,
            };
            before = step.after.start;
            first += active;
            step
        })
    }

    /// All steps, the last one first.
    fn backward(&self) -> impl Iterator<Item = Step> + '_ {
        let (mut end, sequences) = (self.rows(), self.sequences());
        let (mut active, mut earlier) = (0, 0);
        (0..self.count()).rev().map(move |number| {
            while active < sequences && self.lengths[active] > number {
                active += 1;
            }
            while earlier < sequences && self.lengths[earlier] >= number {
                earlier += 1;
            }
            let first = end - active;
            let before = match number {
                0 => 0,
                _ => sequences + first - earlier,
            };
            end = first;
            Step {
                rows: first..first + active,
                before: before..before + active,
                after: sequences + first..sequences + first + active,
            }
        })
    }

    /// Runs of rows whose states before them lie one after another, too: rows of the steps, and the
    /// first row of the states.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
        let mut steps = self.forward().peekable();
        std::iter::from_fn(move || {
            let step = steps.next()?;
            let (mut rows, first) = (step.rows, step.before.start);
            while let Some(next) =
                steps.next_if(|next| next.before.start - first == next.rows.start - rows.start)
            {
                rows.end = next.rows.end;
            }
            Some((rows, first))
        })
    }
}

/// The functions of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Functions {
    /// Of what is put into the state, and of the state where it is read.
    pub activation: ActivationKind,
    /// Of the gates.
    pub recurrent_activation: ActivationKind,
}

/// What all recurrent layers have: their sequences, and the states that are read.
pub struct Recurrence<'a> {
    /// The sequences' steps.
    pub steps: Steps<'a>,
    /// Values of a state.
    pub units: usize,
    /// The functions of the gates.
    pub functions: Functions,
    /// `[sequences, units]`: what states are multiplied by before the recurrent kernel reads them,
    /// where there is dropout; otherwise empty.
    pub dropout: &'a [f32],
    /// `[states, units]`: the states as the kernel reads them, where there is dropout; the backward pass
    /// needs none.
    pub dropped: &'a mut [f32],
    /// Whether the gradients of the initial states are wanted.
    pub initial_gradient: bool,
}

impl Recurrence<'_> {
    fn check(&self) {
        self.steps.check();
        let wanted = self.steps.sequences() * self.units;
        assert!(
            self.dropout.is_empty() || self.dropout.len() == wanted,
            "dropout is not that of all sequences"
        );
    }

    /// Brings the states before a step into the form in which the kernel reads them.
    #[inline(always)]
    fn read_states(&mut self, step: &Step, states: &[f32]) {
        if !self.dropout.is_empty() {
            let range = step.before.start * self.units..step.before.end * self.units;
            let dropped = self.dropped[range.clone()].iter_mut();
            for ((dropped, state), factor) in dropped.zip(&states[range]).zip(self.dropout) {
                *dropped = state * factor;
            }
        }
    }

    /// The states as the kernel reads them.
    #[inline(always)]
    fn left<'b>(&'b self, states: &'b [f32]) -> &'b [f32] {
        match self.dropout.is_empty() {
            true => states,
            false => self.dropped,
        }
    }

    /// Adds to `gradient`, that of the states before a step, what the gradients at its gates make of
    /// them: products of `rows` rows, each `stride` after the one before, with the transpose of a
    /// kernel. Does nothing where it is not wanted.
    #[inline(always)]
    fn hand_back<S: Simd>(
        &self,
        simd: S,
        (panels, kernel): (Panels, &[f32]),
        step: &Step,
        (stride, gates): (usize, &[f32]),
        gradient: &mut [f32],
    ) {
        if step.before.start > 0 || self.initial_gradient {
            let then = AddState {
                units: self.units,
                dropout: self.dropout,
                gradient,
            };
            panels.multiply(simd, kernel, (step.rows.len(), stride), gates, then);
        }
    }
}

/// Adds products to the gradients of states.
struct AddState<'a> {
    units: usize,
    dropout: &'a [f32],
    gradient: &'a mut [f32],
}

impl<S: Simd> Then<S> for AddState<'_> {
    #[inline(always)]
    fn row(&mut self, panel: Panel, index: usize, sums: &[f32; MOST_COLUMNS]) {
        let gradient = row_mut(self.gradient, index, self.units);
        for (start, width) in spans(panel.width) {
            let first = panel.first + start;
            let (before, sums) = (read(gradient, first, width), read(sums, start, width));
            let sum = match self.dropout.is_empty() {
                true => each(|lane| before[lane] + sums[lane]),
                false => {
                    let factor = read(row(self.dropout, index, self.units), first, width);
                    each(|lane| before[lane] + factor[lane] * sums[lane])
                }
            };
            write(gradient, first, width, &sum);
        }
    }
}

/// Row `index` of an array of `width` values a row.
#[inline(always)]
fn row(values: &[f32], index: usize, width: usize) -> &[f32] {
    &values[index * width..][..width]
}

#[inline(always)]
fn row_mut(values: &mut [f32], index: usize, width: usize) -> &mut [f32] {
    &mut values[index * width..][..width]
}
