//! Guides: from a first network to a layer of one's own, and what Keras's words are here.
//!
//! Pages that are read from the top:
//!
//! 1. [`first_network`]: data, layers, training, a saved model
//! 2. [`binary_multi_label_regression`]: which loss and metrics go with which task
//! 3. [`models`]: several inputs and outputs, shared layers
//! 4. [`weights_networks_trainers`]: shared weights, many threads, a step by hand
//! 5. [`sequences`]: lengths, masks, and what each layer does with them
//! 6. [`transfer_learning`]: what one network has learnt, in another
//! 7. [`boltzmann_machines`]: learning without labels; belief networks
//! 8. [`autoencoders`]: what samples without labels teach
//! 9. [`adversarial`]: a generator that learns from a discriminator
//! 10. [`backpropagation`]: every gradient by hand
//! 11. [`adding_a_layer`]: a layer of your own, and its proof
//!
//! and one to look things up in: [`keras`], Keras's names and letra's side by side.
//!
//! Their links are the pages' own where these are read as files, and those of `links.md` here.

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/adding-a-layer.md")]
pub mod adding_a_layer {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/adversarial.md")]
pub mod adversarial {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/autoencoders.md")]
pub mod autoencoders {}

/// The formulas are LaTeX, and stand here as they are written.
///
#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/backpropagation.md")]
pub mod backpropagation {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/binary-multi-label-regression.md")]
pub mod binary_multi_label_regression {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/boltzmann-machines.md")]
pub mod boltzmann_machines {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/first-network.md")]
pub mod first_network {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/keras.md")]
pub mod keras {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/models.md")]
pub mod models {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/sequences.md")]
pub mod sequences {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/transfer-learning.md")]
pub mod transfer_learning {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../../docs/weights-networks-trainers.md")]
pub mod weights_networks_trainers {}

#[cfg(test)]
mod tests;
