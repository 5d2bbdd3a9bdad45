//! Typefaces: their faces, which of them can be used, and what their glyphs look like.

mod draw;
mod face;
mod facts;
mod library;
mod outlines;
mod style;
mod suitability;
mod system_fonts;
mod web_font;

pub use draw::{Bounds, Outline, draw_line, line_width};
pub use face::{Font, LineMetrics};
pub use facts::Facts;
pub use library::{FontLibrary, LeftOut};
pub(crate) use outlines::Outlines;
pub use style::{Slant, is_unprintable};
pub use suitability::Reason;
