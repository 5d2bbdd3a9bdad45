//! Pictures of single glyphs: data sets of them, and any picture brought to their form.

mod arrays;
mod glyph_set;
mod ink;
mod labelled_pictures;
mod nearest;
mod npy;
mod seminar;
mod seminar_split;
mod split;

pub use arrays::{NamedArray, read_arrays};
pub use glyph_set::{
    CHARACTERS, LARGEST_INK, SHIFTS, SIDE, centred_glyph, fitting_size, glyph_set,
};
pub use ink::{Ink, ink_sides, normalise, normalise_at_each};
pub use labelled_pictures::LabelledPictures;
pub use nearest::{nearest_neighbour, nearest_neighbour_accuracy};
pub use seminar::{read_npz, read_npz_bytes};
pub use seminar_split::SEMINAR_TEST;
pub use split::Split;
