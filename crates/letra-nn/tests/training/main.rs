//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout.

mod annealed_dropout;
mod bits;
mod convolutions;
mod data;
mod drop_connect;
mod dropout;
mod ensemble;
mod files;
mod killed;
mod learning;
mod prediction;
mod resumed;
mod standout;
mod state;
