//! The only way to standard output and standard error.
//!
//! Names in fonts, models, labels and of files can hold anything, so what is printed is a [`Text`]:
//! lines in which no character moves the cursor, changes a colour or turns the direction of
//! writing. And nothing that happens to a message on its way ends the work: see [`Output`] for
//! standard output and [`say`] for standard error.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;
use crate::report::json;

/// The most characters of a cell of a table.
const WIDEST_CELL: usize = 60;

/// The most characters of a line.
const LONGEST_LINE: usize = 6000;

/// How long a message of progress waits for a reader of standard error.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the reason of an exit code waits for a reader of standard error.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// Lines for a terminal, whatever they were made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<String>);

impl Text {
    /// No line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one line. Control characters in it, line ends among them, are written as `\u{…}`.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.0
            .push(shortened(&visible(line.as_ref()), LONGEST_LINE).into_owned());
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line.
impl<T: AsRef<str>> From<T> for Text {
    fn from(line: T) -> Self {
        let mut text = Self::new();
        text.line(line);
        text
    }
}

/// A line each.
impl<T: AsRef<str>> FromIterator<T> for Text {
    fn from_iter<I: IntoIterator<Item = T>>(lines: I) -> Self {
        let mut text = Self::new();
        lines.into_iter().for_each(|line| text.line(line));
        text
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// A name as a table shows it: control characters written as `\u{…}`, and no more characters than
/// a column is wide.
pub fn cell(name: &str) -> String {
    shortened(&visible(name), WIDEST_CELL).into_owned()
}

/// A text of one line, control characters written as `\u{…}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(is_control) {
        true => Cow::Owned(escaped(text, is_control, |one| {
            one.escape_unicode().to_string()
        })),
        false => Cow::Borrowed(text),
    }
}

fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        // Of the last character the sign for what is left out takes the place.
        Some(_) => {
            let kept: String = text.chars().take(most - 1).collect();
            Cow::Owned(kept + "…")
        }
        None => Cow::Borrowed(text),
    }
}

fn escaped(text: &str, wanted: fn(char) -> bool, escape: impl Fn(char) -> String) -> String {
    let mut all = String::with_capacity(text.len());
    for one in text.chars() {
        match wanted(one) {
            true => all += &escape(one),
            false => all.push(one),
        }
    }
    all
}

/// Whether a character does something else than stand in its place: C0, DEL and C1; the line and
/// paragraph separators; the marks, embeddings, overrides and isolates of Unicode's bidirectional
/// algorithm.
fn is_control(one: char) -> bool {
    one.is_control()
        || matches!(
            one,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// JSON in which control characters, which may stand in its strings alone, are written as `\uXXXX`:
/// the same values.
fn visible_json(text: &str) -> String {
    let wanted = |one| one != '\n' && is_control(one);
    escaped(text, wanted, |one| format!("\\u{:04x}", u32::from(one)))
}

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

/// Says on standard error how far the work is or what went wrong with a part of it. Where nobody
/// reads it, the work goes on after a second.
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
    /// Messages that nobody has read yet.
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31mb\nc\rd\u{7f}\u{9b}2J\u{202e}e\u{2028}f\u{2066}";

    #[test]
    fn what_controls_a_terminal_is_made_visible() {
        let text = Text::from(HOSTILE).to_string();
        assert_eq!(
            text,
            "a\\u{1b}[31mb\\u{a}c\\u{d}d\\u{7f}\\u{9b}2J\\u{202e}e\\u{2028}f\\u{2066}\n"
        );
        let twice = Text::from(text.trim_end()).to_string();
        assert_eq!(twice, text);
        let plain = "Ünïcode — 漢字 עברית é";
        assert_eq!(Text::from(plain).to_string(), format!("{plain}\n"));
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!([{ "name": HOSTILE }]);
        let text = visible_json(&json::text(&value).unwrap());
        assert!(
            !text.contains(|one| one != '\n' && is_control(one)),
            "{text}"
        );
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn names_and_lines_have_an_end() {
        let long = "é".repeat(70_000);
        assert_eq!(cell(&long).chars().count(), WIDEST_CELL);
        assert!(cell(&long).ends_with("é…"));
        assert_eq!(cell(&"é".repeat(WIDEST_CELL)), "é".repeat(WIDEST_CELL));
        assert_eq!(
            Text::from(long).to_string().chars().count(),
            LONGEST_LINE + 1
        );
    }

    #[test]
    fn a_text_is_the_lines_it_was_given() {
        let mut text: Text = ["one", "two\nthree"].into_iter().collect();
        text.append(Text::from("four"));
        assert_eq!(text.to_string(), "one\ntwo\\u{a}three\nfour\n");
        assert!(Text::new().is_empty() && Text::new().to_string().is_empty());
    }
}
