//! A machine as a layer of a belief network: each direction by itself.

use super::conditionals::{Draws, in_rows, in_two};
use super::likelihood::log_sum_exp;
use super::{BoltzmannMachine, Hidden, Rbm, RbmTrainer, Visible};
use crate::kernels::gemm::{Mat, MatMut, gemm};
use crate::kernels::{boltzmann, dense, reduce};
use crate::{Error, Tensor};

impl Rbm {
    /// Whether the hidden units of this machine can be the visible ones of another.
    pub(in crate::learners) fn feeds(&self, above: &Rbm) -> bool {
        self.labels == 0
            && self.hidden == Hidden::Bernoulli
            && above.visible == Visible::Bernoulli
            && above.visible_units == self.hidden_units
    }
}

impl RbmTrainer {
    /// Goes on as if so many steps had been taken.
    pub(in crate::learners) fn at_step(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Where the chains of the last step ended, `[chains, visible]`.
    pub(in crate::learners) fn chain_ends(&self) -> Tensor {
        let width = self.visible_units();
        let ends = self.room.ends(width);
        let mut tensor = Tensor::zeros([ends.len() / width, width]);
        tensor.data_mut().copy_from_slice(ends);
        tensor
    }
}

impl BoltzmannMachine {
    /// Expectations and states of the hidden units, of visible units that were checked.
    pub(in crate::learners) fn drawn_above(
        &self,
        draws: Draws,
        visible: &Tensor,
    ) -> (Tensor, Tensor) {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let conditionals = self.conditionals();
        let mut means = Tensor::zeros([visible.samples(), units]);
        let mut states = means.clone();
        self.workers.install(|| {
            in_two(
                units,
                means.data_mut(),
                states.data_mut(),
                &|first, means: &mut [f32], states: &mut [f32]| {
                    let rows = means.len() / units;
                    let mut room = Vec::new();
                    let seen = &visible.data()[first * width..(first + rows) * width];
                    conditionals.hidden_fields(conditionals.scaled(seen, &mut room), means);
                    conditionals.draw_hidden(draws, first, 1.0, means, states);
                },
            );
        });
        (means, states)
    }

    /// Expectations and states of the visible units.
    pub(in crate::learners) fn drawn_below(
        &self,
        draws: Draws,
        hidden: &Tensor,
    ) -> (Tensor, Tensor) {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let conditionals = self.conditionals();
        let mut means = Tensor::zeros([hidden.samples(), width]);
        let mut states = means.clone();
        self.workers.install(|| {
            in_two(
                width,
                means.data_mut(),
                states.data_mut(),
                &|first, means: &mut [f32], states: &mut [f32]| {
                    let rows = means.len() / width;
                    let hidden = &hidden.data()[first * units..(first + rows) * units];
                    conditionals.visible_fields(conditionals.visible_bias, hidden, means);
                    conditionals.draw_visible(draws, first, means, states);
                },
            );
        });
        (means, states)
    }

    /// Fields of the visible units.
    fn fields_below(&self, hidden: &Tensor) -> Tensor {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let conditionals = self.conditionals();
        let mut fields = Tensor::zeros([hidden.samples(), width]);
        self.workers.install(|| {
            in_rows(width, fields.data_mut(), &|first, fields: &mut [f32]| {
                let rows = fields.len() / width;
                let hidden = &hidden.data()[first * units..(first + rows) * units];
                conditionals.visible_fields(conditionals.visible_bias, hidden, fields);
            });
        });
        fields
    }

    /// Expectations of the visible units.
    pub(in crate::learners) fn expected_below(&self, hidden: &Tensor) -> Tensor {
        let mut fields = self.fields_below(hidden);
        self.conditionals().visible_means(fields.data_mut());
        fields
    }

    /// ln P(v | h) of each sample.
    pub(in crate::learners) fn log_density_below(
        &self,
        hidden: &Tensor,
        visible: &Tensor,
    ) -> Vec<f64> {
        let fields = self.fields_below(hidden);
        let (width, units) = (self.rbm.width(), self.rbm.visible_units);
        let log_variances = &self.parameters.all[self.places().log_variance];
        let of_groups = |fields: &[f64], visible: &[f32], size: usize| {
            let groups = fields.chunks_exact(size).zip(visible.chunks_exact(size));
            let of_group = |(fields, visible): (&[f64], &[f32])| {
                let all = log_sum_exp(fields);
                fields
                    .iter()
                    .zip(visible)
                    .map(|(field, v)| f64::from(*v) * (field - all))
                    .sum::<f64>()
            };
            groups.map(of_group).sum::<f64>()
        };
        let rows = fields
            .data()
            .chunks_exact(width)
            .zip(visible.data().chunks_exact(width));
        let of_row = |(fields, visible): (&[f32], &[f32])| {
            let fields: Vec<f64> = fields.iter().copied().map(f64::from).collect();
            let own = match self.rbm.visible {
                Visible::Bernoulli => {
                    let terms = fields.iter().zip(visible).take(units);
                    terms
                        .map(|(field, v)| {
                            field * f64::from(*v) - super::likelihood::softplus(*field)
                        })
                        .sum()
                }
                Visible::Softmax { size } => of_groups(&fields[..units], &visible[..units], size),
                Visible::Gaussian => {
                    let terms = fields.iter().zip(visible).zip(log_variances);
                    let of_unit = |((mean, v), log): ((&f64, &f32), &f32)| {
                        let (distance, log) = (f64::from(*v) - mean, f64::from(*log));
                        -0.5 * (distance * distance * libm::exp(-log)
                            + log
                            + libm::log(std::f64::consts::TAU))
                    };
                    terms.map(of_unit).sum::<f64>()
                }
            };
            match self.rbm.labels {
                0 => own,
                size => own + of_groups(&fields[units..], &visible[units..], size),
            }
        };
        rows.map(of_row).collect()
    }

