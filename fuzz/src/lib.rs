//! Sound files, the ways to damage them, and all that letra does with one.

mod archive;
pub mod damage;
#[path = "../../crates/letra-type/tests/helpers/font_file.rs"]
mod font_file;
mod kinds;
#[cfg(feature = "woff2")]
#[path = "../../crates/letra-type/tests/helpers/web_font_file.rs"]
mod web_font_file;

pub use archive::npz;
pub use kinds::{Answer, Kind};
