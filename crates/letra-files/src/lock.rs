//! One writer at a time.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::holder::Holder;
use crate::problem::Problem;
use crate::target::{folder_of, hidden, resolve};
use crate::{leftovers, unfinished};

const BETWEEN_TRIES: Duration = Duration::from_millis(20);
/// How long a holder is given to say who it is.
const TO_INTRODUCE: Duration = Duration::from_millis(200);

/// A place that is this process's to write, as long as this lives.
///
/// It is a lock of the operating system on a file `.NAME.letra-lock` beside the file, or
/// `.letra-lock` in the folder, that says who holds it. It goes with the process, however that
/// ends; the lock file of one that was killed is used again, and removed, by the next. Where the
/// file system has no locks, no process is kept out.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Holds a file, after links, whether it is there or not; `by` says for what, such as
    /// `letra learn`.
    ///
    /// # Errors
    /// [`Problem::Held`] where another process or another lock of this one has it; the folder
    /// cannot be written.
    pub fn of_file(path: &Path, by: &str) -> io::Result<Self> {
        Self::wait_for_file(path, by, |_| false)
    }

    /// As [`Lock::of_file`], but waits as long as `patient` says, which is given how long that was
    /// so far.
    ///
    /// # Errors
    /// As [`Lock::of_file`].
    pub fn wait_for_file(
        path: &Path,
        by: &str,
        patient: impl FnMut(Duration) -> bool,
    ) -> io::Result<Self> {
        let place = resolve(path)?;
        let Some(name) = place.file_name() else {
            return Err(Problem::NotAFile("folder").into());
        };
        let folder = folder_of(&place);
        if fs::metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(Problem::NoFolder(folder.to_path_buf()).into());
        }
        wait(&folder.join(hidden(name, leftovers::LOCK)), by, patient)
    }

    /// Holds what is in a folder that is there, and removes temporary files that killed processes
    /// left in it.
    ///
    /// # Errors
    /// As [`Lock::of_file`].
    pub fn of_folder(folder: &Path, by: &str) -> io::Result<Self> {
        let lock = wait(&folder.join(leftovers::LOCK), by, |_| false)?;
        leftovers::remove(folder);
        Ok(lock)
    }

    /// Says in the lock file who holds it; on a full disk the lock holds without.
    fn describe(&self, by: &str) {
        let text = Holder::this_process(by).to_text();
        let _ = self.file.set_len(0);
        let _ = (&self.file).write_all(text.as_bytes());
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held: the next process finds it gone, or locks what is no longer there and
        // tries again.
        unfinished::abandon(&self.path, || {
            let _ = fs::remove_file(&self.path);
        });
    }
}

fn wait(path: &Path, by: &str, mut patient: impl FnMut(Duration) -> bool) -> io::Result<Lock> {
    let mut waited = Duration::ZERO;
    loop {
        match unfinished::begin(|| attempt(path), |lock| &lock.path) {
            Ok(lock) => {
                lock.describe(by);
                return Ok(lock);
            }
            Err(Refusal::Gone) => continue,
            // One that has just come may not have said yet who it is.
            Err(Refusal::Held(holder)) if !holder.is_known() && waited < TO_INTRODUCE => {}
            Err(Refusal::Held(holder)) if !patient(waited) => {
                return Err(Problem::Held(holder).into());
            }
            Err(Refusal::Held(_)) => {}
            Err(Refusal::Failed(error)) => return Err(error),
        }
        thread::sleep(BETWEEN_TRIES);
        waited += BETWEEN_TRIES;
    }
}

/// Why a lock was not taken.
enum Refusal {
    Held(Holder),
    /// The lock file was removed between its opening and its locking.
    Gone,
    Failed(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

fn attempt(path: &Path) -> Result<Lock, Refusal> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        let problem = format!("{} is no lock of letra's", path.display());
        return Err(io::Error::other(problem).into());
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(Refusal::Held(Holder::read(&file))),
        // A file system without locks keeps no process out.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    match fs::symlink_metadata(path) {
        Ok(there) if is_same(&there, &file.metadata()?) => Ok(Lock {
            path: path.to_path_buf(),
            file,
        }),
        _ => Err(Refusal::Gone),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_one: &Metadata, _other: &Metadata) -> bool {
    true
}
