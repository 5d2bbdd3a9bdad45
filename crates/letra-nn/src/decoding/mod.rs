//! What a network that was trained by [`Ctc`](crate::losses::Ctc) says: from probabilities of symbols a
//! step to labels.
//!
//! - [`BestPath`]: the most probable symbol of each step, quick and good where the network is sure
//! - [`BeamSearch`]: the most probable labels, with a [`WordList`] and a [`LanguageModel`] where there
//!   are some, such as [`NGram`]
//! - [`align`]: which steps each of some given labels is said in
//! - [`Alphabet`]: text as labels, and back
//!
//! All take the probabilities of one sample, `[steps, classes]`, row-major, as
//! [`Network::predict`](crate::Network::predict) gives them; of a sequence with padding, those of the
//! steps that count.

mod align;
mod alphabet;
mod beam_search;
mod best_path;
mod language_model;
mod n_gram;
mod prefixes;
mod probabilities;
mod symbol;
mod word_list;

pub use align::align;
pub use alphabet::Alphabet;
pub use beam_search::{BeamSearch, Candidate};
pub use best_path::BestPath;
pub use language_model::LanguageModel;
pub use n_gram::NGram;
pub use symbol::{Symbol, labels};
pub use word_list::WordList;

pub(crate) use best_path::spelled;

#[cfg(test)]
mod tests;
