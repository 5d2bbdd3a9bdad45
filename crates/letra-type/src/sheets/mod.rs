//! Sheets to look at: what fonts look like, and what training sees.

mod specimen;
mod training;

pub use specimen::{MOST_SPECIMENS, specimen};
pub use training::{MOST_SAMPLES, training_sheet};
