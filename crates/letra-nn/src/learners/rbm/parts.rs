//! The samples, chains and rows of the weights of a step, dealt out to threads.

use super::conditionals::{Conditionals, Draws};
use crate::kernels::boltzmann;

/// Rows of the weights that a thread changes at once: their gradient stays in the second-level cache.
pub(super) const ROWS: usize = 64;

/// Where chains end: their visible units, also as hidden units see them, and expectations of the hidden
/// ones.
pub(super) struct Ends<'a> {
    pub(super) visible: &'a mut [f32],
    pub(super) scaled: &'a mut [f32],
    pub(super) hidden: &'a mut [f32],
}

/// Which units of chains have states of 0 or 1, to be multiplied as such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binary {
    pub(super) visible: bool,
    pub(super) hidden: bool,
}

/// Some samples or chains, and memory for them.
pub(super) struct Part<'a> {
    pub(super) first: usize,
    pub(super) rows: usize,
    /// Whether products with states of units are worked out as such. Not for a few samples in all.
    pub(super) binary: Binary,
    /// Visible and hidden units.
    pub(super) sizes: [usize; 2],
    pub(super) visible: &'a mut [f32],
    pub(super) scaled: &'a mut [f32],
    pub(super) hidden: &'a mut [f32],
    pub(super) states: &'a mut [f32],
    pub(super) expected: &'a mut [f32],
    pub(super) errors: &'a mut [f64],
    pub(super) ends: Ends<'a>,
}

impl Part<'_> {
    /// Does the work for all rows, as many at a time as make `parts` parts of them.
    pub(super) fn each(self, parts: usize, work: &(impl Fn(Part<'_>) + Sync)) {
        if parts <= 1 || self.rows <= 1 {
            return work(self);
        }
        let here = parts.div_ceil(2);
        let rows = self.rows * here / parts;
        let [width, units] = self.sizes;
        let (visible, other_visible) = split(self.visible, rows * width);
        let (scaled, other_scaled) = split(self.scaled, rows * width);
        let (hidden, other_hidden) = split(self.hidden, rows * units);
        let (states, other_states) = split(self.states, rows * units);
        let (expected, other_expected) = split(self.expected, rows * width);
        let (errors, other_errors) = split(self.errors, rows);
        let (end_visible, other_end_visible) = split(self.ends.visible, rows * width);
        let (end_scaled, other_end_scaled) = split(self.ends.scaled, rows * width);
        let (end_hidden, other_end_hidden) = split(self.ends.hidden, rows * units);
        let left = Part {
            first: self.first,
            rows,
            binary: self.binary,
            sizes: self.sizes,
            visible,
            scaled,
            hidden,
            states,
            expected,
            errors,
            ends: Ends {
                visible: end_visible,
                scaled: end_scaled,
                hidden: end_hidden,
            },
        };
        let right = Part {
            first: self.first + rows,
            rows: self.rows - rows,
            binary: self.binary,
            sizes: self.sizes,
            visible: other_visible,
            scaled: other_scaled,
            hidden: other_hidden,
            states: other_states,
            expected: other_expected,
            errors: other_errors,
            ends: Ends {
                visible: other_end_visible,
                scaled: other_end_scaled,
                hidden: other_end_hidden,
            },
        };
        rayon::join(|| left.each(here, work), || right.each(parts - here, work));
    }

    /// Expectations and states of the hidden units, of the data.
    pub(super) fn up(&mut self, conditionals: &Conditionals<'_>, draws: Draws) {
        let seen = seen(conditionals, self.visible, self.scaled);
        conditionals.hidden_fields(seen, self.hidden);
        conditionals.draw_hidden(draws, self.first, 1.0, self.hidden, self.states);
    }

    /// The visible units of the chains, given the states of the hidden ones.
    pub(super) fn down(&mut self, conditionals: &Conditionals<'_>, draws: Draws, sample: bool) {
        let bias = conditionals.visible_bias;
        match self.binary.hidden {
            true => {
                conditionals.visible_fields_of_states(bias, 1.0, self.states, self.expected);
            }
            false => conditionals.visible_fields(bias, self.states, self.expected),
        }
        match sample {
            true => conditionals.draw_visible(draws, self.first, self.expected, self.ends.visible),
            false => {
                conditionals.visible_means(self.expected);
                self.ends.visible.copy_from_slice(self.expected);
            }
        }
    }

    /// Expectations of the hidden units of the chains, and their states but for the last time.
    pub(super) fn up_again(&mut self, conditionals: &Conditionals<'_>, draws: Draws, last: bool) {
        let ends = &mut self.ends;
        match self.binary.visible {
            true => conditionals.hidden_fields_of_states(ends.visible, ends.hidden),
            false => {
                let seen = seen(conditionals, ends.visible, ends.scaled);
                conditionals.hidden_fields(seen, ends.hidden);
            }
        }
        match last {
            true => conditionals.hidden_means(1.0, ends.hidden),
            false => conditionals.draw_hidden(draws, self.first, 1.0, ends.hidden, self.states),
        }
    }

    /// Notes how far the expectations of the visible units are from the data.
    pub(super) fn measure(&mut self) {
        let width = self.sizes[0];
        let rows = self
            .visible
            .chunks_exact(width)
            .zip(self.expected.chunks_exact(width));
        for (error, (visible, expected)) in self.errors.iter_mut().zip(rows) {
            *error = boltzmann::squared_distance(visible, expected);
        }
    }
}

/// Visible units as hidden ones see them.
pub(super) fn seen<'a>(
    conditionals: &Conditionals<'_>,
    visible: &'a [f32],
    scaled: &'a mut [f32],
) -> &'a [f32] {
    if scaled.is_empty() {
        return visible;
    }
    boltzmann::multiply_rows(conditionals.precisions, visible, scaled);
    scaled
}

