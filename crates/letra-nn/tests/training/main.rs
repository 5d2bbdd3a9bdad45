//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout and
//! the other random layers.

mod bits;
mod data;
mod dropout;
mod files;
mod killed;
mod learning;
mod prediction;
mod random_layers;
mod resumed;
