//! Training: fit, its history, and what watches it.

mod callbacks;
mod fit;
mod history;

pub use callbacks::{Callback, Checkpoint, EarlyStopping, Epoch, ProgressBar, Step};
pub use fit::Fit;
pub use history::{EpochLogs, History};
