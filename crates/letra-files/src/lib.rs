//! The one door through which letra writes files.
//!
//! - A file is there whole or not at all: [`write_whole`], or [`Draft`] where several files are to
//!   appear together.
//! - What cannot be written is refused before any work: [`check`].
//! - Two processes do not overwrite each other: [`Lock`].
//! - What a process leaves that is killed is removed by the next write to the same folder, and what
//!   one leaves that ends by a signal by [`discard_unfinished`].
//!
//! Links are followed: the link stays, and the file that it leads to is replaced, or made. A file
//! keeps its mode and owner (access control lists and other attributes are not copied). A file
//! that is read-only is refused for everybody, root too, whom the system would let write it: who
//! took the right to write away meant it.
//!
//! Errors are [`std::io::Error`]s that do not name the file; where the reason is letra's own, they
//! hold a [`Problem`]. [`remedy`] says what to do about them.

#![warn(missing_docs)]

mod draft;
mod holder;
mod leftovers;
mod lock;
mod problem;
mod target;
mod unfinished;

pub use draft::{Draft, check, write_whole};
pub use holder::Holder;
pub use leftovers::is_own;
pub use lock::Lock;
pub use problem::{Problem, remedy};
pub use unfinished::{MadeFolders, discard_unfinished};

/// The README's program runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
