//! The conditional distributions of a machine: given one layer, the units of the other are independent.

use super::machine::{Parameters, Places};
use super::{Hidden, Rbm, Visible};
use crate::kernels::binary;
use crate::kernels::boltzmann::{self, Rows};
use crate::kernels::dense;
use crate::kernels::gemm::{Mat, MatMut, gemm};
use crate::random::{Domain, Random};

/// What random numbers are drawn for, of one step of Gibbs sampling.
#[derive(Debug, Clone, Copy)]
pub(in crate::learners) struct Draws {
    pub(in crate::learners) seed: u64,
    pub(in crate::learners) step: u64,
    /// Number of the transition among those of the step.
    pub(in crate::learners) transition: usize,
}

impl Draws {
    fn stream(self, layer: usize) -> Random {
        Random::new(
            self.seed,
            Domain::Gibbs,
            3 * self.transition + layer,
            self.step,
        )
    }

    fn hidden(self) -> Random {
        self.stream(0)
    }

    fn visible(self) -> Random {
        self.stream(1)
    }

    fn labels(self) -> Random {
        self.stream(2)
    }
}

/// Weights, and what they make of the units of a layer.
#[derive(Clone, Copy)]
pub(super) struct Conditionals<'a> {
    rbm: &'a Rbm,
    kernel: &'a [f32],
    pub(super) visible_bias: &'a [f32],
    pub(super) hidden_bias: &'a [f32],
    pub(super) precisions: &'a [f32],
    pub(super) deviations: &'a [f32],
    hidden_deviations: &'a [f32],
}

impl<'a> Conditionals<'a> {
    /// With the weights and biases of `all`, laid out as the parameters are, and their variances.
    pub(super) fn new(rbm: &'a Rbm, all: &'a [f32], parameters: &'a Parameters) -> Self {
        let places = Places::of(rbm);
        Conditionals {
            rbm,
            kernel: &all[places.kernel],
            visible_bias: &all[places.visible_bias],
            hidden_bias: &all[places.hidden_bias],
            precisions: &parameters.precisions,
            deviations: &parameters.deviations,
            hidden_deviations: &parameters.hidden_deviations,
        }
    }

    /// Visible units as the hidden ones see them: v / σ², in `room` where units are Gaussian.
    pub(super) fn scaled<'b>(&self, visible: &'b [f32], room: &'b mut Vec<f32>) -> &'b [f32] {
        if self.precisions.is_empty() {
            return visible;
        }
        room.resize(visible.len(), 0.0);
        boltzmann::multiply_rows(self.precisions, visible, room);
        room
    }

    /// fields = b + visible · W, of scaled visible units.
    pub(super) fn hidden_fields(&self, visible: &[f32], fields: &mut [f32]) {
        let (width, hidden) = (self.rbm.width(), self.rbm.hidden_units);
        let samples = fields.len() / hidden;
        let bias = Some(self.hidden_bias);
        dense::forward(samples, width, hidden, visible, self.kernel, bias, fields);
    }

    /// As [`Conditionals::hidden_fields`], of visible units that are 0 or 1; the numbers may differ in their
    /// last places.
    pub(super) fn hidden_fields_of_states(&self, visible: &[f32], fields: &mut [f32]) {
        let (width, hidden) = (self.rbm.width(), self.rbm.hidden_units);
        for row in fields.chunks_exact_mut(hidden) {
            row.copy_from_slice(self.hidden_bias);
        }
        binary::add_product(
            fields.len() / hidden,
            hidden,
            width,
            MatMut::row_major(fields, hidden),
            Mat::row_major(visible, width),
            Mat::row_major(self.kernel, hidden),
        );
    }

    /// fields = bias + scale · hidden · Wᵀ, of hidden units that are 0 or 1.
    pub(super) fn visible_fields_of_states(
        &self,
        bias: &[f32],
        scale: f32,
        hidden: &[f32],
        fields: &mut [f32],
    ) {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        fields.fill(0.0);
        binary::add_product(
            fields.len() / width,
            width,
            units,
            MatMut::row_major(fields, width),
            Mat::row_major(hidden, units),
            Mat::transposed(self.kernel, units),
        );
        if scale != 1.0 {
            boltzmann::scale(scale, fields);
        }
        boltzmann::add_to_rows(bias, fields);
    }

    /// fields = bias + hidden · Wᵀ
    pub(super) fn visible_fields(&self, bias: &[f32], hidden: &[f32], fields: &mut [f32]) {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        for row in fields.chunks_exact_mut(width) {
            row.copy_from_slice(bias);
        }
        let samples = fields.len() / width;
        gemm(
            samples,
            width,
            units,
            MatMut::row_major(fields, width),
            true,
            Mat::row_major(hidden, units),
            Mat::transposed(self.kernel, units),
        );
    }

    fn hidden_rows(&self, first: usize) -> Rows {
        Rows {
            stride: self.rbm.hidden_units,
            columns: 0..self.rbm.hidden_units,
            first,
        }
    }

