//! The reader: what do the lines of a picture say?
//!
//! A convolutional network looks along a straightened line, a recurrent one goes over what it saw
//! both ways, and connectionist temporal classification turns its answers into characters
//! (B. Shi, X. Bai, C. Yao, An end-to-end trainable neural network for image-based sequence
//! recognition, IEEE Trans. Pattern Anal. Mach. Intell. 39, 2017; arXiv:1507.05717). It has learnt
//! from lines that letra draws, see [`learning`].

mod found;
pub mod learning;
mod letter_case;
mod model;
mod network;
mod pieces;
mod plausible;
mod reading;
mod samples;
mod upright;

pub use model::{Reader, ReaderFacts};
pub use reading::{ReadLine, ReadWord};
pub use upright::ReadPicture;
