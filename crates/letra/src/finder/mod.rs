//! The finder: where in a picture is text, which way does it run, and how high are its letters?
//!
//! A small network of convolutions looks at the picture at several sizes, each half of the one before
//! it, and says of each cell of 4 × 4 pixels whether it is in a line of text, where that line's baseline
//! is, how high its letters are and which way it is read: a score and a geometry a place as in EAST
//! (X. Zhou and others, EAST: an efficient and accurate scene text detector, CVPR 2017; arXiv:1704.03155),
//! with a baseline in place of a box. Cells that agree on a baseline make a line. It has learnt from
//! scenes that letra draws, see [`learning`].

mod decoding;
pub mod learning;
mod loss;
mod model;
mod network;
mod samples;
mod search;
mod unexplained;

pub use decoding::FoundLine;
pub use model::{Finder, FinderFacts};
