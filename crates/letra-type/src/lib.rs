//! Type as data: fonts in, labelled pictures of text out.
//!
//! [`FontLibrary`] finds the faces that can set Latin text; [`Sampler`] draws windows of lines in
//! them, worn as screenshots, scans and photos are, to learn from; [`find_lines`] finds the lines
//! of any picture and brings them to the same form.
//!
//! Single glyphs are the smaller exercise:
//! [`read_npz`] reads the seminar's data set and [`glyph_set`] draws one of its kind from fonts;
//! [`Split`] says which pictures train and which test; [`normalise`] brings any picture of a glyph
//! to the form of the training data; [`specimen`] shows what fonts look like.
//!
//! ```
//! use letra_type::{Font, Split, glyph_set, nearest_neighbour_accuracy};
//!
//! # fn main() -> letra_type::Result<()> {
//! let fonts = Font::built_in();
//! let pictures = glyph_set(&fonts)?;
//! assert_eq!(pictures.len(), 5 * 62 * 9);
//! assert_eq!(pictures.class_names()[0], "Libertinus Serif");
//!
//! let folds = Split::unseen_characters(&pictures)?;
//! let accuracy = nearest_neighbour_accuracy(&pictures, &folds[0])?;
//! assert!(accuracy > 0.5);
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod error;
mod file;
mod font;
mod glyphs;
mod lines;
mod picture;
mod random;
mod resample;
mod sample;
mod scenes;
mod sheets;
mod text;

pub use error::{Error, Result};
pub use file::write_whole;
pub use font::{
    Bounds, Facts, Font, FontLibrary, LeftOut, LineMetrics, Outline, Reason, Slant, draw_line,
    is_unprintable, line_width,
};
pub use glyphs::{
    CHARACTERS, Ink, LARGEST_INK, LabelledPictures, NamedArray, SEMINAR_TEST, SHIFTS, SIDE, Split,
    centred_glyph, fitting_size, glyph_set, ink_sides, nearest_neighbour,
    nearest_neighbour_accuracy, normalise, normalise_at_each, read_arrays, read_npz,
    read_npz_bytes,
};
pub use lines::{
    LINE_HEIGHT, TextLine, WINDOW_WIDTH, find_line_near, find_lines, letter_height, runs_vertically,
};
pub use picture::Picture;
pub use sample::{
    Distortions, Explained, LineSampler, Origin, Panel, Rule, Sampler, Shadow, Stripes, Stroke,
    Wear, Workbench,
};
pub use scenes::{SCENE_CELL, SCENE_SIDE, SCENE_VALUES, SceneBench, SceneSampler};
pub use sheets::{MOST_SAMPLES, MOST_SPECIMENS, specimen, training_sheet};
pub use text::Texts;

/// The README's program runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
