//! What can go wrong, and what to do about it.

use std::io::ErrorKind;
use std::path::PathBuf;

/// An error of this crate.
///
/// Its text says which file or value is wrong and how; [`Error::hint`] says what to do about it.
///
/// ```
/// use letra_type::{Error, Font};
///
/// let error = Font::from_bytes("mine.ttf", &b""[..], 0).unwrap_err();
/// assert!(matches!(error, Error::EmptyFile { .. }));
/// println!("{error}: {}", error.hint());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file cannot be written; nothing of it was left behind.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file has no bytes.
    #[error("{file} is empty")]
    EmptyFile {
        /// The file.
        file: String,
    },
    /// A file has more bytes than this crate reads.
    #[error("{file} is larger than {limit} bytes")]
    FileTooLarge {
        /// The file.
        file: String,
        /// The most bytes that are read.
        limit: u64,
    },
    /// A file is not a zip archive, or a damaged one.
    #[error("{file} is not an npz archive, or is cut short: {reason}")]
    Archive {
        /// The file.
        file: String,
        /// What the archive's reader says.
        reason: String,
    },
    /// An npz archive lacks an array.
    #[error("{file} holds no array {array}")]
    MissingArray {
        /// The archive.
        file: String,
        /// The array's name, without `.npy`.
        array: String,
    },
    /// An array of an npz archive is damaged or not what a data set needs.
    #[error("array {array} of {file} {problem}")]
    Array {
        /// The archive.
        file: String,
        /// The array's name, without `.npy`.
        array: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Pictures, labels, names and characters do not make a data set.
    #[error("these pictures make no data set: {problem}")]
    DataSet {
        /// What does not fit.
        problem: String,
    },
    /// A file is not a font, or a damaged one.
    #[error("{file} is not a font that can be read: {problem}")]
    Font {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A font lacks a character, or draws nothing for it.
    #[error("{font} {problem} the character {character:?}")]
    Character {
        /// The font's name.
        font: String,
        /// The character.
        character: char,
        /// `has no glyph for`, and the like.
        problem: &'static str,
    },
    /// A size in pixels per em is not a number this crate draws at.
    #[error("type cannot be drawn at {size} pixels per em")]
    Size {
        /// The size asked for.
        size: f32,
    },
    /// A list of fonts is empty or too long.
    #[error("{count} fonts were given, not 1 to {most}")]
    FontCount {
        /// How many were given.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// A file is not a picture of a format that is read, or a damaged one.
    #[error("{file} is not a picture that can be read: {problem}")]
    Picture {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A picture has no pixels or too many.
    #[error("{file} is {width} by {height} pixels")]
    PictureSize {
        /// The file, or `the picture`.
        file: String,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// A picture shows no ink: it is all of one colour, or nearly.
    #[error("the picture shows no ink: {problem}")]
    NoInk {
        /// What it shows.
        problem: String,
    },
    /// Settings of distortions are out of their ranges.
    #[error("samples cannot be drawn with {problem}")]
    Distortions {
        /// Which setting, and what it is.
        problem: String,
    },
    /// A split cannot be made of the data.
    #[error("the data cannot be split: {problem}")]
    Split {
        /// Why not.
        problem: String,
    },
}

impl Error {
    /// What to do about it, one sentence without a full stop.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { source, .. } if source.kind() == ErrorKind::IsADirectory => {
                "name the files in the folder, as in `FOLDER/*`"
            }
            Self::Read { .. } => "check the path, and that the file may be read",
            Self::Write { .. } => "check that the folder exists, may be written and has room",
            Self::EmptyFile { .. } => "copy or download the file again",
            Self::FileTooLarge { .. } => "give a smaller file",
            Self::Archive { .. } => {
                "give a file written by numpy.savez or numpy.savez_compressed; \
                 if it is one, copy it again"
            }
            Self::MissingArray { .. } | Self::Array { .. } => {
                "the archive must hold arr_0, uint8 [pictures, height, width], \
                 and arr_1, uint8 [pictures], the class of each"
            }
            Self::DataSet { .. } => "give each picture one label, and each label a class name",
            Self::Font { .. } => "give a TrueType or OpenType font (.ttf, .otf, .ttc)",
            Self::Character { .. } => {
                "take a font that draws every character asked for; a glyph set asks for 0-9A-Za-z"
            }
            Self::Size { .. } => "give a size above 0 and up to 4096 pixels per em",
            Self::FontCount { .. } => "give at least one font and no more than that",
            Self::Picture { .. } => {
                "give a PNG, JPEG, WebP, GIF, BMP or TIFF file: a picture viewer opens most others \
                 and saves them as PNG"
            }
            Self::PictureSize { .. } => {
                "give a picture of 1 to 65,535 pixels a side and at most 67,108,864 in all, of a PNG four times as many"
            }
            Self::NoInk { .. } => "give a picture of one glyph that stands out from its background",
            Self::Distortions { .. } => {
                "give shares of origins of 0 and more, cap heights from 6 to 120 pixels and a \
                 strength from 0 to 1"
            }
            Self::Split { .. } => "choose a split that fits the data, such as a random one",
        }
    }
}

/// A result of this crate.
///
/// ```
/// use letra_type::{Font, Outline, Result};
///
/// /// Width of a letter's ink at 100 pixels per em, 0 where there is none.
/// fn ink_width(font: &Font, letter: char) -> Result<f32> {
///     let bounds = Outline::of(font, letter, 100.0)?.bounds();
///     Ok(bounds.map_or(0.0, |bounds| bounds.width()))
/// }
/// let font = &Font::built_in()[0];
/// assert!(ink_width(font, 'M')? > ink_width(font, 'i')?);
/// assert_eq!(ink_width(font, ' ')?, 0.0);
/// # Ok::<(), letra_type::Error>(())
/// ```
pub type Result<T> = std::result::Result<T, Error>;
