//! Files that are there whole or not at all.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::problem::Problem;
use crate::target::{Target, folder_of};
use crate::{leftovers, unfinished};

/// Writes a file whole or not at all: into a temporary file beside it that is synced and then takes
/// its name.
///
/// # Errors
/// What [`check`] finds, or the disk is full. What stood there before is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    Draft::new(path, bytes)?.finish()
}

/// Says before the work whether a file can be written: what stands at `path` is a file that may be
/// written or nothing, its folder can be written, and there is room for `room` bytes beside what is
/// there. Nothing is changed.
///
/// # Errors
/// It cannot: the reason is the error.
pub fn check(path: &Path, room: u64) -> io::Result<()> {
    let mut draft = Draft::begin(path)?;
    let zeros = [0; 1 << 16];
    let mut left = room;
    while left > 0 {
        let some = left.min(zeros.len() as u64);
        draft.file().write_all(&zeros[..some as usize])?;
        left -= some;
    }
    Ok(())
}

/// The contents of a file, written and synced beside the place where [`finish`](Self::finish) puts
/// them. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    /// Taken when it is finished.
    file: Option<NamedTempFile>,
    place: PathBuf,
}

impl Draft {
    /// Writes what the file at `path` will hold.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub fn new(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut draft = Self::begin(path)?;
        draft.file().write_all(bytes)?;
        draft.file().as_file().sync_all()?;
        Ok(draft)
    }

    fn begin(path: &Path) -> io::Result<Self> {
        let Target { place, existing } = Target::find(path)?;
        let folder = folder_of(&place);
        leftovers::remove(folder);
        let file = leftovers::temporary(folder).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Problem::NoFolder(folder.to_path_buf()).into(),
            _ => error,
        })?;
        let mut draft = Self {
            file: Some(file),
            place,
        };
        if let Some(existing) = existing {
            take_after(draft.file(), &existing)?;
        }
        Ok(draft)
    }

    fn file(&mut self) -> &mut NamedTempFile {
        self.file.as_mut().expect("it is not finished yet")
    }

    /// Gives the contents the file's name, in place of what had it.
    ///
    /// # Errors
    /// The file cannot be renamed; what had the name is as it was.
    pub fn finish(self) -> io::Result<()> {
        Self::finish_all([self])
    }

    /// Finishes several, one after the other and at once as far as the system lets it: only what
    /// ends a process without asking comes between them.
    ///
    /// # Errors
    /// A file cannot be renamed; those after it are not.
    pub fn finish_all(drafts: impl IntoIterator<Item = Self>) -> io::Result<()> {
        let mut drafts: Vec<Self> = drafts.into_iter().collect();
        let files = drafts
            .iter_mut()
            .filter_map(|draft| Some((draft.file.take()?, draft.place.as_path())));
        unfinished::put_in_place(files.collect())?;
        let folders: BTreeSet<_> = drafts.iter().map(|draft| folder_of(&draft.place)).collect();
        folders.into_iter().for_each(sync);
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let path = file.path().to_path_buf();
            unfinished::abandon(&path, || drop(file));
        }
    }
}

/// Brings the names in a folder to the disk, as far as the system can: by now the files are there,
/// so an error would be no reason to say that they are not.
fn sync(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

/// Gives a new file the owner and the mode of the one that it replaces.
#[cfg(unix)]
fn take_after(file: &NamedTempFile, existing: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let file = file.as_file();
    let owner = |metadata: &Metadata| (metadata.uid(), metadata.gid());
    if owner(&file.metadata()?) != owner(existing) {
        fchown(file, Some(existing.uid()), Some(existing.gid())).map_err(|_| Problem::Owner)?;
    }
    file.set_permissions(existing.permissions())
}

#[cfg(not(unix))]
fn take_after(_file: &NamedTempFile, _existing: &Metadata) -> io::Result<()> {
    Ok(())
}
