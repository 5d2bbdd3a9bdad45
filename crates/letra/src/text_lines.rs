//! The lines of a picture, or why there are none.

use letra_type::{Picture, TextLine, find_lines, runs_vertically};

use crate::failure::Failure;

/// The lines of a picture, at least one.
///
/// # Errors
/// No line was found, or the text runs from top to bottom.
pub(crate) fn text_lines(picture: &Picture) -> Result<Vec<TextLine>, Failure> {
    let lines = find_lines(picture);
    if lines.is_empty() {
        return Err(match runs_vertically(picture) {
            true => Failure::new("its text runs from top to bottom")
                .hint("turn the picture by a quarter"),
            false => no_text(),
        });
    }
    match runs_vertically(picture) {
        true => Err(Failure::new("its text seems to run from top to bottom")
            .hint("turn the picture by a quarter")),
        false => Ok(lines),
    }
}

/// Why a picture without text has no answer.
pub(crate) fn no_text() -> Failure {
    Failure::new("no line of text was found in it")
        .hint("give a picture of a line or more, its letters at least 7 pixels high")
}
