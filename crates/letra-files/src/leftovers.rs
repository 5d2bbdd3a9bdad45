//! Temporary files of processes that were killed.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::unfinished;

/// How the name of a lock ends.
pub(crate) const LOCK: &str = ".letra-lock";
const PREFIX: &str = ".letra-";
const SUFFIX: &str = ".tmp";
/// Letters and digits after the number of the process.
const RANDOM: usize = 8;

/// Makes a temporary file in a folder. It is locked as long as it is open, which tells it from
/// what a killed process left.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    const TRIES: usize = 20;
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM);
    // With the mode of any new file, not the private one of tempfile's own.
    let new = |path: &Path| {
        let mut options = File::options();
        options.read(true).write(true).create_new(true).open(path)
    };
    for _ in 0..TRIES {
        let file = unfinished::begin(|| builder.make_in(folder, new), NamedTempFile::path)?;
        // Between its making and its locking another process may take it for a leftover.
        let taken = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock))
            || fs::symlink_metadata(file.path()).is_err();
        if !taken {
            return Ok(file);
        }
        let path = file.path().to_path_buf();
        unfinished::abandon(&path, || drop(file));
    }
    Err(io::Error::other("its temporary files disappear"))
}

/// Removes temporary files from a folder whose processes are no more; what cannot be removed stays,
/// and where the file system has no locks, everything.
pub(crate) fn remove(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_temporary(&entry.file_name()) {
            remove_unless_alive(&entry.path());
        }
    }
}

fn remove_unless_alive(path: &Path) {
    let Ok(file) = File::options().read(true).write(true).open(path) else {
        return;
    };
    if file.try_lock().is_ok() {
        let _ = fs::remove_file(path);
    }
}

/// Whether a name is one that only this crate gives: of a temporary file, or of a lock.
pub fn is_own(name: &OsStr) -> bool {
    is_temporary(name) || name.to_string_lossy().ends_with(LOCK)
}

/// Whether a name is one that [`temporary`] gives.
fn is_temporary(name: &OsStr) -> bool {
    let parts = name.to_str().and_then(|name| {
        name.strip_prefix(PREFIX)?
            .strip_suffix(SUFFIX)?
            .split_once('-')
    });
    parts.is_some_and(|(process, random)| {
        process.parse::<u32>().is_ok()
            && random.len() == RANDOM
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_its_own_are_told_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = temporary(folder.path()).unwrap();
        assert!(is_temporary(file.path().file_name().unwrap()));
        for other in [
            ".letra-12-abcdefgh",
            ".letra-12-abcdefg.tmp",
            ".letra-x-abcdefgh.tmp",
            ".letra-12-abc.efgh.tmp",
            ".letra-lock",
            ".tmpabcdef",
            "letra-12-abcdefgh.tmp",
        ] {
            assert!(!is_temporary(OsStr::new(other)), "{other}");
        }
    }
}
