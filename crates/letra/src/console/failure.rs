//! What a command reports when it cannot do its work.

use std::fmt;
use std::path::Path;

use super::text::Text;

/// Why a command stopped: what happened, what to do about it, and the exit code that says so to a
/// script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    exit_code: u8,
}

impl Failure {
    /// Exit code of a command that could not do its work.
    pub const FAILED: u8 = 1;
    /// Exit code of a command that was not written as `--help` says.
    pub const USAGE: u8 = 2;
    /// Exit code of a command that was stopped by `--timeout`.
    pub const TIMED_OUT: u8 = 124;
    /// Exit code of a command that was stopped with Ctrl-C (128 + the number of SIGINT).
    pub const INTERRUPTED: u8 = 130;
    /// Exit code of a command that was stopped by SIGTERM (128 + its number) or SIGHUP.
    pub const TERMINATED: u8 = 143;

    /// A failure of the work itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit_code: Self::FAILED,
        }
    }

    /// A command line that cannot be obeyed.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit_code: Self::USAGE,
            ..Self::new(message)
        }
    }

    /// The reader asked to stop. `what_remains` says what was written and what was not.
    pub fn interrupted(what_remains: impl Into<String>) -> Self {
        Self {
            exit_code: Self::INTERRUPTED,
            ..Self::new(what_remains)
        }
    }

    /// A failure of reading or writing a file.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// A file or folder that cannot be written, and the option that names another.
    pub fn unwritable(doing: &str, path: &Path, error: &std::io::Error, option: &str) -> Self {
        let other = format!("name another with {option}");
        Self::file(doing, path, error).hint(match letra_files::remedy(error) {
            Some(remedy) => format!("{remedy}, or {other}"),
            None => other,
        })
    }

    /// A failure of a network, and what it says to do about it.
    pub fn network(doing: &str, error: &letra_nn::Error) -> Self {
        Self {
            hint: error.hint().map(str::to_owned),
            ..Self::new(format!("{doing}: {}", error.message()))
        }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the file it is about, where the message does not.
    #[must_use]
    pub fn about(mut self, path: &Path) -> Self {
        let path = path.display().to_string();
        if !self.message.contains(&path) {
            self.message = format!("{path}: {}", self.message);
        }
        self
    }

    /// Of a failure by request to stop: what asked for it, where that is to be said.
    pub(crate) fn stopped_by(mut self, exit_code: u8, reason: &str) -> Self {
        if self.exit_code == Self::INTERRUPTED {
            self.exit_code = exit_code;
            if !reason.is_empty() {
                self.message = format!("{reason}: {}", self.message);
            }
        }
        self
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the reader can do about it.
    pub fn what_to_do(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// The lines for a terminal.
    pub fn text(&self) -> Text {
        let mut text = Text::from(format!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            text.line(format!("hint: {hint}"));
        }
        text
    }
}

/// As a terminal shows it.
impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text().to_string().trim_end())
    }
}

impl std::error::Error for Failure {}

impl From<letra_type::Error> for Failure {
    fn from(error: letra_type::Error) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}
