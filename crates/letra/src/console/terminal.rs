//! The only way to standard output and standard error.
//!
//! Names in fonts, models, labels and of files can hold anything, so what is printed is a [`Text`]:
//! lines in which no character moves the cursor, changes a colour or turns the direction of
//! writing. And nothing that happens to a message on its way ends the work: see [`Output`] for
//! standard output and [`say`] for standard error.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::failure::Failure;
use super::json;
use super::text::visible_json;

pub use super::text::{Text, cell};

/// How long a message of progress waits for a reader of standard error.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the reason of an exit code waits for a reader of standard error.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// Standard output. Once it cannot be written, because its reader left or a disk is full, what
/// comes after is left out, and [`finish`](Self::finish) says so when the work is done.
#[derive(Debug, Default)]
pub struct Output {
    failure: Option<io::Error>,
}

impl Output {
    /// Writes lines.
    pub fn print(&mut self, text: impl Into<Text>) {
        self.write(&text.into().to_string());
    }

    /// Writes JSON and a line end.
    pub fn print_json(&mut self, json: &str) {
        self.write(&(visible_json(json) + "\n"));
    }

    /// Writes an element of a JSON array that is begun by its first one.
    pub fn print_element(&mut self, json: &str, is_first: bool) {
        let before = if is_first { "[" } else { "," };
        let element = visible_json(json).replace('\n', "\n  ");
        self.write(&format!("{before}\n  {element}"));
    }

    /// Ends a JSON array.
    pub fn close_array(&mut self, is_empty: bool) {
        self.write(if is_empty { "[]\n" } else { "\n]\n" });
    }

    fn write(&mut self, text: &str) {
        if self.failure.is_none() {
            let mut output = io::stdout().lock();
            let written = output.write_all(text.as_bytes());
            self.failure = written.and_then(|()| output.flush()).err();
        }
    }

    /// Whether what is written still arrives.
    pub fn is_open(&self) -> bool {
        self.failure.is_none()
    }

    /// How it went. A reader that left has seen enough.
    ///
    /// # Errors
    /// Something could not be written, and not because the reader left.
    pub fn finish(self) -> Result<(), Failure> {
        match self.failure {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(&error)),
            _ => Ok(()),
        }
    }
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(format!("cannot write to standard output: {error}"))
        .hint("what is to be kept was written before; make room, or send the output elsewhere")
}

/// Prints lines to standard output.
///
/// # Errors
/// They could not be written, and not because the reader left.
pub fn print(text: impl Into<Text>) -> Result<(), Failure> {
    let mut output = Output::default();
    output.print(text);
    output.finish()
}

/// Prints a value to standard output as JSON, indented.
///
/// # Errors
/// As [`print()`]; the value holds what JSON has no form for.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut output = Output::default();
    output.print_json(&json::text(value)?);
    output.finish()
}

/// Prints clap's help, with its colours where there is a terminal.
pub(crate) fn print_help(help: &clap::Error) -> Result<(), Failure> {
    let written = help.print().and_then(|()| io::stdout().flush());
    let failure = written.err();
    Output { failure }.finish()
}

/// Says on standard error how far the work is or what went wrong with a part of it. Where it
/// is not read, the work goes on after a second.
pub fn say(text: impl Into<Text>) {
    say_within(&text.into(), PATIENCE);
}

/// Says on standard error why the process ends.
pub fn complain(failure: &Failure) {
    say_within(&failure.text(), LAST_PATIENCE);
}

/// Says something on standard error, and waits no longer than `patience` for its reader. What is
/// wrong with standard error is nothing that could be said anywhere.
pub(crate) fn say_within(text: &Text, patience: Duration) {
    /// Messages that have not been read yet.
    static UNREAD: AtomicUsize = AtomicUsize::new(0);
    // One is enough for a reader that does not read, and threads are not without end.
    const MOST_UNREAD: usize = 4;
    if UNREAD.load(Ordering::Relaxed) >= MOST_UNREAD {
        return;
    }
    let text = text.to_string();
    let (done, written) = mpsc::channel();
    UNREAD.fetch_add(1, Ordering::Relaxed);
    let writer = thread::Builder::new().spawn(move || {
        let _ = io::stderr().lock().write_all(text.as_bytes());
        UNREAD.fetch_sub(1, Ordering::Relaxed);
        let _ = done.send(());
    });
    match writer {
        Ok(_) => {
            let _ = written.recv_timeout(patience);
        }
        // No thread, no message; but another may be possible later.
        Err(_) => {
            UNREAD.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
