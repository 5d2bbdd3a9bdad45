//! What this process has begun and not finished: temporary files, locks, folders for a report.

use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::target::resolve;

#[derive(Debug, PartialEq)]
enum Unfinished {
    File(PathBuf),
    /// Goes only if nothing is in it.
    Folder(PathBuf),
}

static UNFINISHED: Mutex<Vec<Unfinished>> = Mutex::new(Vec::new());
static DISCARDED: AtomicBool = AtomicBool::new(false);

fn unfinished() -> MutexGuard<'static, Vec<Unfinished>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files, the locks and the empty folders that this process has made, for a
/// program that a signal ends. A rename that is under way ends first, so that every file is either
/// the old or the new one.
///
/// To be called from an ordinary thread (not from within a signal handler), just before
/// [`std::process::exit`]: no thread can begin a file after it, nor put one in its place; it waits
/// for the end of the process. A second call does nothing.
pub fn discard_unfinished() {
    if DISCARDED.swap(true, Ordering::SeqCst) {
        return;
    }
    let mut unfinished = unfinished();
    for one in unfinished.drain(..).rev() {
        // It can no longer be reported.
        let _ = match one {
            Unfinished::File(path) => fs::remove_file(path),
            Unfinished::Folder(path) => fs::remove_dir(path),
        };
    }
    mem::forget(unfinished);
}

/// Makes a file that [`discard_unfinished`] is to remove.
pub(crate) fn begin<T, E>(
    make: impl FnOnce() -> Result<T, E>,
    path: impl FnOnce(&T) -> &Path,
) -> Result<T, E> {
    let mut unfinished = unfinished();
    let made = make()?;
    unfinished.push(Unfinished::File(path(&made).to_path_buf()));
    Ok(made)
}

/// Removes a file that was begun; what was discarded is gone already.
pub(crate) fn abandon(path: &Path, remove: impl FnOnce()) {
    if DISCARDED.load(Ordering::SeqCst) {
        return;
    }
    let mut unfinished = unfinished();
    forget(&mut unfinished, path);
    remove();
}

/// Renames files that were begun, up to the first that cannot be; this and what follows is removed.
pub(crate) fn put_in_place(files: Vec<(NamedTempFile, &Path)>) -> io::Result<()> {
    let mut unfinished = unfinished();
    for (file, _) in &files {
        forget(&mut unfinished, file.path());
    }
    for (file, place) in files {
        file.persist(place).map_err(|error| error.error)?;
    }
    Ok(())
}

fn forget(unfinished: &mut Vec<Unfinished>, path: &Path) {
    unfinished.retain(|one| !matches!(one, Unfinished::File(file) if file == path));
}

/// Folders that were made for files to come; dropped, those go that are still empty.
#[derive(Debug)]
pub struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those above it that are not there.
    ///
    /// # Errors
    /// A folder cannot be made; those that could be are gone again.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let folder = resolve(folder)?;
        let is_missing =
            |above: &&Path| !above.as_os_str().is_empty() && fs::symlink_metadata(above).is_err();
        let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
        let mut made = Self(Vec::new());
        for folder in missing.into_iter().rev() {
            made.make_one(folder)?;
        }
        match fs::metadata(&folder)?.is_dir() {
            true => Ok(made),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn make_one(&mut self, folder: &Path) -> io::Result<()> {
        let mut unfinished = unfinished();
        match fs::create_dir(folder) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => {
                unfinished.push(Unfinished::Folder(folder.to_path_buf()));
                self.0.push(folder.to_path_buf());
                Ok(())
            }
        }
    }

    /// The folders stay, whether something is in them or not.
    pub fn keep(mut self) {
        let mut unfinished = unfinished();
        for folder in self.0.drain(..) {
            unfinished.retain(|one| *one != Unfinished::Folder(folder.clone()));
        }
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        if self.0.is_empty() || DISCARDED.load(Ordering::SeqCst) {
            return;
        }
        let mut unfinished = unfinished();
        for folder in self.0.drain(..).rev() {
            let _ = fs::remove_dir(&folder);
            unfinished.retain(|one| *one != Unfinished::Folder(folder.clone()));
        }
    }
}
