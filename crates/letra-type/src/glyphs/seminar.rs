//! The seminar's data set, and others in its format.
//!
//! An npz archive holds `arr_0`, uint8 `[pictures, height, width]` with ink 255 on 0, and
//! `arr_1`, uint8 `[pictures]`, the class of each. The rows of a picture are stored from the
//! bottom up, as the seminar plots them; they are turned upright on reading.
//!
//! The seminar's own file has 2,790 pictures of 36×36 pixels: five typefaces × 62 characters ×
//! nine shifts. Measured: the ink is anti-aliased (256 levels); its box, in the unshifted picture
//! (the seventh of nine), is centred on the middle of the picture to half a pixel; capitals are
//! 15 to 18 pixels tall and no glyph is wider or taller than 30, so that no shift cuts ink off.

use std::io::{Cursor, Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::glyph_set::{CHARACTERS, SHIFTS, SIDE};
use super::labelled_pictures::LabelledPictures;
use super::npy;
use crate::error::{Error, Result};
use crate::file::read_whole;

/// The most bytes of pictures read: 256 MiB.
const PICTURES_LIMIT: usize = 256 << 20;

/// The most pictures read.
const MOST_PICTURES: usize = 1 << 22;

/// The most files of an archive; a data set has two.
const MOST_FILES: usize = 1024;

/// What the entry of a file begins with in an archive's directory (PKWARE, APPNOTE 4.3.12).
const ENTRY: &[u8] = b"PK\x01\x02";

/// Typefaces in the seminar's file.
const FONTS: usize = 5;

/// Pictures of one typeface in the seminar's file.
const PICTURES_OF_A_FONT: usize = CHARACTERS.len() * SHIFTS.len();

/// The checksum (CRC-32) of the seminar's `arr_0.npy`, by which its typefaces are known.
const SEMINAR_CHECKSUM: u32 = 0x5f5c_0acb;

/// The seminar's typefaces as they look; the file does not name them.
const SEMINAR_CLASSES: [&str; FONTS] = [
    "light roman",
    "condensed slab",
    "unicase Didone",
    "bold slab",
    "outline script",
];

/// Reads a data set from an npz file in the seminar's format.
///
/// Characters and groups are known when the file is laid out as the seminar's is: 2,790 pictures
/// of 36×36, picture `font · 558 + character · 9 + shift`. Classes are then `font 0` to `font 4`,
/// or described by their look if it is the seminar's very file; otherwise `class 0` and so on.
///
/// # Errors
/// The file is missing, empty, larger than 256 MiB, not a zip archive or cut short; an array is
/// missing, of the wrong type or shape, or has more than 256 MiB or 4,194,304 pictures; the labels
/// skip a class; the archive has more than 1,024 files.
pub fn read_npz(path: &Path) -> Result<LabelledPictures> {
    read_npz_bytes(&path.display().to_string(), &read_whole(path)?)
}

/// As [`read_npz`], from the file's bytes; errors call the file by the name given.
///
/// # Errors
/// As [`read_npz`].
pub fn read_npz_bytes(file: &str, bytes: &[u8]) -> Result<LabelledPictures> {
    let mut archive = opened(file, Cursor::new(bytes), bytes)?;
    let (pictures, checksum) = array(&mut archive, file, "arr_0", 3, PICTURES_LIMIT)?;
    let (count, height, width) = (pictures.shape[0], pictures.shape[1], pictures.shape[2]);
    let wrong = |array: &str, problem: String| {
        Err(Error::Array {
            file: file.into(),
            array: array.into(),
            problem,
        })
    };
    if count == 0 || height == 0 || width == 0 {
        return wrong(
            "arr_0",
            format!("has the shape {:?}, no pixels", pictures.shape),
        );
    }
    if count > MOST_PICTURES {
        return wrong(
            "arr_0",
            format!("has {count} pictures, more than {MOST_PICTURES}"),
        );
    }
    let (labels, _) = array(&mut archive, file, "arr_1", 1, count.max(1 << 16))?;
    if labels.bytes.len() != count {
        return wrong(
            "arr_1",
            format!("has {} labels for {count} pictures", labels.bytes.len()),
        );
    }
    let labels: Vec<usize> = labels.bytes.iter().map(|&label| label.into()).collect();
    let classes = labels.iter().max().map_or(0, |&label| label + 1);
    let mut shown = [false; 1 << u8::BITS];
    labels.iter().for_each(|&label| shown[label] = true);
    if let Some(class) = (0..classes).find(|&class| !shown[class]) {
        return wrong(
            "arr_1",
            format!("has labels up to {} but none that is {class}", classes - 1),
        );
    }
    let seminar_layout = (count, height, width) == (FONTS * PICTURES_OF_A_FONT, SIDE, SIDE)
        && labels
            .iter()
            .enumerate()
            .all(|(index, &font)| font == index / PICTURES_OF_A_FONT);
    let mut pixels = pictures.bytes;
    turn_upright(&mut pixels, height, width);
    let names = (0..classes).map(|class| match (seminar_layout, checksum) {
        (true, SEMINAR_CHECKSUM) => SEMINAR_CLASSES[class].to_string(),
        (true, _) => format!("font {class}"),
        (false, _) => format!("class {class}"),
    });
    let data = LabelledPictures::new(height, width, pixels, labels, names.collect())?;
    if !seminar_layout {
        return Ok(data);
    }
    let character = |index: usize| CHARACTERS[index / SHIFTS.len() % CHARACTERS.len()];
    data.with_characters((0..count).map(character).collect())
}

/// An archive that holds so few files that its directory fits into memory; `bytes` are all of it.
pub(super) fn opened<R: Read + Seek>(file: &str, reader: R, bytes: &[u8]) -> Result<ZipArchive<R>> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file.into() });
    }
    let unreadable = |reason: String| Error::Archive {
        file: file.into(),
        reason,
    };
    // The directory takes many times its own bytes in memory.
    let entries = bytes.windows(ENTRY.len()).filter(|bytes| *bytes == ENTRY);
    if entries.take(MOST_FILES + 1).count() > MOST_FILES {
        return Err(unreadable(format!("it has more than {MOST_FILES} files")));
    }
    ZipArchive::new(reader).map_err(|error| unreadable(error.to_string()))
}

/// One array of the archive and its checksum.
fn array(
    archive: &mut ZipArchive<impl Read + Seek>,
    file: &str,
    name: &str,
    axes: usize,
    limit: usize,
) -> Result<(npy::Array, u32)> {
    let mut entry = archive
        .by_name(&format!("{name}.npy"))
        .map_err(|error| match error {
            ZipError::FileNotFound => Error::MissingArray {
                file: file.into(),
                array: name.into(),
            },
            error => Error::Archive {
                file: file.into(),
                reason: error.to_string(),
            },
        })?;
    let array = npy::read(&mut entry, axes, limit).map_err(|problem| Error::Array {
        file: file.into(),
        array: name.into(),
        problem,
    })?;
    Ok((array, entry.crc32()))
}

/// Reverses the rows of each picture.
fn turn_upright(pixels: &mut [u8], height: usize, width: usize) {
    for picture in pixels.chunks_exact_mut(height * width) {
        for row in 0..height / 2 {
            let (upper, lower) = picture.split_at_mut((height - 1 - row) * width);
            upper[row * width..][..width].swap_with_slice(&mut lower[..width]);
        }
    }
}
