//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout and
//! the other random layers.

mod activities;
mod annealed_dropout;
mod best_weights;
mod bits;
mod by_hand;
mod callbacks;
mod convolutions;
mod csv_log;
mod ctc;
mod data;
mod demands;
mod diagnosis;
mod directions;
mod drop_connect;
mod dropout;
mod ensemble;
mod files;
mod graphs;
mod inner_losses;
mod instruction_sets;
mod killed;
mod learning;
mod noisy_quadratics;
mod not_finite;
mod optimizers;
mod over_steps;
mod own;
mod parts;
mod prediction;
mod random_layers;
mod rates;
mod recurrent;
mod resumed;
mod sequences;
mod sharing;
mod sources;
mod sparse_inputs;
mod standout;
mod state;
mod tasks;
#[cfg(feature = "tensorboard")]
mod tensor_board;
mod validation;
mod weights;
