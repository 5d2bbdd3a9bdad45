//! What is wrong gets an error that says what and what to do; never a panic, a hang, memory
//! without bound, or half a file.

mod architectures;
mod autoencoders;
mod by_hand;
mod checkpoints;
mod convolutions;
mod ctc;
mod data;
mod diverging;
mod dropped;
mod forgery;
mod graphs;
mod inside;
mod layers;
mod losses;
mod models;
mod more_layers;
mod mutations;
mod random_fourier_features;
mod random_layers;
mod rates;
mod rectifiers;
mod recurrent;
mod saving;
mod sequences;
mod settings;
mod sharing;
mod stateful;
mod tasks;
mod weights;

use letra_nn::Error;

/// Fails unless the result is an error whose message has all the parts.
fn assert_refused<T>(what: &str, result: Result<T, Error>, parts: &[&str]) {
    let Err(error) = result else {
        panic!("{what} was accepted");
    };
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{what}: {message:?} lacks {part:?}");
    }
}
