//! The partition function Z, exactly.

use rayon::prelude::*;

use super::likelihood::log_sum_exp;
use super::{BoltzmannMachine, Visible};
use crate::Error;

/// States of a layer that are counted, at most.
const MOST_STATES: usize = 1 << 20;
/// States that one thread counts at once.
const CHUNK: usize = 1 << 10;

impl BoltzmannMachine {
    /// The exact logarithm of Z = Σ e^(−E(v, h)) over all states, which turns a free energy into a
    /// likelihood; of Gaussian units the sum is an integral. One layer is summed in closed form, and the
    /// states of the other counted, in double precision.
    ///
    /// # Errors
    /// When each layer has more than 2²⁰ states, or the hidden units are noisy rectified ones.
    pub fn log_partition(&self) -> Result<f64, Error> {
        self.check_bernoulli("the partition function")?;
        let hidden = count(std::iter::repeat_n(2, self.rbm.hidden_units));
        if let Some(states) = hidden {
            let columns = self.columns();
            return Ok(self.over_states(states, &|states| self.over_hidden(&columns, states)));
        }
        let groups = self.groups("the partition function of so many hidden units");
        let sizes = |groups: &[[usize; 2]]| count(groups.iter().map(|[_, size]| (*size).max(2)));
        match groups.as_ref().ok().and_then(|groups| sizes(groups)) {
            Some(states) => {
                let groups = groups?;
                Ok(self.over_states(states, &|states| self.over_visible(&groups, states)))
            }
            None => Err(Error::configuration(format!(
                "{} visible and {} hidden units have more than 2²⁰ states each",
                self.rbm.width(),
                self.rbm.hidden_units
            ))
            .with_hint("take estimate_log_partition")),
        }
    }

    /// The logarithm of the sum of the terms whose logarithms `terms` gives of some states.
    fn over_states(
        &self,
        states: usize,
        terms: &(impl Fn(std::ops::Range<usize>) -> Vec<f64> + Sync),
    ) -> f64 {
        let chunks: Vec<f64> = self.workers.install(|| {
            let chunks = (0..states.div_ceil(CHUNK)).into_par_iter();
            chunks
                .map(|chunk| log_sum_exp(&terms(chunk * CHUNK..states.min((chunk + 1) * CHUNK))))
                .collect()
        });
        log_sum_exp(&chunks)
    }

    /// The weights of each hidden unit, one after the other.
    fn columns(&self) -> Vec<f64> {
        let (conditionals, width) = (self.conditionals(), self.rbm.width());
        let mut columns = vec![0.0; width * self.rbm.hidden_units];
        for visible in 0..width {
            for (unit, weight) in conditionals.kernel_row(visible).iter().enumerate() {
                columns[unit * width + visible] = f64::from(*weight);
            }
        }
        columns
    }

    /// Of each of some states of the hidden units: ln Σ over the visible units.
    fn over_hidden(&self, columns: &[f64], states: std::ops::Range<usize>) -> Vec<f64> {
        let conditionals = self.conditionals();
        let width = self.rbm.width();
        let mut fields = vec![0.0; width];
        let mut before = None;
        states
            .map(|state| {
                let mut biases = 0.0;
                let changed = before.map_or(usize::MAX, |before: usize| before ^ state);
                if before.is_none() {
                    for (field, bias) in fields.iter_mut().zip(conditionals.visible_bias) {
                        *field = f64::from(*bias);
                    }
                }
                for unit in 0..self.rbm.hidden_units {
                    let on = state >> unit & 1 == 1;
                    biases += f64::from(conditionals.hidden_bias[unit]) * f64::from(u8::from(on));
                    // From the state before, or from none.
                    let sign = match (changed >> unit & 1 == 1, on, before) {
                        (true, true, _) => 1.0,
                        (true, false, Some(_)) => -1.0,
                        _ => continue,
                    };
                    for (field, weight) in fields.iter_mut().zip(&columns[unit * width..]) {
                        *field += sign * weight;
                    }
                }
                before = Some(state);
                biases + self.visible_log_sum(&fields)
            })
            .collect()
    }

    /// ln Σ exp(Σ vᵢ fᵢ) over the states of the visible units, or the integral for Gaussian ones.
    fn visible_log_sum(&self, fields: &[f64]) -> f64 {
        let (units, labels) = fields.split_at(self.rbm.visible_units);
        let of_groups =
            |fields: &[f64], size: usize| fields.chunks_exact(size).map(log_sum_exp).sum::<f64>();
        let units = match self.rbm.visible {
            Visible::Bernoulli => softplus_sum(units),
            Visible::Softmax { size } => of_groups(units, size),
            Visible::Gaussian => {
                let places = self.places();
                let log_variances = &self.parameters.all[places.log_variance];
                let bias = &self.parameters.all[places.visible_bias];
                let terms = units.iter().zip(bias).zip(log_variances);
                let term = |((mean, bias), log_variance): ((&f64, &f32), &f32)| {
                    let (bias, log_variance) = (f64::from(*bias), f64::from(*log_variance));
                    let gain = 0.5 * (mean * mean - bias * bias) * libm::exp(-log_variance);
                    gain + 0.5 * (libm::log(std::f64::consts::TAU) + log_variance)
                };
                terms.map(term).sum()
            }
        };
        match self.rbm.labels {
            0 => units,
            size => units + of_groups(labels, size),
        }
    }

    /// Of each of some states of the visible units: minus its free energy, in double precision.
    fn over_visible(&self, groups: &[[usize; 2]], states: std::ops::Range<usize>) -> Vec<f64> {
        let conditionals = self.conditionals();
        let mut fields = vec![0.0; self.rbm.hidden_units];
        states
            .map(|mut state| {
                for (field, bias) in fields.iter_mut().zip(conditionals.hidden_bias) {
                    *field = f64::from(*bias);
                }
                let mut biases = 0.0;
                for [first, size] in groups {
                    let choices = (*size).max(2);
                    let choice = state % choices;
                    state /= choices;
                    let unit = match (size, choice) {
                        (1, 0) => continue,
                        (1, _) => *first,
                        _ => first + choice,
                    };
                    biases += f64::from(conditionals.visible_bias[unit]);
                    for (field, weight) in fields.iter_mut().zip(conditionals.kernel_row(unit)) {
                        *field += f64::from(*weight);
                    }
                }
                biases + softplus_sum(&fields)
            })
            .collect()
    }
}

/// Σ ln(1 + eˣ), with a logarithm for many factors of at most 2 at once.
fn softplus_sum(values: &[f64]) -> f64 {
    const FACTORS: usize = 512;
    let blocks = values.chunks(FACTORS).map(|block| {
        let product: f64 = block.iter().map(|x| 1.0 + libm::exp(-x.abs())).product();
        block.iter().map(|x| x.max(0.0)).sum::<f64>() + libm::log(product)
    });
    blocks.sum()
}

/// The product of the sizes, unless it is more than can be counted.
fn count(mut sizes: impl Iterator<Item = usize>) -> Option<usize> {
    let count = sizes.try_fold(1usize, |product, size| product.checked_mul(size));
    count.filter(|states| *states <= MOST_STATES)
}
