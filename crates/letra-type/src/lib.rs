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

mod draw;
mod error;
mod file;
mod font;
mod glyph_set;
mod ink;
mod ink_box;
mod labelled_pictures;
mod library;
mod line_form;
mod lines;
mod nearest;
mod npy;
mod outlines;
mod picture;
mod picture_file;
mod random;
mod resample;
mod sample;
mod seminar;
mod seminar_split;
mod specimen;
mod split;
mod style;
mod suitability;
mod system_fonts;
mod text;
mod training_sheet;
mod transcript;
mod web_font;

pub use draw::{Bounds, LARGEST_SIZE, Outline, draw_line, line_width};
pub use error::{Error, Result};
pub use file::write_whole;
pub use font::{Font, LineMetrics};
pub use glyph_set::{
    CHARACTERS, LARGEST_INK, SHIFTS, SIDE, centred_glyph, fitting_size, glyph_set,
};
pub use ink::{Ink, ink_sides, normalise, normalise_at_each};
pub use labelled_pictures::LabelledPictures;
pub use library::{FontLibrary, LeftOut};
pub use line_form::{BASELINE, LETTER_HEIGHT, LINE_HEIGHT, WINDOW_WIDTH, letter_height};
pub use lines::{TextLine, find_lines, runs_vertically};
pub use nearest::{nearest_neighbour, nearest_neighbour_accuracy};
pub use picture::{LONGEST_SIDE, MOST_PIXELS, Picture};
pub use sample::{Distortions, Explained, Origin, Sampler, Stripes, Wear, Workbench};
pub use seminar::{read_npz, read_npz_bytes};
pub use seminar_split::SEMINAR_TEST;
pub use specimen::{MOST_SPECIMENS, specimen};
pub use split::Split;
pub use style::{Slant, is_unprintable};
pub use suitability::Reason;
pub use text::Texts;
pub use training_sheet::{MOST_SAMPLES, training_sheet};
pub use transcript::{LEAST_FIT, Transcriber, Transcript};
