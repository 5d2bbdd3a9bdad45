//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout.

mod bits;
mod convolutions;
mod data;
mod dropout;
mod files;
mod killed;
mod learning;
mod optimizers;
mod prediction;
mod resumed;
mod state;
mod weights;
