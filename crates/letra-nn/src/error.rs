//! What can go wrong, and what to do about it.

use std::path::{Path, PathBuf};

use crate::shape::Shape;

/// Everything that can go wrong in this crate.
///
/// Its text names the layer, tensor or file, says what was found and what was wanted, and after a
/// colon what to do about it. [`message`](Self::message) is the text without that,
/// [`hint`](Self::hint) that alone.
///
/// ```
/// use letra_nn::prelude::*;
///
/// let error = Sequential::new([784]).add(Conv2d::new(8, 3)).build(0).err().unwrap();
/// assert!(matches!(error, Error::Build { .. }));
/// assert_eq!(error.hint(), Some("add Reshape before it"));
/// assert!(error.to_string().ends_with("add Reshape before it"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A layer does not fit where it stands, or its configuration makes no sense.
    #[error("{message}{}", after_colon(hint))]
    Build {
        /// Name of the layer; none where it is about the network as a whole.
        layer: Option<String>,
        /// Kind of the layer, such as "dense".
        kind: Option<&'static str>,
        /// Shapes that the layer was given.
        inputs: Vec<Shape>,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A hyper-parameter is out of its range.
    #[error("{message}{}", after_colon(hint))]
    Configuration {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Tensors, labels or shapes that do not belong together.
    #[error("{message}{}", after_colon(hint))]
    Data {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// An array has another shape than is wanted.
    #[error("{message}{}", after_colon(hint))]
    Shape {
        /// The shape that is wanted.
        wanted: Vec<usize>,
        /// The shape that is given.
        given: Vec<usize>,
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file holds something other than what was expected.
    #[error("{}: {message}{}", path.display(), after_colon(hint))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The loss is no longer a number.
    #[error("the loss became {loss} in step {step}; {place}: {LOWER_RATE}")]
    Diverged {
        /// Value of the loss.
        loss: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Which layer's output, gradient or parameter is the first that is not finite.
        place: String,
    },
    /// A gradient or parameter is no longer a number, though the loss still was.
    #[error("{place} after step {step}, whose loss was {loss}: {LOWER_RATE}")]
    NotFinite {
        /// Value of the loss before the step.
        loss: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Which layer's gradient or parameter is the first that is not finite.
        place: String,
    },
    /// A callback failed for a reason of its own.
    #[error("{message}{}", after_colon(hint))]
    Callback {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

/// What to do about a loss, gradient or parameter that is no longer a number.
const LOWER_RATE: &str = "the learning rate is too high for this network; try a tenth of it";

/// A hint as it stands at the end of a message.
fn after_colon(hint: &Option<String>) -> String {
    hint.as_ref()
        .map_or(String::new(), |hint| format!(": {hint}"))
}

impl Error {
    /// The network as a whole cannot be built.
    pub(crate) fn build(message: impl Into<String>) -> Self {
        Self::Build {
            layer: None,
            kind: None,
            inputs: Vec::new(),
            message: message.into(),
            hint: None,
        }
    }

    /// A hyper-parameter is out of its range.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration {
            message: message.into(),
            hint: None,
        }
    }

    /// Tensors, labels or shapes do not belong together.
    pub fn data(message: impl Into<String>) -> Self {
        Self::Data {
            message: message.into(),
            hint: None,
        }
    }

    /// An array has another shape than is wanted.
    pub(crate) fn shape(wanted: &[usize], given: &[usize], message: impl Into<String>) -> Self {
        Self::Shape {
            wanted: wanted.to_vec(),
            given: given.to_vec(),
            message: message.into(),
            hint: None,
        }
    }

    /// A callback failed for a reason of its own.
    pub fn callback(message: impl Into<String>) -> Self {
        Self::Callback {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn file(path: &Path, message: impl Into<String>) -> Self {
        Self::File {
            path: path.to_path_buf(),
            message: message.into(),
            hint: None,
        }
    }

    /// Says what to do about it, one sentence without a full stop. Errors of the operating system
    /// and of a training that diverged keep theirs.
    #[must_use]
    pub fn with_hint(mut self, what_to_do: impl Into<String>) -> Self {
        if let Self::Build { hint, .. }
        | Self::Configuration { hint, .. }
        | Self::Data { hint, .. }
        | Self::Shape { hint, .. }
        | Self::File { hint, .. }
        | Self::Callback { hint, .. } = &mut self
        {
            *hint = Some(what_to_do.into());
        }
        self
    }

    /// The same about a part of what was given, which it names; for data alone.
    pub(crate) fn of(mut self, part: &str) -> Self {
        if let Self::Data { message, .. } = &mut self {
            *message = format!("{part}: {message}");
        }
        self
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        let text = self.to_string();
        match self.hint() {
            Some(hint) => text[..text.len() - hint.len() - ": ".len()].to_owned(),
            None => text,
        }
    }

    /// What to do about it, where there is one thing to do.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Build { hint, .. }
            | Self::Configuration { hint, .. }
            | Self::Data { hint, .. }
            | Self::Shape { hint, .. }
            | Self::File { hint, .. }
            | Self::Callback { hint, .. } => hint.as_deref(),
            Self::Diverged { .. } | Self::NotFinite { .. } => Some(LOWER_RATE),
            Self::Io { .. } => None,
        }
    }
}

/// Why a layer cannot be built on the inputs it is given.
///
/// ```
/// use letra_nn::BuildError;
///
/// let error = BuildError::configuration("has bend -1").with_hint("choose a number above 0");
/// assert!(matches!(error, BuildError::Configuration { .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The shape of an input does not suit the layer.
    Input {
        /// What the layer wants, such as "a flat input".
        wants: String,
        /// What to do, such as "add Flatten between them".
        hint: String,
    },
    /// The layer's own configuration is wrong, whatever the input.
    Configuration {
        /// What is wrong, such as "has 0 units".
        message: String,
        /// What to do, such as "give it at least 1".
        hint: Option<String>,
    },
}

impl BuildError {
    /// The input does not fit: what the layer wants, and what to do.
    pub fn input(wants: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Input {
            wants: wants.into(),
            hint: hint.into(),
        }
    }

    /// A wrong configuration: what is wrong. [`with_hint`](Self::with_hint) says what would be
    /// right.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration {
            message: message.into(),
            hint: None,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(self, what_to_do: impl Into<String>) -> Self {
        let hint = what_to_do.into();
        match self {
            Self::Input { wants, .. } => Self::Input { wants, hint },
            Self::Configuration { message, .. } => Self::Configuration {
                message,
                hint: Some(hint),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_message_and_after_a_colon_the_hint() {
        let error = Error::data("3 samples came with 2 labels").with_hint("give one a sample");
        assert_eq!(
            error.to_string(),
            "3 samples came with 2 labels: give one a sample"
        );
        assert_eq!(error.message(), "3 samples came with 2 labels");
        assert_eq!(error.hint(), Some("give one a sample"));
        let error = Error::shape(
            &[2, 3],
            &[3, 2],
            "parameter a has shape [2, 3] but is given [3, 2]",
        );
        let Error::Shape { wanted, given, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!((&wanted[..], &given[..]), (&[2, 3][..], &[3, 2][..]));
        let error = Error::callback("no room");
        assert_eq!(
            (error.to_string(), error.message()),
            ("no room".into(), "no room".into())
        );
        assert_eq!(error.hint(), None);
        let error = Error::file(Path::new("a.letra"), "is cut short").with_hint("copy it again");
        assert_eq!(error.message(), "a.letra: is cut short");
    }
}
