//! Training: fit, its history, and what watches it.

mod best;
mod callbacks;
mod fit;
mod history;

pub use callbacks::{
    BestWeights, Callback, Checkpoint, CsvLog, EarlyStopping, Epoch, Monitor, ProgressBar, Step,
    TensorBoard, TerminateOnNan,
};
pub use fit::Fit;
pub use history::{EpochLogs, History};
