//! What learns without labels: restricted Boltzmann machines, and belief networks made of them.
//!
//! [`Rbm`] says what a machine is made of, [`BoltzmannMachine`] is one and answers, [`RbmTrainer`]
//! teaches it, as a [`Network`](crate::Network) and its [`Trainer`](crate::Trainer) do elsewhere.

mod deep_belief;
mod file;
mod rbm;

pub use deep_belief::{BeliefNetwork, DeepBelief, UpDown};
pub use rbm::{
    AnnealedImportanceSampling, BoltzmannMachine, Chains, ContrastiveDivergence, Examples, Hidden,
    LogPartition, Rbm, RbmCallback, RbmEpoch, RbmFit, RbmStep, RbmTrainer, Visible,
};
