//! Every layer and loss beside a plain double-precision twin: loops that a student can
//! read, with a gradient that finite differences prove.
//!
//! Inputs and weights of the comparisons are multiples of 1/16, so that single and double
//! precision compute the same pre-activations and a ReLU or a pooling decides alike in
//! both, on every machine.

mod comparison;
mod formulas;
mod layers;
mod losses;
mod networks;
mod noise;
mod proof;
mod twins;
