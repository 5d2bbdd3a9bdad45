//! What learns from samples alone, or nearly so: on trainers and shared weights.

mod autoencoder;
mod corruption;
mod stacked_autoencoder;
mod variational;

pub use autoencoder::{Autoencoder, AutoencoderTrainer};
pub use corruption::Corruption;
pub use stacked_autoencoder::StackedAutoencoder;
pub use variational::Likelihood;
