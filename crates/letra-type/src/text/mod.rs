//! Lines of text with the statistics of real ones.

mod language;
mod line;

pub(crate) use language::Language;
pub(crate) use line::{MARKS, Repertoire};
pub use line::Texts;
