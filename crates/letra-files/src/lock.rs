//! One writer at a time.

use std::fmt;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::problem::Problem;
use crate::target::{folder_of, hidden, resolve};
use crate::{leftovers, unfinished};

pub(crate) const ENDING: &str = ".letra-lock";
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
        wait(&folder.join(hidden(name, ENDING)), by, patient)
    }

    /// Holds what is in a folder that is there, and removes temporary files that killed processes
    /// left in it.
    ///
    /// # Errors
    /// As [`Lock::of_file`].
    pub fn of_folder(folder: &Path, by: &str) -> io::Result<Self> {
        let lock = wait(&folder.join(ENDING), by, |_| false)?;
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
            Err(Refusal::Held(holder)) if holder.known.is_none() && waited < TO_INTRODUCE => {}
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

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Nothing where the lock file does not say.
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    by: String,
    process: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

impl Holder {
    fn this_process(by: &str) -> Self {
        Self {
            known: Some(Known {
                by: by.into(),
                process: std::process::id(),
                host: host(),
                since: now(),
            }),
        }
    }

    fn to_text(&self) -> String {
        let known = self.known.as_ref();
        known.map_or_else(String::new, |known| {
            let Known {
                by,
                process,
                host,
                since,
            } = known;
            format!("{by}\n{process}\n{host}\n{since}\n")
        })
    }

    fn read(file: &File) -> Self {
        const LONGEST: u64 = 1024;
        let mut text = String::new();
        let read = file.take(LONGEST).read_to_string(&mut text);
        Self {
            known: read.ok().and_then(|_| Known::parse(&text)),
        }
    }
}

impl Known {
    /// What [`Holder::to_text`] wrote. The file may be anyone's, and what it says goes to a
    /// terminal.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut word = || {
            let printable = |letter: char| letter.is_ascii_graphic() || letter == ' ';
            lines.next().filter(|line| line.chars().all(printable))
        };
        Some(Self {
            by: word()?.to_owned(),
            process: word()?.parse().ok()?,
            host: word()?.to_owned(),
            since: word()?.parse().ok()?,
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(known) = &self.known else {
            return out.write_str("another process is writing it");
        };
        write!(
            out,
            "`{}` is writing it, process {}",
            known.by, known.process
        )?;
        if known.host != host() {
            write!(out, " on {}", known.host)?;
        }
        match now().saturating_sub(known.since) {
            seconds if seconds < 120 => write!(out, ", for {seconds} s"),
            seconds if seconds < 7200 => write!(out, ", for {} min", seconds / 60),
            seconds => write!(out, ", for {} h", seconds / 3600),
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}

/// The name of this machine; "this machine" where the system does not say.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    match name.trim() {
        "" => "this machine".to_owned(),
        name => name.to_owned(),
    }
}
