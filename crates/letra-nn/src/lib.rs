//! Neural networks for the CPU: define, compile, fit. Keras's words, one seed one result.

pub mod kernels;
