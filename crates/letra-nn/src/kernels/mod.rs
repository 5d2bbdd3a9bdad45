//! Arithmetic on slices: what the layers, losses and optimizers are made of.
//!
//! A kernel runs on the calling thread, allocates nothing and keeps no state. Matrices are
//! row-major with the samples as rows. The order of every sum follows from the shapes and the
//! data, so a caller that gives each worker its own samples or rows gets the same bits for any
//! number of workers, on every instruction set.
//!
//! Slices must have the length their shape asks for; a kernel panics where they do not, since
//! only a fault of the caller can bring that about.

pub mod activation;
pub mod cells;
pub mod contrast;
pub mod convolution;
pub mod cross_entropy;
pub mod dense;
pub mod drop_connect;
pub mod dropout;
pub mod fourier;
pub mod gaussian;
pub mod gemm;
mod math;
pub mod maxout;
pub mod normalisation;
pub mod optimizer;
pub mod pointwise;
pub mod pooling;
pub mod product;
pub mod reduce;
pub mod resampling;
pub(crate) mod simd;
pub mod sparse;
pub mod squared_error;
pub mod standout;
mod thin;

pub use simd::instruction_set;

#[cfg(test)]
mod noise;
