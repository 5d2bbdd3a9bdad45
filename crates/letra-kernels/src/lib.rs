//! Arithmetic on slices: what the layers, losses and optimizers are made of.
//!
//! A kernel runs on the calling thread, allocates nothing and keeps no state. Matrices are
//! row-major with the samples as rows. The order of every sum follows from the shapes and the
//! data, so a caller that gives each worker its own samples or rows gets the same bits for any
//! number of workers, on every instruction set.
//!
//! Beside it: random numbers that are a function of a key and a place ([`random`]), and memory that
//! begins with a cache line ([`buffer`]). Nothing here knows of networks.
//!
//! This crate is the ground that `letra-nn` stands on, and has no interface of its own for users:
//! what it offers changes as letra-nn needs it.
//!
//! Slices must have the length their shape asks for; a kernel panics where they do not, since
//! only a fault of the caller can bring that about.

#![warn(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod activation;
pub mod binary;
pub mod boltzmann;
pub mod buffer;
pub mod cells;
pub mod convolution;
pub mod cross_entropy;
pub mod ctc;
pub mod dense;
pub mod dropout;
mod few_units;
pub mod gaussian;
pub mod gemm;
mod math;
pub mod normalisation;
pub mod optimizer;
pub mod pointwise;
pub mod pooling;
pub mod random;
pub mod recurrent;
pub mod reduce;
pub mod resampling;
mod simd;
pub mod sparse;

pub use simd::{UnknownInstructionSet, instruction_set, prefetch_to_write};

/// Whether the crate was compiled with optimisation. Without, it is some hundred times slower.
pub const OPTIMISED: bool = !cfg!(unoptimised);

/// Fails where slices that belong together differ in length.
#[track_caller]
#[inline(always)]
fn assert_same_length<A, B>(which: &str, a: &[A], b: &[B]) {
    assert_eq!(a.len(), b.len(), "{which} differ in length");
}

#[cfg(test)]
mod noise;

/// The README's program runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
