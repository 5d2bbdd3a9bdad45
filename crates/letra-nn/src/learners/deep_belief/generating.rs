//! Samples of a belief network.

use super::BeliefNetwork;
use crate::learners::rbm::Draws;
use crate::{Error, Tensor};

impl BeliefNetwork {
    /// Samples `[count, visible]`: the machine of the last two layers goes `steps` steps of Gibbs sampling
    /// from noise, and the layers below are drawn downwards from it (Hinton, Osindero and Teh 2006, section
    /// 7). Of the visible units their expectations are given.
    ///
    /// # Errors
    /// When the count is 0, or more than memory holds.
    pub fn generate(&self, count: usize, steps: usize, seed: u64) -> Result<Tensor, Error> {
        let mut chains = self.top.chains(count, seed)?;
        chains.steps(steps);
        self.below(chains.visible(), chains.expected(), seed)
    }

    /// As [`BeliefNetwork::generate`], a sample for each of the labels, at which the label units are held.
    ///
    /// # Errors
    /// When there are no labels, or there is no such label unit.
    pub fn generate_labelled(
        &self,
        labels: &[u32],
        steps: usize,
        seed: u64,
    ) -> Result<Tensor, Error> {
        let mut chains = self.top.chains(labels.len(), seed)?.clamp_labels(labels)?;
        chains.steps(steps);
        self.below(chains.visible(), chains.expected(), seed)
    }

    /// The expectations of the visible units, `[samples, visible]`, drawn downwards from `states` of the
    /// visible units of the last machine, such as chains have them that are watched ([`top`](Self::top),
    /// [`chains`](crate::learners::BoltzmannMachine::chains)).
    ///
    /// # Errors
    /// When the states are such as the machine's visible units cannot have.
    pub fn down(&self, states: &Tensor, seed: u64) -> Result<Tensor, Error> {
        self.top.definition().check_data(states)?;
        self.below(states, states, seed)
    }

    /// The same; without directed layers, what is given as expectations.
    fn below(&self, states: &Tensor, expected: &Tensor, seed: u64) -> Result<Tensor, Error> {
        let units = self.top.visible_units() - self.label_units();
        let (mut states, mut expected) = (
            first_columns(states, units)?,
            first_columns(expected, units)?,
        );
        for (place, layer) in self.layers.iter().enumerate().rev() {
            let draws = Draws {
                seed,
                step: 0,
                transition: BELOW + place,
            };
            (expected, states) = layer.generative.drawn_below(draws, &states);
        }
        Ok(expected)
    }
}

/// Where transitions of directed layers begin, beyond those of chains.
pub(super) const BELOW: usize = 1 << 10;

/// The first so many columns.
pub(super) fn first_columns(tensor: &Tensor, columns: usize) -> Result<Tensor, Error> {
    let rows = (0..tensor.samples()).flat_map(|row| tensor.sample(row)[..columns].iter().copied());
    Tensor::new([tensor.samples(), columns], rows.collect())
}