    fn visible_rows(&self, first: usize) -> [Rows; 2] {
        let (units, width) = (self.rbm.visible_units, self.rbm.width());
        [0..units, units..width].map(|columns| Rows {
            stride: width,
            columns,
            first,
        })
    }

    /// Makes the expectations of the hidden units of their fields times `scale`.
    pub(super) fn hidden_means(&self, scale: f32, fields: &mut [f32]) {
        let rows = self.hidden_rows(0);
        match self.rbm.hidden {
            Hidden::Bernoulli => boltzmann::logistic(&rows, scale, fields),
            Hidden::NoisyRectified => boltzmann::softplus_rows(&rows, fields),
            Hidden::Gaussian => {}
        }
    }

    /// The same, and draws states; `first` is the number of the first chain.
    pub(super) fn draw_hidden(
        &self,
        draws: Draws,
        first: usize,
        scale: f32,
        fields: &mut [f32],
        states: &mut [f32],
    ) {
        let (random, rows) = (draws.hidden(), self.hidden_rows(first));
        match self.rbm.hidden {
            Hidden::Bernoulli => boltzmann::bernoulli(&random, &rows, scale, fields, states),
            Hidden::NoisyRectified => boltzmann::rectified(&random, &rows, fields, states),
            Hidden::Gaussian => {
                boltzmann::gaussian(&random, &rows, self.hidden_deviations, fields, states);
            }
        }
    }

    /// Makes the expectations of the visible units of their fields.
    pub(super) fn visible_means(&self, fields: &mut [f32]) {
        let [units, labels] = self.visible_rows(0);
        match self.rbm.visible {
            Visible::Bernoulli => boltzmann::logistic(&units, 1.0, fields),
            Visible::Gaussian => {}
            Visible::Softmax { size } => boltzmann::softmax(&units, size, 1.0, fields),
        }
        if self.rbm.labels > 0 {
            boltzmann::softmax(&labels, self.rbm.labels, 1.0, fields);
        }
    }

    /// The same, and draws states.
    pub(super) fn draw_visible(
        &self,
        draws: Draws,
        first: usize,
        fields: &mut [f32],
        states: &mut [f32],
    ) {
        let [units, labels] = self.visible_rows(first);
        let random = draws.visible();
        match self.rbm.visible {
            Visible::Bernoulli => boltzmann::bernoulli(&random, &units, 1.0, fields, states),
            Visible::Gaussian => {
                boltzmann::gaussian(&random, &units, self.deviations, fields, states);
            }
            Visible::Softmax { size } => {
                boltzmann::categorical(&random, &units, size, 1.0, fields, states);
            }
        }
        if self.rbm.labels > 0 {
            let random = draws.labels();
            boltzmann::categorical(&random, &labels, self.rbm.labels, 1.0, fields, states);
        }
    }
}

/// Rows that one thread works on at once.
const ROWS: usize = 64;

/// Calls `work` with some rows of `values` and the number of the first, on all threads of the pool that
/// it is called in. No row depends on which others it comes with.
pub(super) fn in_rows(
    stride: usize,
    values: &mut [f32],
    work: &(impl Fn(usize, &mut [f32]) + Sync),
) {
    in_rows_from(0, stride, values, work);
}

fn in_rows_from(
    first: usize,
    stride: usize,
    values: &mut [f32],
    work: &(impl Fn(usize, &mut [f32]) + Sync),
) {
    let rows = values.len() / stride;
    if rows <= ROWS {
        return work(first, values);
    }
    let half = rows.div_ceil(2).next_multiple_of(ROWS).min(rows);
    let (left, right) = values.split_at_mut(half * stride);
    rayon::join(
        || in_rows_from(first, stride, left, work),
        || in_rows_from(first + half, stride, right, work),
    );
}

/// The same for rows of two lists of the same length.
pub(super) fn in_two(
    stride: usize,
    values: &mut [f32],
    others: &mut [f32],
    work: &(impl Fn(usize, &mut [f32], &mut [f32]) + Sync),
) {
    in_two_from(0, stride, values, others, work);
}

fn in_two_from(
    first: usize,
    stride: usize,
    values: &mut [f32],
    others: &mut [f32],
    work: &(impl Fn(usize, &mut [f32], &mut [f32]) + Sync),
) {
    let rows = values.len() / stride;
    if rows <= ROWS {
        return work(first, values, others);
    }
    let half = rows.div_ceil(2).next_multiple_of(ROWS).min(rows);
    let (left, right) = values.split_at_mut(half * stride);
    let (other_left, other_right) = others.split_at_mut(half * stride);
    rayon::join(
        || in_two_from(first, stride, left, other_left, work),
        || in_two_from(first + half, stride, right, other_right, work),
    );
}

impl<'a> Conditionals<'a> {
    /// The weights of a visible unit.
    pub(super) fn kernel_row(&self, unit: usize) -> &'a [f32] {
        &self.kernel[unit * self.rbm.hidden_units..][..self.rbm.hidden_units]
    }
}
