//! The lower bound on the probability of data.

use super::BeliefNetwork;
use super::generating::BELOW;
use crate::learners::rbm::{Draws, log_sum_exp};
use crate::{Error, Tensor};

impl BeliefNetwork {
    /// A lower bound on ln P(v) of each sample of data, `[samples, visible]`: with the distribution Q that the
    /// layers are guessed by, going up,
    ///
    /// ln P(v) ≥ ⟨ln P(v | h¹) + … + ln P(hᴸ⁻² | hᴸ⁻¹) + ln P(hᴸ⁻¹)⟩ + H(Q)
    ///
    /// (Hinton, Osindero and Teh 2006, section 4; Salakhutdinov and Murray 2008). The expectation
    /// is a mean over `draws` draws of Q. ln P(hᴸ⁻¹) = −F − `log_partition`, which is that of the
    /// [last machine](Self::top); label units are summed over.
    ///
    /// # Errors
    /// When the data is such as the visible units cannot have, or there are no draws.
    pub fn lower_bound(
        &self,
        data: &Tensor,
        log_partition: f64,
        draws: usize,
        seed: u64,
    ) -> Result<Vec<f64>, Error> {
        if draws == 0 {
            return Err(Error::configuration("a bound of 0 draws").with_hint("take at least 1"));
        }
        let mut bounds = vec![0.0; data.samples()];
        for draw in 0..draws {
            let mut below = data.clone();
            for (place, layer) in self.layers.iter().enumerate() {
                let draws = Draws {
                    seed,
                    step: draw as u64,
                    transition: BELOW + place,
                };
                layer.recognition.definition().check_data(&below)?;
                let (means, states) = layer.recognition.drawn_above(draws, &below);
                let densities = layer.generative.log_density_below(&states, &below);
                let units = means.sample_values();
                let entropies = means.data().chunks_exact(units).map(entropy);
                for (bound, (density, entropy)) in
                    bounds.iter_mut().zip(densities.iter().zip(entropies))
                {
                    *bound += density + entropy;
                }
                below = states;
            }
            let energies = match self.label_units() {
                0 => self.top.free_energy(&below)?,
                _ => {
                    let of_labels = self.top.energies_of_labels(&below)?;
                    let negated = of_labels
                        .into_iter()
                        .map(|energies| energies.into_iter().map(|e| -e).collect());
                    negated
                        .map(|terms: Vec<f64>| -log_sum_exp(&terms))
                        .collect()
                }
            };
            bounds
                .iter_mut()
                .zip(energies)
                .for_each(|(bound, energy)| *bound -= energy);
        }
        let mean = |bound: f64| bound / draws as f64 - log_partition;
        Ok(bounds.into_iter().map(mean).collect())
    }
}

/// The entropy of independent units that are 1 with the given probabilities.
fn entropy(probabilities: &[f32]) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * libm::log(p) } else { 0.0 };
    let of_unit = |p: &f32| term(f64::from(*p)) + term(1.0 - f64::from(*p));
    probabilities.iter().map(of_unit).sum()
}