    /// The free energies of samples of the visible units without labels, with each label in turn.
    pub(in crate::learners) fn energies_of_labels(
        &self,
        samples: &Tensor,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let (width, units, labels) = (self.rbm.width(), self.rbm.visible_units, self.rbm.labels);
        if samples.sample_values() != units {
            return Err(Error::data(format!(
                "a sample has {} values for {units} units",
                samples.sample_values()
            ))
            .with_hint("let a sample have one value for each"));
        }
        let mut all = vec![Vec::with_capacity(labels); samples.samples()];
        let mut labelled = Tensor::zeros([samples.samples(), width]);
        for label in 0..labels {
            for (sample, row) in labelled.data_mut().chunks_exact_mut(width).enumerate() {
                row[..units].copy_from_slice(samples.sample(sample));
                row[units..].fill(0.0);
                row[units + label] = 1.0;
            }
            let energies = self.free_energy(&labelled)?;
            all.iter_mut()
                .zip(energies)
                .for_each(|(all, energy)| all.push(energy));
        }
        Ok(all)
    }

    /// The weights as those of a dense layer `[visible, hidden]`, without those of label units.
    pub(in crate::learners) fn dense_kernel(&self) -> Tensor {
        let (units, hidden) = (self.rbm.visible_units, self.rbm.hidden_units);
        let mut kernel = Tensor::zeros([units, hidden]);
        kernel
            .data_mut()
            .copy_from_slice(&self.parameters.all[..units * hidden]);
        for (row, precision) in kernel
            .data_mut()
            .chunks_exact_mut(hidden)
            .zip(&*self.parameters.precisions)
        {
            boltzmann::scale(*precision, row);
        }
        kernel
    }

    /// Goes along the gradient of ln P(visible | hidden), of which `predicted` are the expectations.
    pub(in crate::learners) fn learn_below(
        &mut self,
        rate: f32,
        hidden: &Tensor,
        visible: &Tensor,
        predicted: &Tensor,
    ) {
        let mut delta = difference(rate, visible, predicted);
        if !self.parameters.precisions.is_empty() {
            let errors = delta.clone();
            boltzmann::multiply_rows(&self.parameters.precisions, errors.data(), delta.data_mut());
        }
        let places = self.places();
        let bias = &mut self.parameters.all[places.visible_bias];
        let mut sums = vec![0.0; bias.len()];
        dense::bias_gradient(delta.samples(), bias.len(), delta.data(), &mut sums);
        reduce::add(bias, &sums);
        self.add_product(delta.data(), hidden.data());
    }

    /// Goes along the gradient of ln P(hidden | visible), of which `predicted` are the expectations.
    pub(in crate::learners) fn learn_above(
        &mut self,
        rate: f32,
        visible: &Tensor,
        hidden: &Tensor,
        predicted: &Tensor,
    ) {
        let delta = difference(rate, hidden, predicted);
        let places = self.places();
        let bias = &mut self.parameters.all[places.hidden_bias];
        let mut sums = vec![0.0; bias.len()];
        dense::bias_gradient(delta.samples(), bias.len(), delta.data(), &mut sums);
        reduce::add(bias, &sums);
        let mut room = Vec::new();
        let scaled = self
            .conditionals()
            .scaled(visible.data(), &mut room)
            .to_vec();
        self.add_product(&scaled, delta.data());
    }

    /// W += leftᵀ · right, with left `[samples, visible]` and right `[samples, hidden]`.
    fn add_product(&mut self, left: &[f32], right: &[f32]) {
        let (width, units) = (self.rbm.width(), self.rbm.hidden_units);
        let (workers, places) = (self.workers.clone(), self.places());
        let kernel = &mut self.parameters.all[places.kernel];
        workers.install(|| {
            in_rows(units, kernel, &|first, kernel: &mut [f32]| {
                gemm(
                    kernel.len() / units,
                    units,
                    right.len() / units,
                    MatMut::row_major(kernel, units),
                    true,
                    Mat::transposed(&left[first..], width),
                    Mat::row_major(right, units),
                );
            });
        });
    }

    pub(in crate::learners) fn is_finite(&self) -> bool {
        reduce::is_finite(&self.parameters.all)
    }
}

/// rate / samples · (wanted − predicted)
fn difference(rate: f32, wanted: &Tensor, predicted: &Tensor) -> Tensor {
    let mut delta = wanted.clone();
    let share = rate / wanted.samples() as f32;
    let values = delta.data_mut().iter_mut().zip(predicted.data());
    values.for_each(|(value, predicted)| *value = share * (*value - predicted));
    delta
}
