//! Files read within a limit and written whole.

use std::fs::File;
use std::io::{Read, Write};
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

/// Writes a file whole or not at all: into a temporary file of the same folder, which then takes
/// the file's name.
///
/// # Errors
/// The folder cannot be written or has no room; an older file of that name is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = new_file().tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

/// Temporary files are private; these become files like any other, as far as the umask allows.
fn new_file() -> tempfile::Builder<'static, 'static> {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}
