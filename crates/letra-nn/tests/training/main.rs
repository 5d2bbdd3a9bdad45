//! Training as a user does it: learning, the same bits again, files, checkpoints, dropout.

mod best_weights;
mod bits;
mod convolutions;
mod csv_log;
mod data;
mod demands;
mod dropout;
mod files;
mod killed;
mod learning;
mod optimizers;
mod prediction;
mod resumed;
mod state;
mod tensor_board;
mod weights;
