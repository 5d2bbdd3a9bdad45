//! What learns from samples alone, or nearly so: restricted Boltzmann machines, belief networks made of them,
//! and autoencoders.
//!
//! [`Rbm`] says what a machine is made of, [`BoltzmannMachine`] is one and answers, [`RbmTrainer`]
//! teaches it, as a [`Network`](crate::Network) and its [`Trainer`](crate::Trainer) do elsewhere.
//! [`Autoencoder`] puts an encoder and a decoder together, which are networks on the same weights.
//! [`DomainAdversarial`] and [`DomainDiscrepancy`] carry what is learnt with labels over to samples of another
//! kind that have none.
//! [`Adversarial`] lets a generator and a discriminator learn from each other.

mod adversarial;
mod autoencoder;
mod corruption;
mod deep_belief;
mod domains;
mod file;
mod measures;
mod rbm;
mod stacked_autoencoder;
mod variational;

pub use adversarial::{
    Adversarial, AdversarialCallback, AdversarialEpoch, AdversarialFit, AdversarialObjective,
    AdversarialScores, AdversarialStep, AdversarialTrainer, Information, Noise, Reconstruction,
    SameNoise, dcgan, dcgan_discriminator, dcgan_generator,
};
pub use autoencoder::{Autoencoder, AutoencoderTrainer};
pub use corruption::Corruption;
pub use deep_belief::{BeliefNetwork, DeepBelief, UpDown};
pub use domains::{DomainAdversarial, DomainDiscrepancy, DomainTrainer};
pub use measures::{
    LogLikelihood, ParzenWindow, PrecisionAndRecall, coral_distance, frechet_distance,
    inception_score, maximum_mean_discrepancy, precision_and_recall,
};
pub use rbm::{
    AnnealedImportanceSampling, BoltzmannMachine, Chains, ContrastiveDivergence, Examples, Hidden,
    LogPartition, Rbm, RbmCallback, RbmEpoch, RbmFit, RbmStep, RbmTrainer, Visible,
};
pub use stacked_autoencoder::StackedAutoencoder;
pub use variational::Likelihood;
