//! The arrays of an npz archive, whatever they are of.

use std::io::Cursor;
use std::path::Path;

use super::npy;
use super::seminar::opened;
use crate::error::{Error, Result};
use crate::file::read_whole;

/// The most bytes of an array that is read: 256 MiB.
const LIMIT: usize = 256 << 20;

/// An array of an npz archive, as [`read_arrays`] gives it.
///
/// ```no_run
/// use std::path::Path;
///
/// for array in letra_type::read_arrays(Path::new("windows.npz"))? {
///     println!("{}: {:?}, {} numbers", array.name, array.shape, array.values.len());
/// }
/// # Ok::<(), letra_type::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// Its name, without `.npy`.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Its numbers, row by row, as many as the product of the axes.
    pub values: Vec<f32>,
    /// Whether they were unsigned bytes, as the pixels of pictures are.
    pub are_bytes: bool,
}

/// Reads the arrays of an npz archive that NumPy's `savez` or `savez_compressed` wrote: truth values,
/// whole and fractional numbers in little-endian order, rounded to single precision.
///
/// # Errors
/// The file is missing, empty, larger than 256 MiB, not a zip archive or cut short, or has more than
/// 1,024 files; an array is of another type, stored column by column, or has more than 256 MiB.
pub fn read_arrays(path: &Path) -> Result<Vec<NamedArray>> {
    let file = path.display().to_string();
    let bytes = read_whole(path)?;
    let mut archive = opened(&file, Cursor::new(&bytes[..]), &bytes)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| Error::Archive {
            file: file.clone(),
            reason: error.to_string(),
        })?;
        let Some(name) = entry.name().strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let numbers = npy::read_numbers(&mut entry, LIMIT).map_err(|problem| Error::Array {
            file: file.clone(),
            array: name.clone(),
            problem,
        })?;
        arrays.push(NamedArray {
            name,
            shape: numbers.shape,
            values: numbers.values,
            are_bytes: numbers.are_bytes,
        });
    }
    Ok(arrays)
}
