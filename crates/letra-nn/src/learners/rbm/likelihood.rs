//! How likely data is: free energies, likelihoods, pseudo-likelihoods.

use super::conditionals::Conditionals;
use super::{BoltzmannMachine, Hidden, Rbm, Visible};
use crate::kernels::boltzmann;
use crate::{Error, Tensor};

/// ln(1 + eˣ)
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// ln Σ eˣ
pub(in crate::learners) fn log_sum_exp(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match most.is_finite() {
        true => most + libm::log(terms.iter().map(|term| libm::exp(term - most)).sum()),
        false => most + terms.iter().sum::<f64>(),
    }
}

/// ln(1 + e^(x − ½)) + ln(1 + e^(x − 3/2)) + …, as far as terms count.
fn stepped_softplus(x: f64) -> f64 {
    const NO_MORE: f64 = -40.0;
    let steps = (0..).map(|step| x - 0.5 - f64::from(step));
    steps.take_while(|x| *x > NO_MORE).map(softplus).sum()
}

impl BoltzmannMachine {
    /// The free energy F(v) of each sample of `data`, `[samples, visible]`: P(v) = e^(−F(v)) / Z.
    ///
    /// F(v) = −Σᵢ aᵢ vᵢ − Σⱼ ln(1 + exp(xⱼ)) with the fields xⱼ of the hidden units; a Gaussian unit has
    /// (vᵢ − aᵢ)² / 2σᵢ² instead of −aᵢ vᵢ. Of a noisy rectified unit the logarithm is the sum over the
    /// Bernoulli units that it stands for; of a Gaussian one it is xⱼ² / 2 + ln √2π.
    ///
    /// # Errors
    /// When the data has other values a sample, or such as the visible units cannot have.
    pub fn free_energy(&self, data: &Tensor) -> Result<Vec<f64>, Error> {
        let fields = self.fields(data)?;
        let conditionals = self.conditionals();
        let rows = data.data().chunks_exact(self.rbm.width());
        let fields = fields.data().chunks_exact(self.rbm.hidden_units);
        let energy = |(visible, fields)| {
            self.rbm.visible_energy(&conditionals, visible) - self.rbm.hidden_sum(fields)
        };
        Ok(rows.zip(fields).map(energy).collect())
    }

    /// ln P(v) of each sample: −F(v) − `log_partition`, of which [`BoltzmannMachine::log_partition`] has
    /// the exact value and [`BoltzmannMachine::estimate_log_partition`] an estimate. Of Gaussian units it
    /// is the logarithm of a density.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::free_energy`].
    pub fn log_likelihood(&self, data: &Tensor, log_partition: f64) -> Result<Vec<f64>, Error> {
        let energies = self.free_energy(data)?;
        Ok(energies
            .into_iter()
            .map(|energy| -energy - log_partition)
            .collect())
    }

    /// The pseudo-likelihood of each sample, Σᵢ ln P(vᵢ | all other units) (Besag 1975), over all units, or
    /// groups of them where they are softmax groups. It costs as much as a free energy for each unit.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::free_energy`]; the visible units are Gaussian.
    pub fn pseudo_likelihood(&self, data: &Tensor) -> Result<Vec<f64>, Error> {
        let fields = self.fields(data)?;
        let groups = self.groups("the pseudo-likelihood")?;
        let conditionals = self.conditionals();
        let hidden = self.rbm.hidden_units;
        let mut sums = vec![0.0; data.samples()];
        self.workers.install(|| {
            use rayon::prelude::*;
            let of_samples = sums.par_iter_mut().enumerate();
            of_samples.for_each(|(sample, sum)| {
                let fields = &fields.data()[sample * hidden..(sample + 1) * hidden];
                let mut other = Vec::new();
                for group in &groups {
                    *sum += self.conditional(
                        &conditionals,
                        data.sample(sample),
                        fields,
                        group,
                        &mut other,
                    );
                }
            });
        });
        Ok(sums)
    }

