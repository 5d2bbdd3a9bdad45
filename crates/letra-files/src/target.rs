//! Where a file is to stand, and what stands there.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// Links that lead to each other, at most.
const MOST_LINKS: usize = 40;

/// A place that a file can be written to.
#[derive(Debug)]
pub(crate) struct Target {
    /// The place, after links.
    pub(crate) place: PathBuf,
    /// The file that stands there; none where it is to be made.
    pub(crate) existing: Option<Metadata>,
}

impl Target {
    /// Follows links, and refuses what is not a file that may be written.
    pub(crate) fn find(path: &Path) -> io::Result<Self> {
        let ends_with_separator = path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator);
        if ends_with_separator {
            return Err(Problem::NotAFile("folder").into());
        }
        let existing = match fs::metadata(path) {
            Ok(existing) => Some(existing),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(existing) = &existing
            && !existing.is_file()
        {
            return Err(Problem::NotAFile(kind(existing)).into());
        }
        let place = resolve(path)?;
        if place.file_name().is_none() {
            return Err(Problem::NotAFile("folder").into());
        }
        if let Some(existing) = &existing {
            may_be_written(&place, existing)?;
        }
        Ok(Self { place, existing })
    }
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The name of a file of letra's own beside a file: hidden, and short enough for any file system.
pub(crate) fn hidden(name: &OsStr, ending: &str) -> OsString {
    const LONGEST: usize = 200;
    let mut hidden = OsString::from(".");
    match name.len() > LONGEST {
        true => {
            let name = name.to_string_lossy();
            let ends = (0..=LONGEST).rev();
            let mut ends = ends.filter(|&end| name.is_char_boundary(end));
            hidden.push(&name[..ends.next().unwrap_or(0)]);
        }
        false => hidden.push(name),
    }
    hidden.push(ending);
    hidden
}

/// Where the links that a path ends in lead, whether a file is there or not.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&place) else {
            return Ok(place);
        };
        if is_of_a_process(&place) {
            return Err(Problem::NotAFile("stream").into());
        }
        place = folder_of(&place).join(next);
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// Whether a link is one of those to the open files of a process, as `/dev/stdout` is in the end:
/// a file that was put in their place would not be the one that is open.
fn is_of_a_process(link: &Path) -> bool {
    cfg!(target_os = "linux")
        && fs::canonicalize(folder_of(link)).is_ok_and(|folder| folder.starts_with("/proc"))
}

fn may_be_written(place: &Path, existing: &Metadata) -> io::Result<()> {
    if existing.permissions().readonly() {
        return Err(Problem::ReadOnly.into());
    }
    match File::options().write(true).open(place) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Problem::ReadOnly.into()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

#[cfg(unix)]
fn kind(existing: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = existing.file_type();
    match kind {
        _ if kind.is_dir() => "folder",
        _ if kind.is_fifo() => "pipe",
        _ if kind.is_socket() => "socket",
        _ => "device",
    }
}

#[cfg(not(unix))]
fn kind(existing: &Metadata) -> &'static str {
    match existing.is_dir() {
        true => "folder",
        false => "device",
    }
}
