//! `letra read`: the text of a picture.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::answers::{Answer, Pictures, as_given, print_all};
use crate::action::Run;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json;
use crate::reader::{ReadLine, ReadPicture, Reader};
use crate::terminal::Output;

/// Prints the text of a picture
///
/// Takes what `letra identify` takes: a screenshot, a scan, a photo; dark on light or light on dark,
/// one line or many, upright, sideways or upside down, in Latin letters of any typeface, thirteen
/// European languages and those that share their letters. A line of the picture is a line of text. The picture never leaves this machine.
///
/// Pictures are answered one by one as they are read. One that cannot be is reported on standard
/// error, the others are answered, and the exit code is 1.
#[derive(Debug, Args)]
pub(super) struct Read {
    /// Pictures of text; - reads one from standard input
    #[arg(required = true, value_name = "PICTURE")]
    pictures: Vec<PathBuf>,

    /// Model that `letra learn-to-read` wrote; without it, the one that comes with letra
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Print one JSON array, an object a picture: `turned` by how many degrees clockwise the text stands
    /// upright, lines and words, their boxes in the picture as it was given and how sure they are; one
    /// that cannot be read has `error` and `hint`
    #[arg(long)]
    json: bool,
}

impl Run for Read {
    const NAME: &'static str = "read";

    fn run(self, interrupt: &Interrupt) -> Result<(), Failure> {
        let reader = match &self.model {
            Some(file) => Reader::load(file)?,
            None => Reader::built_in()?,
        };
        let pictures = Pictures {
            paths: &self.pictures,
            json: self.json,
            used: false,
        };
        let mut output = Output::default();
        let answered = print_all(&pictures, &mut output, interrupt, |name, picture| {
            let read = reader.read(picture)?;
            Ok(match self.json {
                true => Answer::Object(json::text(&as_object(name, &read))?),
                false => Answer::Table(read.lines.iter().map(ReadLine::text).collect()),
            })
        });
        output.finish().and(answered)
    }
}

fn as_object(name: &str, read: &ReadPicture<'_>) -> Value {
    let bounds = |of_turned: [f32; 4]| as_given(read, of_turned);
    let words = |line: &ReadLine| -> Vec<Value> {
        let word = line.words.iter().map(|word| {
            json!({
                "text": word.text,
                "bounds": bounds(word.bounds),
                "confidence": word.confidence,
            })
        });
        word.collect()
    };
    let lines = read.lines.iter().map(|line| {
        json!({
            "text": line.text(),
            "bounds": bounds(line.line.bounds()),
            "slope": line.line.slope,
            "letter_height": line.line.letter_height,
            "light_on_dark": line.line.light_on_dark,
            "confidence": line.confidence(),
            "words": words(line),
        })
    });
    json!({
        "picture": name,
        "turned": 90 * read.quarters,
        "lines": lines.collect::<Vec<_>>(),
    })
}