/// Some rows of the weights, and what goes with them; what there is not is empty.
pub(super) struct Pieces<'a> {
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) units: usize,
    pub(super) kernel: &'a mut [f32],
    pub(super) velocity: &'a mut [f32],
    pub(super) fast: &'a mut [f32],
    pub(super) sum: &'a mut [f32],
    pub(super) log_variance: &'a mut [f32],
    pub(super) gradient: &'a mut [f32],
}

impl Pieces<'_> {
    /// Does the work for all rows in so many parts; gives whether it was well in all.
    pub(super) fn each(self, parts: usize, work: &(impl Fn(Pieces<'_>) -> bool + Sync)) -> bool {
        if parts <= 1 || self.rows <= 1 {
            return work(self);
        }
        let here = parts.div_ceil(2);
        let rows = self.rows * here / parts;
        let values = rows * self.units;
        let (kernel, other_kernel) = split(self.kernel, values);
        let (velocity, other_velocity) = split(self.velocity, values);
        let (fast, other_fast) = split(self.fast, values);
        let (sum, other_sum) = split(self.sum, values);
        let (log_variance, other_log_variance) = split(self.log_variance, rows);
        let (gradient, other_gradient) = split(self.gradient, here * ROWS * self.units);
        let left = Pieces {
            first: self.first,
            rows,
            units: self.units,
            kernel,
            velocity,
            fast,
            sum,
            log_variance,
            gradient,
        };
        let right = Pieces {
            first: self.first + rows,
            rows: self.rows - rows,
            units: self.units,
            kernel: other_kernel,
            velocity: other_velocity,
            fast: other_fast,
            sum: other_sum,
            log_variance: other_log_variance,
            gradient: other_gradient,
        };
        let (left, right) =
            rayon::join(|| left.each(here, work), || right.each(parts - here, work));
        left && right
    }
}

/// The first so many values and the others; of none, nothing twice.
fn split<T>(values: &mut [T], length: usize) -> (&mut [T], &mut [T]) {
    let length = length.min(values.len());
    values.split_at_mut(length)
}
