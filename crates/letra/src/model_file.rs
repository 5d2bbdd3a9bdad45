//! What letra's own models keep in their files beside the weights: a note of a form of its own.

use letra_nn::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Which models a note makes.
pub(crate) struct Kind {
    /// The note's name.
    pub(crate) note: &'static str,
    /// What such a model is called, with its article.
    pub(crate) name: &'static str,
    /// What a model without the note does not do.
    pub(crate) does: &'static str,
    /// The form of the note; raised when an older letra would misread it.
    pub(crate) format: u32,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Kind {
    /// Reads the note of a loaded network; otherwise says what is wrong with it.
    pub(crate) fn read<T: DeserializeOwned>(&self, network: &Network) -> Result<T, String> {
        let note = self.note;
        let text = network.notes().get(note);
        let text =
            text.ok_or_else(|| format!("it has no note {note}, so it does not {}", self.does))?;
        let unread = |error| format!("its note {note} cannot be read: {error}");
        let Format { format } = serde_json::from_str(text).map_err(unread)?;
        if format != self.format {
            return Err(format!(
                "it is {} of format {format}, but this version of letra reads format {}",
                self.name, self.format
            ));
        }
        serde_json::from_str(text).map_err(unread)
    }
}

/// What is kept, as a note's text.
pub(crate) fn text(notes: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(notes)
        .map_err(|error| Failure::new(format!("cannot write the model: {error}")))
}

/// Why a model's file could not be written.
pub(crate) fn unwritten(error: Error) -> Failure {
    match error {
        Error::Io { path, source } => {
            Failure::unwritable("write the model", &path, &source, "-o FILE")
        }
        error => Failure::network("cannot write the model", &error),
    }
}

/// Why the model of a file cannot be used, and the command that makes one.
pub(crate) fn unusable(problem: &str, command: &str) -> Failure {
    Failure::new(format!("cannot use the model {problem}")).hint(format!(
        "`{command}` makes one; a model of another version must be made again"
    ))
}
