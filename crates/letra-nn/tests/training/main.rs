//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout.

mod bits;
mod convolutions;
mod data;
mod dropout;
mod files;
mod graphs;
mod killed;
mod learning;
mod prediction;
mod resumed;
mod state;
