//! Text that is safe to print, whatever it was made of.

use std::borrow::Cow;
use std::fmt;

/// The most characters of a cell of a table.
const WIDEST_CELL: usize = 60;

/// The most characters of a line.
const LONGEST_LINE: usize = 6000;

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
pub(super) fn visible_json(text: &str) -> String {
    let wanted = |one| one != '\n' && is_control(one);
    escaped(text, wanted, |one| format!("\\u{:04x}", u32::from(one)))
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
        let text = visible_json(&serde_json::to_string_pretty(&value).unwrap());
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
