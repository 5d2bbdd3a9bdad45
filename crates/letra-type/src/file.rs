//! Files read within a limit and written whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// The most bytes read of a file: 256 MiB.
pub(crate) const FILE_LIMIT: u64 = 256 << 20;

/// All bytes of a file.
///
/// # Errors
/// The file cannot be read, is empty, or has more than 256 MiB.
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::Read {
        path: path.into(),
        source,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    let file = || path.display().to_string();
    if bytes.is_empty() {
        return Err(Error::EmptyFile { file: file() });
    }
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::FileTooLarge {
            file: file(),
            limit: FILE_LIMIT,
        });
    }
    Ok(bytes)
}

/// Writes a file whole or not at all; what stood there keeps its mode and owner, and a link its
/// target.
///
/// # Errors
/// It is not a file or may not be written; the folder is not there, may not be written or has no
/// room. An older file of that name is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    letra_files::write_whole(path, bytes).map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}
