//! letra held to numbers that PyTorch, Keras and scikit-learn computed; `oracle/README.md`
//! at the root of the repository says what they are and how to compute them again.

mod activations;
mod boltzmann;
mod convolutions;
mod ctc;
mod demands;
mod graphs;
mod initializers;
mod layers;
mod losses;
mod metrics;
mod more_layers;
mod normalization;
mod optimizers;
mod pictures;
mod reading;
mod recurrent;
mod schedules;
mod scores;
mod sequences;
mod slides;
mod summaries;
mod training;
