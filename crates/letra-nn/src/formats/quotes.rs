//! Whether the quotes of comma-separated values are sound.

use crate::Error;

/// Where a byte stands.
#[derive(Clone, Copy)]
enum Place {
    FieldStart,
    Field,
    /// Inside quotes.
    Quoted,
    /// After a quote inside quotes: their end, or the first half of a quote that is part of the text.
    Quote,
    /// After blanks that follow the end of the quotes.
    Blank,
}

/// Fails where quotes are not closed, or are closed before the end of a cell (RFC 4180, rules 5 to 7): a
/// quote too many would make one cell of all the rows up to the next quote, or up to the end. Line breaks
/// inside quotes are sound. What a reader makes of quotes must be what is followed here: they count
/// where a cell begins with one.
pub(super) fn check_quotes(text: &[u8]) -> Result<(), Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut place, mut line, mut began, mut previous) = (Place::FieldStart, 1, 1, 0);
    for &byte in text {
        place = match (place, byte) {
            (Place::FieldStart, b'"') => {
                began = line;
                Place::Quoted
            }
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) | (Place::Quote, b'"') => Place::Quoted,
            (_, b',' | b'\n' | b'\r') => Place::FieldStart,
            (Place::Quote | Place::Blank, b' ' | b'\t') => Place::Blank,
            (Place::Quote | Place::Blank, _) => {
                return Err(unsound(format!(
                    "the quote that a cell begins with in line {began} is closed in line {line}, where the cell goes on"
                )));
            }
            (Place::FieldStart | Place::Field, _) => Place::Field,
        };
        // "\r\n" is one end of a line.
        line += usize::from(byte == b'\r' || byte == b'\n' && previous != b'\r');
        previous = byte;
    }
    match place {
        Place::Quoted => Err(unsound(format!(
            "the quote that a cell begins with in line {began} is never closed"
        ))),
        _ => Ok(()),
    }
}

fn unsound(what: String) -> Error {
    Error::data(format!("the table cannot be read: {what}")).with_hint(
        "leave out a quote too many; a quote that is part of the text is written twice, in a cell in quotes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, words: &[&str]) {
        let error = check_quotes(text.as_bytes()).unwrap_err().to_string();
        assert!(
            words.iter().all(|word| error.contains(word)),
            "{text}: {error}"
        );
    }

    #[test]
    fn sound_quotes_are_no_error() {
        for text in [
            "",
            "a,b\n1,2",
            "\u{feff}\"a\",\"b\"\r\n\"1\" ,\"\"\r\n",
            "a,b\n\"several\nlines, and \"\"quotes\"\"\",2\n",
            // In the middle of a cell they stand for themselves.
            "a,b\n5\" wide,6\"\n",
            "\"\"\"\",\"\"\"\"\n",
        ] {
            assert!(check_quotes(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_named_by_its_line() {
        refused(
            "a,b\n1,2\n3,\"4\n5,6\n7,8\n",
            &["in line 3", "never closed", "written twice"],
        );
        refused("a,b\r\n1,\"2\r\n", &["in line 2"]);
        refused("a,b\r1,2\r\"3,4\r", &["in line 3"]);
        refused("\"a,b\n", &["in line 1"]);
        refused("a\n\"1\"\"", &["in line 2"]);
        refused("\u{feff}\"a,b\n1,2\n", &["in line 1"]);
    }

    /// The next quote, which was to begin a cell, closes it.
    #[test]
    fn a_quote_that_swallows_rows_up_to_the_next_is_named_by_its_line() {
        let text = "a,b\n1,2\n\"3,4\n5,6\n7,\"Ghent, old town\"\n";
        refused(text, &["in line 3", "closed in line 5"]);
        refused("a,b\n1,\"x\"y\n", &["in line 2", "closed in line 2"]);
        refused("a,b\n1,\"x\" y\n", &["closed in line 2"]);
    }
}
