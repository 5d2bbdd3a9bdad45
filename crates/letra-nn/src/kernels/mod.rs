//! Arithmetic on slices: the inner loops of the layers, one thread, one shard of samples a call.

pub mod convolution;
pub mod gemm;
pub mod pooling;

#[cfg(test)]
mod noise;
