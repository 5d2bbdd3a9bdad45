//! Every layer and loss beside a plain double-precision twin: loops that a student can
//! read, with a gradient that finite differences prove.
//!
//! A ReLU or a pooling that is close to deciding otherwise would make a comparison a matter
//! of rounding; `comparison` says how that is kept out.

mod attention;
mod autoencoders;
mod bidirectional;
mod comparison;
mod convolutions;
mod dropped;
mod formulas;
mod graphs;
mod inside;
mod joins;
mod last_axis;
mod layers;
mod losses;
mod networks;
mod noise;
mod normalisation;
mod not_finite;
mod over_steps;
mod pictures;
mod poolings;
mod proof;
mod random_fourier_features;
mod rectifiers;
mod recurrent;
mod scaling;
mod sequences;
mod twins;