    /// What scikit-learn calls the score of samples: V ln σ(F(v′) − F(v)) of each, where v′ is the sample
    /// with the one unit of `flips` changed to 1 − v, and V the number of visible units. Of a unit drawn at
    /// random this is the pseudo-likelihood in expectation.
    ///
    /// # Errors
    /// As [`BoltzmannMachine::free_energy`]; there is not a unit for each sample, or the visible units are
    /// not all Bernoulli.
    pub fn pseudo_likelihood_of_flips(
        &self,
        data: &Tensor,
        flips: &[usize],
    ) -> Result<Vec<f64>, Error> {
        let width = self.rbm.width();
        if self.rbm.visible != Visible::Bernoulli || self.rbm.labels > 0 {
            return Err(Error::configuration("only Bernoulli units can be flipped")
                .with_hint("take pseudo_likelihood"));
        }
        self.check_data(data)?;
        if flips.len() != data.samples() || flips.iter().any(|unit| *unit >= width) {
            return Err(Error::data(format!(
                "there are {} units to flip for {} samples of {width} units",
                flips.len(),
                data.samples()
            ))
            .with_hint("give one for each sample, numbered from 0"));
        }
        let mut flipped = data.clone();
        for (sample, unit) in flips.iter().enumerate() {
            let value = &mut flipped.data_mut()[sample * width + unit];
            *value = 1.0 - *value;
        }
        let (before, after) = (self.free_energy(data)?, self.free_energy(&flipped)?);
        let score = |(before, after)| -(width as f64) * softplus(before - after);
        Ok(before.iter().zip(&after).map(score).collect())
    }

    /// First unit and size of each group of visible units that is drawn as one; a Bernoulli unit is a group
    /// of size 1.
    pub(super) fn groups(&self, what: &str) -> Result<Vec<[usize; 2]>, Error> {
        let (units, labels) = (self.rbm.visible_units, self.rbm.labels);
        let size = match self.rbm.visible {
            Visible::Bernoulli => 1,
            Visible::Softmax { size } => size,
            Visible::Gaussian => {
                return Err(Error::configuration(format!(
                    "{what} is not known for Gaussian units"
                ))
                .with_hint("take free_energy, or log_likelihood"));
            }
        };
        let mut groups: Vec<[usize; 2]> =
            (0..units).step_by(size).map(|unit| [unit, size]).collect();
        if labels > 0 {
            groups.push([units, labels]);
        }
        Ok(groups)
    }

    /// ln P(group | the rest) = Σ v ln p, with the probabilities p that the group has given the rest.
    fn conditional(
        &self,
        conditionals: &Conditionals<'_>,
        visible: &[f32],
        fields: &[f32],
        group: &[usize; 2],
        other: &mut Vec<f32>,
    ) -> f64 {
        let [first, size] = *group;
        let row = |unit: usize| conditionals.kernel_row(unit);
        if size == 1 {
            // F with the unit at 1 less F with it at 1 − v, for v and for 1 − v as scikit-learn has it.
            let (v, turned) = (visible[first], 1.0 - 2.0 * visible[first]);
            other.clear();
            other.extend(fields.iter().zip(row(first)).map(|(x, w)| x + turned * w));
            let bias = f64::from(conditionals.visible_bias[first]);
            let rise = bias * f64::from(1.0 - 2.0 * v) + self.rbm.hidden_sum(other)
                - self.rbm.hidden_sum(fields);
            return -softplus(rise);
        }
        let units = first..first + size;
        let mut scores = Vec::with_capacity(size);
        for unit in units.clone() {
            other.clear();
            other.extend_from_slice(fields);
            for known in units.clone() {
                let change = f32::from(u8::from(known == unit)) - visible[known];
                if change != 0.0 {
                    other
                        .iter_mut()
                        .zip(row(known))
                        .for_each(|(x, w)| *x += change * w);
                }
            }
            scores.push(f64::from(conditionals.visible_bias[unit]) + self.rbm.hidden_sum(other));
        }
        let all = log_sum_exp(&scores);
        let terms = scores.iter().zip(&visible[units]);
        terms.map(|(score, v)| f64::from(*v) * (score - all)).sum()
    }
}

impl Rbm {
    /// What the visible units add to the free energy.
    pub(super) fn visible_energy(&self, conditionals: &Conditionals<'_>, visible: &[f32]) -> f64 {
        let bias = conditionals.visible_bias;
        if self.visible != Visible::Gaussian {
            return -boltzmann::dot(bias, visible);
        }
        let units = self.visible_units;
        let term = |unit: usize| {
            let distance = f64::from(visible[unit]) - f64::from(bias[unit]);
            0.5 * distance * distance * f64::from(conditionals.precisions[unit])
        };
        (0..units).map(term).sum::<f64>() - boltzmann::dot(&bias[units..], &visible[units..])
    }

    /// Σⱼ ln Σ exp(hⱼ xⱼ) over the states of the hidden units; of Gaussian ones the integral.
    pub(super) fn hidden_sum(&self, fields: &[f32]) -> f64 {
        match self.hidden {
            Hidden::Bernoulli => boltzmann::softplus_sum(1.0, fields),
            Hidden::NoisyRectified => fields.iter().map(|x| stepped_softplus(f64::from(*x))).sum(),
            Hidden::Gaussian => {
                let constant = fields.len() as f64 * libm::log(std::f64::consts::TAU);
                0.5 * (boltzmann::dot(fields, fields) + constant)
            }
        }
    }
}
