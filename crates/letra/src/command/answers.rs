//! Pictures answered one after another, as they are read.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use letra_type::Picture;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::reader::ReadPicture;
use crate::terminal::{Output, Text, say};

/// The most bytes read of standard input, as of a file.
const MOST_BYTES: u64 = 256 << 20;

/// What the command line calls standard input.
const STANDARD_INPUT: &str = "-";

/// The answer to a picture, in the form that is asked for.
pub(super) enum Answer {
    Table(Text),
    /// One object as JSON text.
    Object(String),
}

/// Which pictures are answered, and how.
pub(super) struct Pictures<'a> {
    pub(super) paths: &'a [PathBuf],
    /// One array, an object a picture.
    pub(super) json: bool,
    /// Whether something else is made of them, too, such as a report: they are then answered even
    /// where nobody reads on.
    pub(super) used: bool,
}

/// A box in the turned picture as an object: its sides in the picture as it was given.
pub(super) fn as_given(read: &ReadPicture<'_>, of_turned: [f32; 4]) -> Value {
    let [left, top, right, bottom] = read.bounds_as_given(of_turned);
    json!({ "left": left, "top": top, "right": right, "bottom": bottom })
}

/// Prints what `answer` says of every picture and its name. One that cannot be answered is named
/// on standard error, and the others go on.
///
/// # Errors
/// Pictures that could not be answered; the reader asked to stop.
pub(super) fn print_all(
    pictures: &Pictures<'_>,
    output: &mut Output,
    interrupt: &Interrupt,
    mut answer: impl FnMut(&str, &Picture) -> Result<Answer, Failure>,
) -> Result<(), Failure> {
    let all = pictures.paths.len();
    let mut answers = Answers { output, printed: 0 };
    let mut failed = 0;
    let mut done = Ok(());
    for (index, path) in pictures.paths.iter().enumerate() {
        if interrupt.requested() {
            done = Err(Failure::interrupted(format!(
                "stopped after {index} of {all} pictures"
            )));
            break;
        }
        // A report is wanted even where what is printed is not read.
        if !answers.output.is_open() && !pictures.used {
            break;
        }
        let name = path.display().to_string();
        let answered = open(path).and_then(|picture| answer(&name, &picture));
        match answered.map_err(|failure| failure.about(path)) {
            Ok(answer) => answers.print(&answer),
            Err(failure) => {
                failed += 1;
                if pictures.json {
                    answers.print(&Answer::Object(as_object(&name, &failure)?));
                }
                match all {
                    1 => done = Err(failure),
                    _ => say(failure.text()),
                }
            }
        }
    }
    if pictures.json {
        answers.close();
    }
    match done {
        Ok(()) if failed > 0 => Err(Failure::new(format!(
            "{failed} of {all} pictures could not be answered"
        ))
        .hint("each is named above, with the reason")),
        done => done,
    }
}

/// Answers on their way to standard output.
struct Answers<'a> {
    output: &'a mut Output,
    printed: usize,
}

impl Answers<'_> {
    fn print(&mut self, answer: &Answer) {
        let is_first = self.printed == 0;
        self.printed += 1;
        match answer {
            Answer::Table(table) => {
                let mut text = Text::new();
                if !is_first {
                    text.line("");
                }
                text.append(table.clone());
                self.output.print(text);
            }
            Answer::Object(json) => self.output.print_element(json, is_first),
        }
    }

    fn close(&mut self) {
        self.output.close_array(self.printed == 0);
    }
}

fn open(path: &Path) -> Result<Picture, Failure> {
    if path != Path::new(STANDARD_INPUT) {
        return Ok(Picture::from_file(path)?);
    }
    const NAME: &str = "standard input";
    let mut bytes = Vec::new();
    io::stdin()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("cannot read {NAME}: {error}")))?;
    match bytes.len() {
        0 => Err(Failure::new(format!("{NAME} is empty"))
            .hint("send it a picture, as in `letra identify - < picture.png` or `letra read - < picture.png`")),
        count if count as u64 > MOST_BYTES => Err(Failure::new(format!(
            "{NAME} holds more than {} MiB",
            MOST_BYTES >> 20
        ))
        .hint("give a smaller picture")),
        _ => Ok(Picture::from_bytes(NAME, &bytes)?),
    }
}

fn as_object(name: &str, failure: &Failure) -> Result<String, Failure> {
    json::text(&json!({
        "picture": name,
        "error": failure.message(),
        "hint": failure.what_to_do(),
    }))
}
