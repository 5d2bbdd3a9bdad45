use std::path::PathBuf;

/// Everything that can go wrong in this crate.
///
/// Messages name the layer, tensor or file, say what was found and what was wanted, and
/// what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer does not fit where it stands, or its configuration makes no sense.
    #[error("{0}")]
    Build(String),
    /// A hyper-parameter is out of its range.
    #[error("{0}")]
    Configuration(String),
    /// Tensors, labels or shapes that do not belong together.
    #[error("{0}")]
    Data(String),
    /// A file holds something other than what was expected.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        message: String,
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
    #[error(
        "the loss became {loss} in step {step}; {place}: the learning rate is too high for this network; try a tenth of it"
    )]
    Diverged {
        /// Value of the loss.
        loss: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Which layer's output, gradient or parameter is the first that is not finite.
        place: String,
    },
    /// A gradient or parameter is no longer a number, though the loss still was.
    #[error(
        "{place} after step {step}, whose loss was {loss}: the learning rate is too high for this network; try a tenth of it"
    )]
    NotFinite {
        /// Value of the loss before the step.
        loss: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Which layer's gradient or parameter is the first that is not finite.
        place: String,
    },
    /// A callback failed for a reason of its own.
    #[error("{0}")]
    Callback(String),
}

impl Error {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Error::Io {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn file(path: &std::path::Path, message: impl Into<String>) -> Self {
        Error::File {
            path: path.to_path_buf(),
            message: message.into(),
        }
    }
}

/// Why a layer cannot be built on the inputs it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// The shape of an input does not suit the layer.
    Input {
        /// What the layer wants, such as "a flat input".
        wants: String,
        /// What to do, such as "add Flatten between them".
        hint: String,
    },
    /// The layer's own configuration is wrong, whatever the input.
    Configuration(String),
}

impl BuildError {
    /// The input does not fit: what the layer wants, and what to do.
    pub fn input(wants: impl Into<String>, hint: impl Into<String>) -> Self {
        BuildError::Input {
            wants: wants.into(),
            hint: hint.into(),
        }
    }

    /// A wrong configuration: what is wrong and what would be right.
    pub fn configuration(message: impl Into<String>) -> Self {
        BuildError::Configuration(message.into())
    }
}
