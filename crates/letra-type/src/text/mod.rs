//! Lines of text with the statistics of real ones.

mod language;
mod line;

pub(crate) use language::{Language, Script};
pub use line::Texts;
pub(crate) use line::{MARKS, Repertoire};
