//! Why a file is not written, and what to do about it.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;

use crate::holder::Holder;

/// A reason of letra's own not to write a file. It is found in an [`Error`] as
/// [`Error::get_ref`] gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// What has the name is a folder, a device, a pipe, a socket or a stream.
    #[error("it is a {0}, not a file")]
    NotAFile(&'static str),
    /// The file may not be written.
    #[error("it is read-only")]
    ReadOnly,
    /// The file belongs to a user or group whose it would not be any more.
    #[error("it belongs to another user or group, and would not any more")]
    Owner,
    /// The folder is not there.
    #[error("the folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
    /// Another process is writing it.
    #[error("{0}")]
    Held(Holder),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let kind = match problem {
            Problem::NotAFile("folder") => ErrorKind::IsADirectory,
            Problem::NotAFile(_) => ErrorKind::InvalidInput,
            Problem::ReadOnly | Problem::Owner => ErrorKind::PermissionDenied,
            Problem::NoFolder(_) => ErrorKind::NotFound,
            Problem::Held(_) => ErrorKind::ResourceBusy,
        };
        Self::new(kind, problem)
    }
}

/// What to do about an error of this crate, as an imperative without a full stop; nothing where
/// there is only another place to name.
pub fn remedy(error: &Error) -> Option<&'static str> {
    let problem = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Problem>());
    match (problem, error.kind()) {
        (Some(Problem::ReadOnly), _) => Some("make it writable with `chmod u+w`"),
        (Some(Problem::NoFolder(_)), _) => Some("make the folder"),
        (Some(Problem::Held(_)), _) => Some("wait until that is done"),
        (Some(_), _) => None,
        (None, ErrorKind::PermissionDenied) => Some("make its folder writable"),
        (None, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            Some("make room")
        }
        (None, _) => None,
    }
}
